"""Wrong answers on a batch in pieces and on the choice of a peak fail, and the hint names the misconception."""

import math

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def cut(gradient, limit):
    length = gradient.norm().item()
    return gradient * (limit / length) if length > limit else gradient


def weighted(gradients, counts):
    return sum(n * each for n, each in zip(counts, gradients, strict=True)) / sum(counts)


def mean(gradients):
    return sum(gradients) / len(gradients)


def each_cut(gradients, limit):
    return [cut(each, limit) for each in gradients]


def peak(kept, decay, warmup, total, *, floor=0.1, late=0, steps=None, curve=lambda share: share, warm=True):
    """The peak that leaves `kept`, with the schedule open."""
    def share(t):
        if t <= warmup and warm:
            return t / warmup
        start = warmup if warm else 0
        return 1 + (floor - 1) * curve(min(1, (t - start) / (total - start)))

    shares = [max(0, share(t - late)) for t in steps or range(1, total + 1)]
    low, high = 0.0, 1 / decay / max(shares)
    for _ in range(70):
        middle = (low + high) / 2
        left = math.prod(1 - middle * one * decay for one in shares)
        low, high = (middle, high) if left > kept else (low, middle)
    return high


def area(warmup, total):
    """The sum of the rates of a schedule with peak 1."""
    return (warmup + 1) / 2 + sum(1 - 0.9 * t / (total - warmup) for t in range(1, total - warmup + 1))


WRONG = [
    ("accumulate", lambda gs, ns, limit: mean(each_cut(gs, limit)), "both mistakes are still there"),
    ("accumulate", lambda gs, ns, limit: weighted(each_cut(gs, limit), ns), "clipped by itself"),
    ("accumulate", lambda gs, ns, limit: cut(mean(gs), limit), "every piece counts alike"),
    ("accumulate", lambda gs, ns, limit: weighted(gs, ns), "not clipped at all"),
    ("accumulate", lambda gs, ns, limit: weighted(gs, ns) * limit / weighted(gs, ns).norm(), "is made longer"),
    ("accumulate", lambda gs, ns, limit: weighted(gs, ns).clamp(-limit, limit), "changes the direction"),
    ("accumulate", lambda gs, ns, limit: cut(sum(gs), limit), "that is the sum of the pieces"),
    ("accumulate", lambda gs, ns, limit: weighted(gs, ns) * sum(ns) / len(ns), "not of pieces"),
    ("accumulate", lambda gs, ns, limit: cut(weighted(gs, ns) * sum(ns), limit), "before you clip"),
    ("accumulate", lambda gs, ns, limit: weighted(gs, ns) * min(1, limit / (weighted(gs, ns).square().sum() + 1e-9)),
     "root is missing"),
    ("accumulate", lambda gs, ns, limit: cut(weighted(gs, ns), limit) / len(gs), "divides once more"),
    ("accumulate", lambda gs, ns, limit: cut(gs[-1], limit), "the last piece alone"),
    ("accumulate", lambda gs, ns, limit: weighted(gs, ns) * min(1, limit / weighted(gs, ns).norm().item()),
     "ZeroDivisionError"),
    ("accumulate", lambda gs, ns, limit: [cut(weighted([g], [n]), limit) for g, n in zip(gs, ns, strict=True)],
     "your result"),
    ("accumulate", lambda gs, ns, limit: cut(weighted(gs, [n * n for n in ns]), limit), "your result is"),
    ("accumulate", lambda gs, ns, c: weighted(gs, ns) / max(1, weighted(gs, ns).abs().sum() / c), "your result is"),
    ("accumulate", lambda gs, ns, c: weighted(gs, ns) / max(1, weighted(gs, ns).abs().max() / c), "your result is"),
    ("accumulate", lambda gs, ns, limit: cut(weighted(gs, [7, 2, 16][: len(gs)]), limit), "your result is"),
    ("choose-peak", lambda k, d, w, n: -math.log(k) / (d * area(w, n)), "close, not equal"),
    ("choose-peak", lambda k, d, w, n: (1 - k) / (d * area(w, n)), "does not add up"),
    ("choose-peak", lambda k, d, w, n: peak(1 - k, d, w, n), "what is left, not what is lost"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, floor=0), "falls to zero"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, curve=lambda p: (1 - math.cos(math.pi * p)) / 2), "a cosine"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, late=1), "steps count from 1"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, steps=range(w + 1, n + 1)), "shrink the weight too"),
    ("choose-peak", lambda k, d, w, n: (1 - k ** (1 / n)) / d, "not at its peak all the time"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, steps=[w] * w + [*range(w + 1, n + 1)]), "warms up first"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, steps=range(1, n)), "last step is missing"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, steps=[*range(1, w + 1), *range(w, n)]), "warmup + 1"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, steps=range(n // 2, n + 1)), "your result is"),
    ("choose-peak", lambda k, d, w, n: d * peak(k, d, w, n), "leaves the decay out"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n, warm=False), "has no warm-up"),
    ("choose-peak", lambda k, d, w, n: peak(k, d, w, n) * area(w, n) / n, "the mean rate"),
    ("choose-peak", lambda k, d, w, n: round(peak(k, d, w, n), 2), "your result is"),
    ("choose-peak", lambda k, d, w, n: 3e-4, "your result is"),
]


def accumulated_in_place(gradients, counts, limit):
    whole = torch.zeros_like(gradients[0])
    for gradient, count in zip(gradients, counts, strict=True):
        whole += gradient.mul_(count / sum(counts))
    length = whole.norm()
    if length > limit:
        whole *= limit / length
    return whole


def accumulated_by_torch(pieces, sizes, limit):
    leaf = torch.zeros_like(pieces[0]).requires_grad_()
    leaf.grad = torch.stack(pieces).T @ torch.tensor(sizes).float() / sum(sizes)
    torch.nn.utils.clip_grad_norm_([leaf], limit)
    return leaf.grad


def accumulated_lists(gradients, counts, limit):
    rows = [gradient.tolist() for gradient in gradients]
    columns = zip(*rows, strict=True)
    whole = [sum(n * x for n, x in zip(counts, column, strict=True)) / sum(counts) for column in columns]
    return [x / max(1, math.hypot(*whole) / limit) for x in whole]


def peak_by_newton(kept, decay, warmup, total):
    t = np.arange(1, total + 1)
    shares = np.where(t <= warmup, t / warmup, 1 - 0.9 * (t - warmup) / (total - warmup))
    found = 0.0
    for _ in range(50):
        error = np.log1p(-found * decay * shares).sum() - math.log(kept)
        found += error / (decay * shares / (1 - found * decay * shares)).sum()
    return found


def peak_by_grid(kept, decay, warmup, total):
    shares = torch.tensor([min(t / warmup, 1 - 0.9 * (t - warmup) / (total - warmup)) for t in range(1, total + 1)])
    low, high = 0.0, 1 / decay
    for _ in range(4):
        peaks = torch.linspace(low, high, 201, dtype=torch.double)
        place = int(((1 - peaks[:, None] * decay * shares).prod(1) - kept).abs().argmin())
        low, high = peaks[max(place - 1, 0)].item(), peaks[min(place + 1, 200)].item()
    return peaks[place]


RIGHT = [
    ("accumulate", accumulated_in_place),
    ("accumulate", accumulated_by_torch),
    ("accumulate", accumulated_lists),
    ("choose-peak", peak),
    ("choose-peak", peak_by_newton),
    ("choose-peak", peak_by_grid),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
