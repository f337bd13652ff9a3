"""Lists of cases that overlook a faulty layer fail, and the hint names the fault."""

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.dora.decomposition.checks_cases import COMMON, RARE, cases_of, told_apart

PREFIX = "dora-ex-"


def case(outputs=4, inputs=4, rank=2, s=0.5, zero_row=True, negative=True, seed=0, **changed):
    """A case in which every fault shows, and what is changed in it."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    parts = {"x": draw(3, inputs), "weight": draw(outputs, inputs), "bias": draw(outputs), "A": draw(rank, inputs),
             "B": draw(outputs, rank), "magnitude": 1 + draw(outputs).abs()}  # fmt: skip
    if zero_row:
        parts["weight"][1], parts["B"][1] = 0, 0
    if negative:
        parts["magnitude"][0] *= -1
    parts |= {name: change(parts) if callable(change) else change for name, change in changed.items()}
    return [*parts.values(), s]


def at_the_start(parts):
    return parts["weight"].norm(dim=1)


def of_length_one(parts):
    """Magnitudes that are the norms, so that the factor is 1."""
    return (parts["weight"] + 0.5 * parts["B"] @ parts["A"]).norm(dim=1)


def zeros(name):
    return lambda parts: 0 * parts[name]


WRONG = [
    ("cases", list, "a list of one to 3"),
    ("cases", lambda: [case(seed=seed) for seed in range(4)], "a list of one to 3"),
    ("cases", lambda: case(), "a list of one to 3"),
    ("cases", lambda: [case(B=zeros("B"), magnitude=at_the_start, zero_row=False)], "B is zero in all"),
    ("cases", lambda: [case(s=1.0)], "leaves out the scale"),
    ("cases", lambda: [case(bias=zeros("bias"))], "the bias by the factor"),
    ("cases", lambda: [case(magnitude=of_length_one)], "LoRA, whose factor is 1"),
    ("cases", lambda: [case(x=zeros("x"))], "norm of the columns"),
    ("cases", lambda: [case(rank=1)], "first row of A alone"),
    ("cases", lambda: [case(zero_row=False)], "zero by zero"),
    ("cases", lambda: [case(negative=False)], "negative magnitude"),
    ("cases", lambda: [case(inputs=1, outputs=3)], "absolute values in place of squares"),
    ("cases", lambda: [case(A=zeros("A"))], "divides by the norm of W"),
    ("cases", lambda: [case()[:-1]], "x, weight, bias, A, B, magnitude and s"),
    ("cases", lambda: [case(B=lambda parts: parts["B"].T)], "B of case 1 has shape"),
    ("cases", lambda: [case(bias=lambda parts: parts["bias"][None])], "bias and magnitude have one"),
    ("cases", lambda: [case(x=lambda parts: parts["x"] * float("nan"))], "no finite output"),
    ("cases", lambda: [case(), case(weight=lambda parts: parts["weight"] / 0)], "no finite output"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def in_lists():
    """A case of small whole numbers, written by hand."""
    return [([[1, 1]], [[3, 4], [0, 0]], [1, -1], [[1, 4], [1, -1]], [[2, 1], [0, 0]], [-26, 7], 2)]


def one_for_each():
    """A usual case, one with a row of zeros, one with a magnitude below zero."""
    return (case(outputs=5, inputs=3, zero_row=False, negative=False), case(seed=1, negative=False),
            case(seed=2, zero_row=False))  # fmt: skip


RIGHT = [
    ("cases", lambda: [case()]),
    ("cases", in_lists),
    ("cases", one_for_each),
    ("cases", lambda: [[np.asarray(part, dtype="float32") for part in case(seed=3)]]),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


@pytest.mark.parametrize("seed", range(10))
def test_a_case_that_was_drawn_shows_every_fault(seed):
    (read,) = cases_of(lambda: [case(seed=seed)])
    assert all(told_apart(layer, read) for layer in (COMMON | RARE).values())
