"""The checks of the OLMo chapter, a module for each group of its pages."""

from llmbook.exercises.olmo import architecture, comparison, evidence, optimizer

__all__ = ["architecture", "comparison", "evidence", "optimizer"]
