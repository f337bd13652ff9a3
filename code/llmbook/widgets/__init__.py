"""Explorers: figures that the reader moves, live in Jupyter and without a kernel on the built page."""

from llmbook.widgets.explorer import Choice, Explorer, Slider, Text, explore

__all__ = ["Choice", "Explorer", "Slider", "Text", "explore"]
