"""The fair fight: what serves chapters/tiny-titans/06-the-fair-fight.ipynb alone."""
