"""What adapters cost: what serves chapters/dora/06-what-it-costs.ipynb alone."""
