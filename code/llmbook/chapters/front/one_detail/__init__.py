"""One wrong detail in a model, the explorer of the front page: what serves book/index.md alone."""
