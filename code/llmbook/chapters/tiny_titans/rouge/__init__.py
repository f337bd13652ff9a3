"""ROUGE: what serves chapters/tiny-titans/02-rouge.ipynb alone."""
