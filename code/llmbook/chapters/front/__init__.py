"""The opening pages of the book, a room for each topic."""
