"""T5: what serves chapters/tiny-titans/04-t5.ipynb alone."""
