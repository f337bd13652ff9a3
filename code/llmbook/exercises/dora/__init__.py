"""The checks of the DoRA chapter, a module for each group of its pages."""

from llmbook.exercises.dora import decomposition, lora, low_rank, practice

__all__ = ["decomposition", "lora", "low_rank", "practice"]
