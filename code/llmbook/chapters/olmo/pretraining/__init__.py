"""Pretraining a small OLMo: what serves chapters/olmo/05-pretraining.ipynb alone."""
