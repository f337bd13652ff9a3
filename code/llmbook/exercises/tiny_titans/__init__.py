"""The checks of the Tiny Titans chapter, a module for each group of its pages."""

from llmbook.exercises.tiny_titans import rouge

__all__ = ["rouge"]
