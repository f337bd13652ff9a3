"""A check of the page on norms: predict how much of the first vector is left in the stream, then measure it."""

from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.exercises.compare import Mistake, as_number, draw, expect_number
from llmbook.exercises.registry import exercise
from llmbook.layers.norm import rms_norm

WIDTH, VECTORS, NEAR = 512, 256, 0.02
"""The size of the experiment, and how far a prediction may be off: chance moves a measured cosine by about 0.003."""


def step(x: Tensor, weight: Tensor, place: str) -> Tensor:
    """One residual step with its norm in one of three places."""
    rms = lambda value: rms_norm(value, eps=1e-6)  # noqa: E731
    if place == "post":
        return rms(x + x @ weight.T)
    update = rms(x) @ weight.T
    return x + (update if place == "pre" else rms(update))


def measured_share(place: str, steps: int, size: float) -> float:
    """The mean cosine of the stream with what it began with, over random vectors and random matrices."""
    start = x = rms_norm(draw(0, VECTORS, WIDTH), eps=1e-6)
    for number in range(steps):
        x = step(x, size * draw(number + 1, WIDTH, WIDTH) / WIDTH**0.5, place)
    return torch.cosine_similarity(start, x).mean().item()


def predicted_share(place: str, steps: int, size: float) -> float:
    """The same for an endless width, where no update is like another."""
    if place == "post":
        return (1 + size**2) ** (-steps / 2)
    return (1 + steps * (size**2 if place == "pre" else 1.0)) ** -0.5


def share_mistakes(place: str, steps: int, size: float) -> list:
    """Wrong predictions, each with the thought behind it."""
    squared = size**2
    others = [each for each in ("pre", "post", "both") if each != place]
    more = {
        "pre": [(1 / (1 + steps * size), "sizes of unrelated vectors do not add up: their squares do")],
        "both": [(1 / (1 + steps), "sizes of unrelated vectors do not add up: their squares do")],
        "post": [(1 / (1 + squared) ** steps, "that is the square of the share: each step divides by a root"),
                 (1 / (1 + size) ** steps, "sizes of unrelated vectors do not add up: their squares do"),
                 (1 / (1 + squared) ** steps**0.5, "the steps multiply: the exponent is the number of steps, halved"),
                 (1 - steps * squared / 2, "that subtracts the same in every step: each step divides what is left")],
    }  # fmt: skip
    growth = 1 / predicted_share(place, steps, size)
    return [
        *more[place],
        *((predicted_share(each, steps, size), f'that would be the share with the norm in the place "{each}"')
          for each in others),
        (1.0, "that is the share at the start: the updates are added to it"),
        (growth, "that is the size of the stream, not the share of the first vector in it"),
        (predicted_share(place, steps, size) ** 2, "that is the share of the mean square: take the root"),
        (predicted_share(place, steps, 1.0), "`size` has no effect on your prediction, and should have"),
    ]  # fmt: skip


def expect_share(f: Callable, place: str, steps: int, size: float) -> None:
    """Compare a prediction with what is measured, knowing the usual wrong ones."""
    got, measured = as_number(f(place, steps, size)), measured_share(place, steps, size)
    if abs(got - measured) <= NEAR:
        return
    for wrong, hint in share_mistakes(place, steps, size):
        if abs(got - wrong) <= 1e-3 * max(1.0, abs(wrong)) and abs(wrong - measured) > NEAR:
            raise Mistake(f"predicted {got:.3f}, measured {measured:.3f}: {hint}")
    told = f'"{place}", {steps} steps of size {size:g}'
    raise Mistake(f"{told}: predicted {got:.3f}, measured {measured:.3f}")


@exercise("gemma-ex-share")
def share_before_the_norm(f):
    """"pre": steps of two sizes"""
    expect_share(f, "pre", 6, 0.5)
    expect_share(f, "pre", 16, 1.5)


@exercise("gemma-ex-share")
def share_on_both_sides(f):
    """"both": two depths, and matrices of another size"""
    expect_share(f, "both", 8, 0.5)
    expect_share(f, "both", 3, 2.0)


@exercise("gemma-ex-share")
def share_after_the_norm(f):
    """"post": steps of two sizes"""
    expect_share(f, "post", 6, 0.5)
    expect_share(f, "post", 3, 1.5)


@exercise("gemma-ex-share")
def share_of_no_step(f):
    """No step at all: the first vector is all there is"""
    for place in ("pre", "post", "both"):
        expect_number(f(place, 0, 1.0), 1.0, rtol=1e-6)
