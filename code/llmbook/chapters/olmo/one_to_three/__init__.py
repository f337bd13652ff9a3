"""OLMo 1, 2 and 3 as a diff: what serves chapters/olmo/08-olmo-1-to-3.ipynb alone."""
