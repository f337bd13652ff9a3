"""The explorer of the front page: one wrong detail in a model: what serves book/index.md alone."""
