"""Low rank: what serves chapters/dora/01-low-rank.ipynb alone."""
