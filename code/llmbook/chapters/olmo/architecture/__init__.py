"""OLMo's architecture: what serves chapters/olmo/01-architecture.ipynb alone."""
