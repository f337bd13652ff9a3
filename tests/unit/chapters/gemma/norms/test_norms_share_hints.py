"""Wrong predictions of what is left of the first vector fail, and the hint names the thought behind them."""

import math

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.gemma.norms.checks_share import NEAR, measured_share, predicted_share

PREFIX = "gemma-ex-"


def rule(pre=None, both=None, post=None):
    """A prediction whose rules are the right ones where none is given."""
    rules = {"pre": pre, "both": both, "post": post}
    return lambda place, n, s: rules[place](n, s) if rules[place] else predicted_share(place, n, s)


def by_steps(place, steps, size):
    """Follow the size of the stream and that of the first vector's part."""
    left, stream = 1.0, 1.0
    for _ in range(steps):
        stream = math.hypot(stream, size * stream if place == "post" else size if place == "pre" else 1.0)
        if place == "post":
            left, stream = left / stream, 1.0
    return left / stream


def by_experiment(place, steps, size):
    """The reader's own measurement, with other vectors."""
    generator = torch.Generator().manual_seed(7)
    start = x = torch.randn(200, 300, generator=generator)
    rms = lambda v: v / v.square().mean(-1, keepdim=True).sqrt()  # noqa: E731
    for _ in range(steps):
        w = size * torch.randn(300, 300, generator=generator) / 300**0.5
        x = rms(x + x @ w) if place == "post" else x + (rms(x) @ w if place == "pre" else rms(rms(x) @ w))
    return torch.cosine_similarity(start, x).mean()


WRONG = [
    ("share", lambda place, n, s: 1.0, "the share at the start"),
    ("share", rule(pre=lambda n, s: (1 + n * s) ** -0.5), "expected|measured"),
    ("share", rule(pre=lambda n, s: 1 / (1 + n * s)), "their squares do"),
    ("share", rule(both=lambda n, s: 1 / (1 + n)), "their squares do"),
    ("share", rule(post=lambda n, s: (1 + s) ** -n), "their squares do"),
    ("share", rule(post=lambda n, s: (1 + s * s) ** -n), "the square of the share"),
    ("share", rule(post=lambda n, s: (1 + s * s) ** -math.sqrt(n)), "the exponent is the number of steps, halved"),
    ("share", rule(post=lambda n, s: 1 - n * s * s / 2), "each step divides what is left"),
    ("share", lambda place, n, s: 1 / predicted_share(place, n, s), "the size of the stream"),
    ("share", lambda place, n, s: predicted_share(place, n, s) ** 2, "take the root"),
    ("share", lambda place, n, s: predicted_share(place, n, 1.0), "has no effect on your prediction"),
    ("share", lambda place, n, s: predicted_share("pre", n, s), 'in the place "pre"'),
    ("share", rule(post=lambda n, s: (1 + n * s * s) ** -0.5), 'in the place "pre"'),
    ("share", rule(both=lambda n, s: (1 + n * s * s) ** -0.5), 'in the place "pre"'),
    ("share", rule(pre=lambda n, s: (1 + n) ** -0.5), 'in the place "both"'),
    ("share", lambda place, n, s: predicted_share(place, n + 1, s), "your result is 0.707107, expected 1"),
    ("share", lambda place, n, s: predicted_share(place, 2 * n, s), "measured"),
    ("share", lambda place, n, s: round(predicted_share(place, n, s)), "measured"),
    ("share", lambda place, n, s: 0.632, "measured"),
]

RIGHT = [
    ("share", predicted_share),
    ("share", by_steps),
    ("share", by_experiment),
    ("share", lambda where, count, std: np.float32(predicted_share(where, count, std))),
    ("share", lambda place, n, s: torch.tensor(predicted_share(place, n, s))),
]


@pytest.mark.parametrize("place", ["pre", "both", "post"])
def test_the_experiment_is_near_the_theory_and_far_from_no_change(place):
    measured = measured_share(place, 5, 0.8)
    assert abs(measured - predicted_share(place, 5, 0.8)) < NEAR / 2
    assert abs(measured - predicted_share(place, 4, 0.8)) > NEAR


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)

