"""Meetings with known facts: their generator, what may be said and how, changes and checks of facts, files of them."""
