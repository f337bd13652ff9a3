"""What "7B" counts: what serves chapters/gemma/01-what-7b-counts.ipynb alone."""
