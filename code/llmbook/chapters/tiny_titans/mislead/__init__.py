"""Where ROUGE misleads: what serves chapters/tiny-titans/03-where-rouge-misleads.ipynb alone."""
