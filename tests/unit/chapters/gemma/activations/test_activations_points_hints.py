"""Lists of inputs that miss a fault fail, and the hint says which."""

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"


def given(*points):
    """An answer with these inputs."""
    return lambda: list(points)


WRONG = [
    ("telling-points", given(1, -1, 50), "calls the exact GELU"),
    ("telling-points", given(2, -2, 50), "calls the exact GELU"),
    ("telling-points", given(12.5), "calls the exact GELU"),
    ("telling-points", given(0), "less than 0.0005"),
    ("telling-points", given(1e-3, -1e-3, 30), "less than 0.0005"),
    ("telling-points", given(2.7, 2.5, 20), "ask at a negative number"),
    ("telling-points", given(-2.7, -2.5, 20), "ask at a positive number"),
    ("telling-points", given(2.7, -2.7), "ask at a large number"),
    ("telling-points", given(2.7, -2.7, 7), "an exponential overflows"),
    ("telling-points", given(2.7, -2.7, -40), "ask at a large number"),
    ("telling-points", given(2.7, -20, 20), "ask at a negative number"),
    ("telling-points", given(100, -100), "calls the exact GELU"),
    ("telling-points", given(2.7, -2.7, 20, 1), "has 4 inputs"),
    ("telling-points", given(), "has 0 inputs"),
    ("telling-points", given(2.7, -2.7, float("inf")), "not finite"),
    ("telling-points", given(2.7, -2.7, 1e60), "not finite"),
    ("telling-points", given("2.7", "-2.7", "20"), "your list is a list; expected a tensor"),
    ("telling-points", lambda: torch.linspace(-4, 4, 161), "has 161 inputs"),
    ("telling-points", lambda: 2.7, "ask at a negative number"),
]

RIGHT = [
    ("telling-points", given(2.7, -2.7, 20)),
    ("telling-points", lambda: (1.0, -2.4, 1e4)),
    ("telling-points", lambda: np.array([-3.0, 3.0, 12.0], dtype=np.float32)),
    ("telling-points", lambda: torch.tensor([1e30, 0.5, -2.9], dtype=torch.float64)),
    ("telling-points", given(20, torch.tensor(2.7), np.float64(-1.0))),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)

