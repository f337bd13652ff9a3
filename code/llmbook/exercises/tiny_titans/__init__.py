"""The checks of the Tiny Titans chapter, a module for each group of its pages."""

from llmbook.exercises.tiny_titans import cost, fight, meetings, mislead, rouge, t5, truncation

__all__ = ["cost", "fight", "meetings", "mislead", "rouge", "t5", "truncation"]
