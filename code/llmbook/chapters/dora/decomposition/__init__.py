"""DoRA from scratch, and tested: what serves chapters/dora/03-dora.ipynb and chapters/dora/04-dora-tested.ipynb."""
