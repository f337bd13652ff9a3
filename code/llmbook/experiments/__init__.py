"""Experiments of the book that are used in more than one place: on a page, in a script, in a test."""
