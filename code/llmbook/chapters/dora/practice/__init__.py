"""Adapters in practice: what serves chapters/dora/07-in-practice.ipynb alone."""
