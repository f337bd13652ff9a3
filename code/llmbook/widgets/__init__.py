"""What the explorers of the pages are made of: figures that move, live in Jupyter and on the built page."""

from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, Text, explore
from llmbook.widgets.table import Table

__all__ = ["Choice", "Explorer", "Prediction", "Slider", "Table", "Text", "explore"]
