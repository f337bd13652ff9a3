"""Gemma assembled: what serves chapters/gemma/06-gemma-assembled.ipynb alone."""
