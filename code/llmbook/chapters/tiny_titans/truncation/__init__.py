"""Truncation: what serves chapters/tiny-titans/07-truncation.ipynb alone."""
