"""Figures of the book: functions from arrays to a matplotlib figure, in one style (``style.py``)."""
