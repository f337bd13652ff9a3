"""Expressions in the names of a module, for tests that go through many modules."""

import importlib

import numpy as np
import torch
from torch import nn

from llmbook.experiments.meetings_olmo import load_base
from llmbook.experiments.meetings_t5 import load_summarizer
from llmbook.models import gemma


def evaluate(module, expression):
    """An expression in the names of a module of the package; a few other names are there besides."""
    models = {"gemma": gemma, "load_base": load_base, "load_summarizer": load_summarizer}
    helpers = models | {"np": np, "torch": torch, "nn": nn}
    return eval(expression, helpers | vars(importlib.import_module(f"llmbook.{module}")))
