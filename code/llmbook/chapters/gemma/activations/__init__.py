"""Activation functions: what serves chapters/gemma/02-activations.ipynb alone."""
