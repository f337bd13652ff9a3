"""Checks for the page on AdamW and the schedule: one step, a batch in pieces, a peak for the learning rate."""

import math

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


def expect_accumulated(f, gradients: list[Tensor], counts: list[int], limit: float) -> None:
    """Compare with the mean over all tokens, clipped once."""
    cut = lambda gradient: gradient * min(1.0, limit / max(gradient.norm().item(), 1e-30))  # noqa: E731
    weighted = lambda parts: sum(n * part for n, part in zip(counts, parts, strict=True)) / sum(counts)  # noqa: E731
    whole, plain = weighted(gradients), sum(gradients) / len(gradients)
    clipped = [cut(each) for each in gradients]
    summed = sum(gradients)
    mistakes = [
        (sum(clipped) / len(gradients), "both mistakes are still there"),
        (weighted(clipped), "each piece is clipped by itself: average first, then clip once"),
        (cut(plain), "every piece counts alike: a piece of more tokens counts more"),
        (whole, "it is not clipped at all"),
        (whole * limit / whole.norm(), "a short gradient is made longer: the factor is at most 1"),
        (whole.clamp(-limit, limit), "that clips each number: it changes the direction"),
        (cut(summed), "that is the sum of the pieces: the whole batch has the mean over its tokens"),
        (weighted(gradients) * sum(counts) / len(counts), "divide by the number of tokens, not of pieces"),
        (cut(whole * sum(counts)), "divide by the number of tokens before you clip"),
        (whole * min(1.0, limit / max(whole.square().sum().item(), 1e-30)), "the root is missing from the norm"),
        (cut(whole) / len(gradients), "that divides once more by the number of pieces"),
        (cut(gradients[-1]), "that is the last piece alone: earlier ones are lost"),
    ]
    zero = "" if whole.any() else "a length of 0 must not be divided by"
    expect_tensor(f(gradients, counts, limit), cut(whole), mistakes, otherwise=zero)


@exercise("olmo-ex-accumulate", points=2)
def pieces_of_a_long_gradient(f):
    """Pieces of 7, 2 and 16 tokens, together longer than the limit"""
    expect_accumulated(f, [draw(4, 5) * 3, draw(5, 5) * 0.2, draw(6, 5)], [7, 2, 16], 0.7)


@exercise("olmo-ex-accumulate")
def pieces_of_a_short_gradient(f):
    """One long piece, and together shorter than the limit"""
    expect_accumulated(f, [draw(7, 4) * 4, draw(8, 4) * 0.02], [1, 19], 1.5)


@exercise("olmo-ex-accumulate")
def pieces_of_zeros(f):
    """Gradients of zeros, as those of a frozen layer are"""
    expect_accumulated(f, [torch.zeros(3), torch.zeros(3)], [3, 4], 1.0)


def rates(warmup: int, total: int, *, floor: float = 0.1, late: int = 0, cosine: bool = False) -> list[float]:
    """The rates of all steps as shares of the peak."""
    schedule = Schedule(1.0, total, warmup, floor, "cosine" if cosine else "linear")
    return [schedule(step) for step in range(-late, total - late)]


def left(peak: float, decay: float, shares: list[float]) -> float:
    """What is left of a weight that has no gradient."""
    return math.prod(1 - peak * share * decay for share in shares)


def peak_of(kept: float, decay: float, shares: list[float]) -> float:
    """The peak that leaves so much, by halving an interval."""
    low, high = 0.0, 1 / (decay * max(shares))
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle, decay, shares) > kept else (low, middle)
    return low


def expect_peak(f, kept: float, decay: float, warmup: int, total: int) -> None:
    """Compare with the peak at which the product of all steps is what is to be kept."""
    shares = rates(warmup, total)
    area = sum(shares)
    mistakes = [
        (-math.log(kept) / (decay * area), "e to the minus sum is close, not equal: the factors are 1 - rate x decay"),
        ((1 - kept) / (decay * area), "what is taken does not add up: each step takes its share of what is left"),
        (peak_of(1 - kept, decay, shares), "`kept` is what is left, not what is lost"),
        (peak_of(kept, decay, rates(warmup, total, floor=0.0)), "that falls to zero: it ends at a tenth of the peak"),
        (peak_of(kept, decay, rates(warmup, total, cosine=True)), "that is a cosine: the rate falls in a line"),
        (peak_of(kept, decay, rates(warmup, total, late=1)), "steps count from 1: the first has peak / warmup"),
        (peak_of(kept, decay, rates(warmup, total)[warmup:]), "the steps of the warm-up shrink the weight too"),
        (peak_of(kept, decay, [1.0] * total), "the rate is not at its peak all the time"),
        (peak_of(kept, decay, [1.0] * warmup + shares[warmup:]), "the rate warms up first, in a straight line"),
        (peak_of(kept, decay, [*shares[:warmup], 1.0, *shares[warmup:-1]]), "the rate falls from step warmup + 1 on"),
        (peak_of(kept, decay, shares[:-1]), "the last step is missing: steps run from 1 to total"),
        (peak_of(kept, 1.0, shares), "that leaves the decay out: a step multiplies by 1 - rate x decay"),
        (peak_of(kept, decay, rates(0, total)), "that has no warm-up"),
        (area * peak_of(kept, decay, shares) / total, "that is the mean rate: return the peak"),
    ]  # fmt: skip
    expect_number(f(kept, decay, warmup, total), peak_of(kept, decay, shares), mistakes, rtol=1e-4)


@exercise("olmo-ex-choose-peak")
def peak_of_a_short_run(f):
    """Half of a weight left after 20 steps"""
    expect_peak(f, 0.5, 0.1, 3, 20)


@exercise("olmo-ex-choose-peak", points=2)
def peak_of_a_longer_run(f):
    """A fifth left after 40 steps, nine tenths after 300"""
    expect_peak(f, 0.2, 0.5, 5, 40)
    expect_peak(f, 0.9, 0.02, 30, 300)
