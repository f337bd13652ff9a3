"""What it costs to run: what serves chapters/tiny-titans/08-what-it-costs-to-run.ipynb alone."""
