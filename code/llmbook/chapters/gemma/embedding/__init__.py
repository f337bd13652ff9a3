"""The scaled, tied embedding: what serves chapters/gemma/05-scaled-embedding.ipynb alone."""
