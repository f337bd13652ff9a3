"""RMSNorm, and where norms stand: what serves chapters/gemma/04-norms.ipynb alone."""
