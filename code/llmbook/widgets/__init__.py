"""Explorers: figures that the reader moves, live in Jupyter and without a kernel on the built page."""

from llmbook.widgets.explorer import Choice, Explorer, Slider, explore

__all__ = ["Choice", "Explorer", "Slider", "explore"]
