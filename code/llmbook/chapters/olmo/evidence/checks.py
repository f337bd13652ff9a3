"""Checks for the pages on pretraining, on evidence and on the whole model: packing, spikes, sign test, padded rows."""

import math
from collections.abc import Callable
from functools import partial
from statistics import mean, median, median_high, median_low, pstdev, stdev

import torch
from torch import Tensor

from llmbook.exercises.compare import as_tensor, draw, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.experiments.results import read_result


def cut(stream: list[int], size: int) -> Tensor:
    """Whole rows of a list of ids."""
    rows = len(stream) // size
    return torch.tensor(stream[: rows * size], dtype=torch.long).reshape(rows, size)


def joined(documents: list[list[int]], before: list[int], after: list[int]) -> list[int]:
    """All documents in one list."""
    return [token for document in documents for token in (*before, *document, *after)]


def expect_packed(f, documents: list[list[int]], end: int, length: int) -> None:
    """Compare with the rows that the book's packing gives."""
    stream, size = joined(documents, [], [end]), length + 1
    padded = stream + [end] * (-len(stream) % size)
    single = [row for document in documents for row in cut([*document, end], size).tolist()]
    mistakes = [
        (cut(stream[:-1], size), "an end token is missing: it follows the last document too"),
        (cut(joined(documents, [], []), size), "the end tokens are missing: one after each document"),
        (cut(joined(documents, [end], []), size), "the end token stands before each document: put it after"),
        (cut(stream, length), "the rows are too short: the model reads `length` tokens and predicts one more"),
        (cut(padded, size), "the last row is filled up: leave out what does not fill a row"),
        (torch.tensor(single).reshape(-1, size), "every document begins a row of its own: join them all, then cut"),
    ]
    expect_tensor(f(documents, end, length), cut(stream, size), mistakes, exact=True)


@exercise("olmo-ex-pack")
def pack_with_a_rest(f):
    """Three documents with a rest"""
    expect_packed(f, [[5, 6, 7], [8, 9, 10, 11, 12], [13, 14]], 0, 3)


@exercise("olmo-ex-pack")
def pack_without_a_rest(f):
    """Documents that fill their rows exactly"""
    expect_packed(f, [[5, 6], [7], [8, 9, 10, 11, 12, 13]], 1, 5)


def usual_spread(losses: list[float], center: Callable = median) -> float:
    """The median of the distances from the median."""
    middle = center(losses)
    return center([abs(loss - middle) for loss in losses])


def mean_spread(losses: list[float]) -> float:
    """The mean of the distances from the median."""
    return mean(abs(loss - median(losses)) for loss in losses)


def unusual(
    losses: list[float], back: int, limit: float, *, center: Callable = median, spread: Callable = usual_spread,
    own: int = 0, first: int | None = None, drops: bool = False, ties: bool = False,
) -> list[int]:  # fmt: skip
    """Steps far above those before them, with the rule open: what is the middle, what the spread, who is judged."""
    found = []
    for step in range(back if first is None else first, len(losses)):
        before = losses[max(0, step - back + own) : step + own]
        distance = losses[step] - center(before)
        beyond = (abs(distance) if drops else distance) - limit * spread(before)
        if beyond > 0 or (ties and beyond == 0):
            found.append(step)
    return found


def runs(steps: list[int]) -> list[list[int]]:
    """Steps that follow each other become one pair: the first, and how many."""
    found: list[list[int]] = []
    for step in steps:
        if found and step == sum(found[-1]):
            found[-1][1] += 1
        else:
            found.append([step, 1])
    return found


def other_medians() -> list[dict]:
    """Ways to take one of the two values in the middle for their mean: in the middle, in the spread, in both."""
    found = []
    for other in (median_high, median_low):
        spread = partial(usual_spread, center=other)
        found += [{"center": other}, {"spread": spread}, {"center": other, "spread": spread}]
    return found


def expect_events(f, losses: list[float], back: int, limit: float) -> None:
    """Compare with the rule of the page, and with its usual slips."""
    steps = unusual(losses, back, limit)
    given = (losses, back, limit)
    slips = [
        ([[step, 1] for step in steps], "steps that follow each other are one event"),
        ([[first, first + n - 1] for first, n in runs(steps)], "the second number counts steps; yours is the last"),
        (runs(unusual(*given, own=1)), "a step is among those that judge it: use the steps before it only"),
        (runs(unusual(*given, center=mean)), "that measures from the mean, which a spike pulls up: use the median"),
        *((runs(unusual(*given, spread=each)), "a spike blows up the standard deviation: use the median distance")
          for each in (pstdev, stdev)),
        (runs(unusual(*given, spread=mean_spread)), "a spike pulls up the mean of the distances: use their median"),
        (runs(unusual(*given, spread=lambda _: 1.0)), "the limit counts in units of the usual spread"),
        (runs(unusual(*given, drops=True)), "a step far below the others is good news: only those above count"),
        (runs(unusual(*given, first=1)), "the first `back` steps have too few before them to be judged"),
        (runs(unusual(*given, ties=True)), "unusual means more than `limit` spreads: right at the limit is usual"),
        *((runs(unusual(*given, **change)), "the median of an even number of values is the mean of the two in the"
           " middle") for change in other_medians()),
    ]  # fmt: skip
    mistakes = [(torch.tensor(wrong), hint) for wrong, hint in slips]
    expect_tensor(f(*given), torch.tensor(runs(steps)), mistakes, exact=True)


TIE, EVEN = [9, 10, 3, 2, 9, 5], [3, 7, 3, 4, 7, 10, 9, 1]
"""Losses of which one lies right at the limit, and losses at which no slip passes for another one's events."""


@exercise("olmo-ex-spike")
def a_made_up_log(f):
    """A falling loss with a needle, a drop and two bumps"""
    losses = [1 + 5 * 0.9**step + 0.02 * (7 * step % 5) for step in range(60)]
    for step, extra in {4: 6.0, 25: 9.0, 33: -0.5, 45: 0.9, 46: 0.8, 47: 0.7, 54: 0.8, 55: 0.7}.items():
        losses[step] += extra
    expect_events(f, losses, 9, 8.0)


@exercise("olmo-ex-spike")
def right_at_the_limit(f):
    """A step right at the limit is usual"""
    expect_events(f, TIE, 3, 2)


@exercise("olmo-ex-spike")
def an_even_window(f):
    """An even number of steps before"""
    expect_events(f, EVEN, 4, 2)


@exercise("olmo-ex-spike")
def the_log_of_the_book(f):
    """The losses of data/results/spoiled_run.json"""
    expect_events(f, [row["loss"] for row in read_result("spoiled_run")["rows"]], 21, 7.0)


def even_coins(losses: int, count: int, sides: int = 2, at_most: bool = True) -> float:
    """How often coins split at least so unevenly."""
    ways = sum(math.comb(count, number) for number in range(losses + 1)) if at_most else math.comb(count, losses)
    return min(1.0, sides * ways / 2**count)


def needed(losses: int, **options) -> int:
    """The fewest benchmarks that suffice."""
    count = 2 * losses + 1
    while even_coins(losses, count, **options) >= 0.05:
        count += 1
    return count


def expect_needed(f, losses: int) -> None:
    """Compare with the two-sided sign test."""
    right = needed(losses)
    mistakes = [
        (needed(losses, sides=1), "that is one-sided: before the scores are known, either model may turn out ahead"),
        (right - losses, "that is the number of wins: the benchmarks are wins and losses together"),
        (right - 1, "with one fewer p is not below 0.05"),
        (right + 1, "fewer are enough: p is below 0.05 with one fewer"),
        (needed(losses, at_most=False), "that counts only exactly so many losses: fewer would be as uneven, add them"),
        (needed(losses, sides=1, at_most=False), "add up all splits with at most so many losses, then double"),
    ]
    expect_number(f(losses), right, mistakes)


@exercise("olmo-ex-sign-test")
def a_sweep(f):
    """No loss at all: six benchmarks"""
    expect_needed(f, 0)


@exercise("olmo-ex-sign-test")
def some_losses(f):
    """Two, four and ten losses"""
    for losses in (2, 4, 10):
        expect_needed(f, losses)


def expect_padded(f, logits: Tensor, tokens: int) -> None:
    """Compare with the softmax over the rows that stand for a token."""
    real = torch.arange(logits.shape[-1]) < tokens
    right = logits.masked_fill(~real, float("-inf")).softmax(-1)
    shares = logits.softmax(-1)
    mistakes = [
        (shares, "the padded rows still have a share: they stand for no token"),
        (logits.masked_fill(~real, 0.0).softmax(-1), "a logit of 0 is not a probability of 0: exp(0) is 1; use -inf"),
        (shares * real, "the shares no longer add up to 1: mask the logits before the softmax"),
        (right[..., :tokens], "the padded places are cut off: keep the shape, with probability 0 there"),
        (logits.masked_fill(real, float("-inf")).softmax(-1), "that masks the real tokens and keeps the padded rows"),
        (logits.masked_fill(torch.arange(len(real)) >= tokens - 1, float("-inf")).softmax(-1),
         "one token too many is masked: ids run from 0 to tokens - 1"),
        (logits.masked_fill(torch.arange(len(real)) > tokens, float("-inf")).softmax(-1),
         "one padded row is left: ids run from 0 to tokens - 1"),
    ]  # fmt: skip
    got = as_tensor(f(logits, tokens))
    expect_tensor(got, right, mistakes, otherwise="a padded place gets exactly 0, whatever the other logits are")
    expect_tensor(got[..., tokens:], right[..., tokens:], exact=True, name="the padded part",
                  otherwise="small is not 0: mask with -inf")  # fmt: skip


@exercise("olmo-ex-padded-rows")
def padded_rows_that_win(f):
    """A padded row has the largest logit"""
    expect_padded(f, torch.tensor([-3.0, -2.0, -4.0, 5.0, 1.0]), 3)


@exercise("olmo-ex-padded-rows")
def padded_rows_of_low_logits(f):
    """Logits of about -80, which a large negative number hardly lies below"""
    expect_padded(f, torch.tensor([-83.0, -82.0, -84.0, 5.0, 1.0]), 3)


@exercise("olmo-ex-padded-rows")
def padded_rows_of_a_batch(f):
    """A batch (2, 4, 16) with 13 tokens"""
    expect_padded(f, draw(0, 2, 4, 16) - 2, 13)
