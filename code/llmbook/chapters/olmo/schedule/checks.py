"""Checks for the page on AdamW and the schedule: one step, clipping, the learning rate."""

import torch
from torch import Tensor

from llmbook.exercises.compare import draw, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.training.schedule import Schedule

BETA_1, BETA_2, EPS = 0.9, 0.95, 1e-5


def moved(
    weight: Tensor, first: Tensor, second: Tensor, rate: float, one: float, two: float, eps: float = EPS
) -> Tensor:
    """The weight after Adam's step, with moments divided by ``one`` and ``two``."""
    return weight - rate * (first / one) / ((second / two).sqrt() + eps)


def expect_step(f, step: int, decay: float) -> None:
    """Compare moments, then the weight."""
    scale = torch.tensor([1e-2, 1.0, 30.0])[:, None]
    weight, gradient = draw(0, 3, 4), draw(1, 3, 4) * scale
    old = (0 if step == 1 else 1) * scale
    first, second, rate = 0.3 * draw(2, 3, 4) * old, (0.2 + draw(3, 3, 4).square()) * old**2, 0.1
    result = f(weight, gradient, first, second, step, rate, decay)
    got, got_first, got_second = expect_items(result, 3, "the weight and the two moments")
    new_first, new_second = BETA_1 * first + (1 - BETA_1) * gradient, BETA_2 * second + (1 - BETA_2) * gradient**2
    penalty = gradient + decay * weight
    mixed = [
        (BETA_1 * first + (1 - BETA_1) * penalty, "the decay is in the gradient, which is L2: AdamW decays the weight"),
        (BETA_1 * first + gradient, "the new gradient counts with 1 - beta_1"),
        ((1 - BETA_1) * first + BETA_1 * gradient, "beta_1 and 1 - beta_1 are exchanged: most of the old is kept"),
        (new_first / (1 - BETA_1**step), "that is already corrected: give back the moment as it is stored"),
    ]
    expect_tensor(got_first, new_first, mixed, name="the first moment")
    squares = [
        (BETA_2 * second + (1 - BETA_2) * gradient, "the second moment averages squares of the gradient"),
        (new_second / (1 - BETA_2**step), "that is already corrected: give back the moment as it is stored"),
    ]
    expect_tensor(got_second, new_second, squares, name="the second moment")
    expect_weight(got, weight, new_first, new_second, step, rate, decay)


def expect_weight(
    got: object, weight: Tensor, first: Tensor, second: Tensor, step: int, rate: float, decay: float
) -> None:
    """Compare the new weight with the usual slips."""
    one, two, shrunk = 1 - BETA_1**step, 1 - BETA_2**step, weight * (1 - rate * decay)
    right = moved(shrunk, first, second, rate, one, two)
    plain = moved(weight, first, second, rate, one, two)
    early = "you correct with step - 1" if step > 1 else "the correction is missing"
    before = max(step - 1, 1)
    mistakes = [
        (moved(shrunk, first, second, rate, 1, 1), "both bias corrections are missing: divide by 1 - beta^step"),
        (moved(shrunk, first, second, rate, one, 1), "the second moment is not corrected: divide by 1 - beta_2^step"),
        (moved(shrunk, first, second, rate, 1, two), "the first moment is not corrected: divide by 1 - beta_1^step"),
        (plain, "the weight does not decay"),
        (moved(weight * (1 - decay), first, second, rate, one, two), "the decay is multiplied by the learning rate"),
        (plain * (1 - rate * decay), "the decay belongs to the old weight: you shrink the step as well"),
        (moved(weight * (1 + rate * decay), first, second, rate, one, two), "the decay has the wrong sign"),
        (2 * shrunk - right, "the step goes uphill: subtract it"),
        (moved(shrunk, first, second, rate, 1 - BETA_1**before, 1 - BETA_2**before), f"{early}: steps count from 1"),
        (shrunk - rate * (first / one) / (second / two + EPS), "take the root of the second moment"),
        (moved(shrunk, first, second, rate, one, two, 1e-8), "eps is missing, or PyTorch's 1e-8: OLMo's is 1e-5"),
        (shrunk - rate * (first / one) / (second / two + EPS).sqrt(), "eps is under the root: add it to the root"),
        (moved(shrunk, first, second, rate, one, two, EPS / two**0.5), "eps is added before the correction: correct v"),
    ]
    expect_tensor(got, right, mistakes, name="the weight")


@exercise("olmo-ex-adamw")
def first_step(f):
    """The first step, from moments of zero"""
    expect_step(f, 1, 0.1)


@exercise("olmo-ex-adamw", points=2)
def later_step(f):
    """Step 7, with moments, and gradients of very different sizes"""
    expect_step(f, 7, 0.5)


def expect_clipped(f, gradients: list[Tensor], limit: float) -> None:
    """Compare each tensor with one common factor."""
    norms = torch.stack([gradient.norm() for gradient in gradients])
    whole = norms.norm()
    factor = min(1.0, limit / whole.item())
    names = [f"tensor {number}" for number in range(len(gradients))]
    got = expect_items(f(gradients, limit), len(gradients), "the tensors in their order")
    for value, gradient, norm, name in zip(got, gradients, norms, names, strict=True):
        mistakes = [
            (gradient, "it is not clipped: all tensors together are too long"),
            (gradient * (limit / whole), "short gradients are made longer: the factor is at most 1"),
            (gradient * min(1.0, limit / norm.item()), "each tensor has a limit of its own: take one norm over all"),
            (gradient.clamp(-limit, limit), "that clips each number: it changes the direction"),
            (gradient * (limit / whole**2), "the root is missing from the norm"),
            (gradient * (limit / norms.sum()), "norms do not add: add their squares and take the root"),
            (gradient / whole, "that makes the length 1, not the limit"),
        ]
        expect_tensor(value, gradient * factor, mistakes, name=name)


@exercise("olmo-ex-clip")
def clip_long_gradients(f):
    """Longer than the limit, though one of the tensors is not"""
    expect_clipped(f, [draw(4, 3, 2) * 3, draw(5, 4) * 0.1, draw(6, 2, 2)], 1.0)
    expect_clipped(f, [draw(4, 3, 2) * 3, draw(5, 4) * 0.1, draw(6, 2, 2)], 2.5)


@exercise("olmo-ex-clip")
def clip_short_gradients(f):
    """Shorter than the limit"""
    expect_clipped(f, [draw(7, 3, 2) * 0.01, draw(8, 4) * 0.02], 1.0)


def expect_rate(f, t: int, peak: float, warmup: int, total: int) -> None:
    """Compare the rate of one step with the book's schedule."""
    floor = peak / 10
    right = Schedule(peak, total, warmup, floor)(t - 1)
    line = lambda progress, end: peak + (end - peak) * progress  # noqa: E731
    share = (t - warmup) / (total - warmup)
    mistakes = [(peak * t / warmup, "warm-up has ended: from here on the rate falls")] if t > warmup else [
        ((t - 1) * peak / warmup, "steps count from 1 here: the first one has peak / warmup"),
        (floor + (peak - floor) * t / warmup, "that starts at a tenth: this warm-up starts from zero"),
        (peak, "the rate warms up first, in a straight line"),
    ]  # fmt: skip
    if t > warmup:
        mistakes += [
            (line(share, floor), "after the last step the rate stays at its floor: do not go on falling"),
            (line(share, 0.0), "that falls to zero: it ends at a tenth of the peak"),
            (line(t / total, floor), "the decay begins when the warm-up ends: count its steps from there"),
            (line((t - warmup) / total, floor), "the decay has total - warmup steps, not total"),
            (
                line((t - 1 - warmup) / (total - warmup), floor),
                "the decay begins a step late: step warmup + 1 is below the peak",
            ),
            (Schedule(peak, total, warmup, floor, "cosine")(t - 1), "that is a cosine: OLMo's paper has a line"),
            (0.0, "the rate stays at a tenth of the peak"),
            (peak, "the rate stays at its peak: it must fall"),
        ]
    expect_number(f(t, peak, warmup, total), right, mistakes, rtol=1e-6)


@exercise("olmo-ex-clip")
def clip_nothing(f):
    """Gradients of zeros, as those of a frozen layer are"""
    zeros = [torch.zeros(3), torch.zeros(2, 2)]
    for value, expected in zip(expect_items(f(zeros, 1.0), 2, "the tensors in their order"), zeros, strict=True):
        expect_tensor(value, expected, otherwise="a length of 0 must not be divided by")


@exercise("olmo-ex-schedule")
def rate_in_the_warmup(f):
    """Steps 1, 2,500 and 5,000 of OLMo 7B"""
    for t in (1, 2500, 5000):
        expect_rate(f, t, 3e-4, 5000, 452_000)


@exercise("olmo-ex-schedule")
def rate_in_the_decay(f):
    """The decay, and after its end"""
    for t in (37, 11, 80, 100, 101, 150):
        expect_rate(f, t, 0.02, 10, 100)
