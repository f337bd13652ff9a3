"""What open buys: what serves chapters/olmo/06-what-open-buys.ipynb alone."""
