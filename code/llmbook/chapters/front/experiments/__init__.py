"""How to read an experiment: what serves book/how-to-read-an-experiment.ipynb alone."""
