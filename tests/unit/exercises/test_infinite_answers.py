"""Infinite, huge and NaN answers: none passes for a finite one, and each gets a message of its own."""

import math

import numpy as np
import pytest
import torch

from llmbook.exercises import compare
from llmbook.exercises.compare import Mistake, expect_number, expect_tensor

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("got, expected, message", [
    (INF, 5, "your result is inf, expected 5"), (-INF, 5.0, "your result is -inf, expected 5"),
    (np.float32("inf"), 5, "your result is inf, expected 5"), (torch.tensor(-INF), 5, "your result is -inf"),
    (5, INF, "your result is 5, expected inf"), (-INF, INF, "your result is -inf, expected inf"),
    (INF, 0, "your result is inf, expected 0"), (NAN, INF, "nan, which is what 0 / 0"), (NAN, 5, "nan, which is"),
    (10**400, 5, "a whole number of more than 308 digits"), (1e308, 1e-308, r"your result is 1.*, expected 1e-308$"),
    (2**53 + 1, 2**53, "your result is 9,007,199,254,740,993, expected 9,007,199,254,740,992"),
])  # fmt: skip
@pytest.mark.parametrize("rtol", [0.0, 0.1])
def test_a_number_that_is_not_right(got, expected, message, rtol):
    if rtol and got == 2**53 + 1:
        return  # nearly right is right there
    with pytest.raises(Mistake, match=message):
        expect_number(got, expected, rtol=rtol)


def test_infinite_numbers_that_are_right_or_known():
    expect_number(INF, INF)
    expect_number(torch.tensor(-INF), -INF, rtol=0.1)
    for rtol in (0.0, 0.1):
        with pytest.raises(Mistake, match="your result is inf: a known one"):
            expect_number(INF, 5, [(7, "another"), (-INF, "another"), (INF, "a known one")], rtol=rtol)


def test_the_largest_difference_allowed_is_allowed():
    expect_number(9.0, 8.0, rtol=0.125)
    with pytest.raises(Mistake):
        expect_number(9.0 + 1e-9, 8.0, rtol=0.125)


MASK = torch.tensor([[0.0, -INF], [1.0, 2.0]])


@pytest.mark.parametrize("exact", [True, False])
def test_a_right_tensor_with_infinities_is_right(exact):
    expect_tensor(MASK.clone(), MASK, exact=exact)
    expect_tensor(torch.full((2,), INF), torch.full((2,), INF), exact=exact)
    for wrong, message in (
        (MASK.nan_to_num(neginf=-9.0), r"is -9 at position \[0, 1\], expected -inf"),
        (-MASK, r"is inf at position \[0, 1\], expected -inf"),
        (torch.tensor([[0.0, -INF], [1.0, 3.0]]), r"is 3 at position \[1, 1\], expected 2"),
        (torch.tensor([[0.0, -INF], [INF, 2.0]]), r"is inf at position \[1, 0\], expected 1"),
        (torch.tensor([[NAN, -INF], [1.0, 2.0]]), "contains nan"),
    ):
        with pytest.raises(Mistake, match=message):
            expect_tensor(wrong, MASK, exact=exact)


def test_differences_of_infinities_would_refuse_the_right_answer(monkeypatch):
    """The twin: plain differences, as before."""
    monkeypatch.setattr(compare, "_gaps", lambda value, other: (value - other).abs())
    with pytest.raises(Mistake, match="contains nan"):
        expect_tensor(MASK.clone(), MASK)


def test_the_allowed_difference_of_a_tensor():
    right = torch.tensor([0.0, 1024.0], dtype=torch.float64)
    step = torch.tensor([1.0, 0.0], dtype=torch.float64) * 1e-5 * 1024
    expect_tensor(right + step, right)
    with pytest.raises(Mistake):
        expect_tensor(right + step * 1.001, right)
