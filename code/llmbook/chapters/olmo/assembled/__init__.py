"""OLMo assembled: what serves chapters/olmo/07-olmo-assembled.ipynb alone."""
