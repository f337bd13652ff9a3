"""Does DoRA help?: what serves chapters/dora/05-does-it-help.ipynb alone."""
