"""The question of the chapter: what serves chapters/tiny-titans/01-the-question.ipynb alone."""
