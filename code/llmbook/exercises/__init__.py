"""The machinery of exercises that check themselves, with hints that name the misconception.

A check is a plain function of one argument, marked by ``@exercise(name)``; each page has its own, in the module
``checks`` of its room, and ``llmbook.chapters`` knows them all.
"""

from llmbook.exercises.checking import STRICT, CheckFailed
from llmbook.exercises.registry import Check, Exercises, collect, exercise

__all__ = ["STRICT", "Check", "CheckFailed", "Exercises", "collect", "exercise"]
