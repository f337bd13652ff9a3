"""Wrong answers to the exercise on OLMo 1 to 3 fail, and the hint names the misconception behind them."""

import math

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def solved(updates=2, power=2, before=1, gain_power=2, start_power=2, whole=math.ceil):
    """The layers by the formula, with its parts open."""
    return lambda start, gain, factor: whole(
        (factor**power - before) * start**start_power / (updates * gain**gain_power)
    )


WRONG = [
    ("stream-depth", solved(updates=1), "two sublayers"),
    ("stream-depth", solved(power=1, start_power=1, gain_power=1), "their squares do"),
    ("stream-depth", solved(power=1), "its square by factor squared"),
    ("stream-depth", solved(gain_power=1), "adds its square"),
    ("stream-depth", solved(before=0), "in the stream from the start"),
    ("stream-depth", solved(start_power=0), "the larger the embedding"),
    ("stream-depth", solved(start_power=1), "square it"),
    ("stream-depth", lambda *given: 2 * solved()(*given), "those are sublayers"),
    ("stream-depth", solved(whole=math.floor), "round up"),
    ("stream-depth", lambda *given: solved()(*given) + 1, "one layer less is enough"),
    ("stream-depth", solved(whole=round), "round up"),
    ("stream-depth", solved(whole=float), "your result is"),
    ("stream-depth", lambda start, gain, factor: 13, "your result is 13"),
    ("stream-depth", lambda start, gain, factor: math.ceil(math.log(factor, 1 + 2 * gain)), "your result is"),
    ("stream-depth", lambda start, gain, factor: math.ceil(((factor - 1) * start / gain) ** 2 / 2), "your result is"),
]


def by_walking(start, gain, factor):
    square, layers = start**2, 0
    while math.sqrt(square) < factor * start:
        square += gain**2
        square += gain**2
        layers += 1
    return layers


def by_table(size, update, times):
    sizes = np.sqrt(size**2 + 2 * np.arange(1000) * update**2)
    return np.argmax(sizes >= times * size)


def by_vectors(start, gain, factor):
    stream, layers = torch.tensor([start]), 0  # each update has an axis of its own: a right angle to all others
    while stream.norm() < factor * start:
        stream, layers = torch.cat((stream, torch.tensor([gain, gain]))), layers + 1
    return torch.tensor(layers)


RIGHT = [("stream-depth", answer) for answer in (solved(), by_walking, by_table, by_vectors)]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
