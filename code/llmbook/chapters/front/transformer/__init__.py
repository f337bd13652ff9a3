"""A transformer on one sentence, by hand: what serves book/a-transformer-in-twenty-minutes.ipynb alone."""
