"""OLMo beside its peers: what serves chapters/olmo/03-comparison.ipynb alone."""
