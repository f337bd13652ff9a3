"""The checks of the Gemma chapter, a module for each group of its pages."""

from llmbook.exercises.gemma import activations, assembled, counting, embedding, feedforward, norms

__all__ = ["activations", "assembled", "counting", "embedding", "feedforward", "norms"]
