"""Positions and vocabulary: what serves chapters/olmo/02-positions-and-vocabulary.ipynb alone."""
