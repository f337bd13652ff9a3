"""Two small exercises with hidden checks, notebooks with answers, and whether this machine has a sandbox."""

import json
import os
import sys

import pytest
import torch

from llmbook.classroom.sandbox import Limits, NoSandboxError, check_sandbox
from llmbook.classroom.submission import Task
from llmbook.exercises import Check
from llmbook.exercises.compare import draw, expect_number, expect_tensor


def sandbox_missing():
    """Why there is no sandbox on this machine; empty if there is one."""
    try:
        check_sandbox()
    except NoSandboxError as error:
        return str(error)
    return ""


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the grader needs Linux")
needs_sandbox = pytest.mark.skipif(
    sys.platform != "linux" or bool(sandbox_missing() and not os.environ.get("CI")),
    reason="no sandbox: `sudo apt-get install bubblewrap` on Linux brings the tests of the grader to life",
)
SMALL = Limits(cells=5.0, call=1.0, total=20.0, patience=4.0, memory=3 * 2**29, folder=2**22, file=2**21, processes=20)
RIGHT = """
import math
def softmax(x):
    e = [math.exp(each - max(x)) for each in x]
    return [each / sum(e) for each in e]
"""
DOUBLE = "def double(x):\n    return 2 * x"
WRONG = "def softmax(x):\n    return x"


def small(f):
    """Three numbers"""
    x = torch.tensor([1.0, 2.0, 3.0])
    expect_tensor(f(x.tolist()), x.softmax(0), [(x.exp(), "divide by the sum of the exponentials")])


def large(f):
    """Numbers whose exponential overflows"""
    x = torch.tensor([1000.0, 0.0])
    expect_tensor(f(x.tolist()), x.softmax(0), otherwise="subtract the largest first")


def hidden(f):
    """Random numbers"""
    for seed in (314159, 271828):
        x = draw(seed, 7)
        expect_tensor(f(x.tolist()), x.softmax(0), otherwise="a secret hint")


def twice(f):
    """Seven"""
    expect_number(f(7), 14)


TASKS = [
    Task("t-ex-softmax", "softmax", (Check("Three numbers", small, 1), Check("Large numbers", large, 1)),
         (Check("Random numbers", hidden, 2),)),
    Task("t-ex-double", "double", (Check("Seven", twice, 1),)),
]  # fmt: skip


def write_notebook(path, *cells):
    """A notebook file with these code cells."""
    made = [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": []} for cell in cells]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def softmax(body, before=""):
    """A cell that defines softmax."""
    right = RIGHT.replace("softmax", "right")
    return f"import os, sys\n{right}\n{before}\ndef softmax(x):\n    " + body.replace("\n", "\n    ")
