"""The checks of the Tiny Titans chapter, a module for each group of its pages."""

from llmbook.exercises.tiny_titans import cost, meetings, mislead, rouge, t5

__all__ = ["cost", "meetings", "mislead", "rouge", "t5"]
