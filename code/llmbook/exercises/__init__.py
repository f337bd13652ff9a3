"""Exercises that check themselves, with hints that name the misconception.

``check("gemma-ex-kv-cache", my_function)`` calls the function on a few inputs and shows a report. The checks are
plain functions of one argument, registered by ``@exercise(name)``; each chapter has a module of them here.
"""

from llmbook.exercises import dora, gemma, olmo, tiny_titans
from llmbook.exercises.checking import STRICT, CheckFailed, check, evaluate
from llmbook.exercises.registry import REGISTRY, exercise

__all__ = ["REGISTRY", "STRICT", "CheckFailed", "check", "dora", "evaluate", "exercise", "gemma", "olmo", "tiny_titans"]
