"""Wrong answers to the exercises on AdamW and the schedule fail, and the hint names the misconception behind them."""

import math

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
from llmbook.training.schedule import Schedule

PREFIX = "olmo-ex-"


def adam(l2=False, decay_factor=None, one=True, two=True, after=False, shift=0, eps=1e-5, under_root=False,
         root=True, uphill=False):
    """AdamW's step with its usual slips."""
    def move(weight, gradient, first, second, step, rate, decay):
        gradient = gradient + decay * weight if l2 else gradient
        first, second = 0.9 * first + 0.1 * gradient, 0.95 * second + 0.05 * gradient**2
        mean = first / (1 - 0.9 ** (step + shift)) if one else first
        size = second / (1 - 0.95 ** (step + shift)) if two else second
        size = (size + eps).sqrt() if under_root else (size.sqrt() if root else size) + eps
        factor = 1 - rate * decay if decay_factor is None else decay_factor(decay)
        change = rate * mean / size * (-1 if uphill else 1)
        return (weight - change) * factor if after else weight * factor - change, first, second
    return move


def norm_of(gradients):
    return math.sqrt(sum(gradient.square().sum().item() for gradient in gradients))


def decayed(t, peak, warmup, total, floor=0.1, start=None, stop=True):
    """The line after the warm-up, with its ends open."""
    if t <= warmup:
        return peak * t / warmup
    start = warmup if start is None else start
    share = (t - start) / (total - start)
    return peak + (floor - 1) * peak * (min(1, share) if stop else share)


WRONG = [
    ("adamw", adam(l2=True), "which is L2"),
    ("adamw", adam(decay_factor=lambda decay: 1 - decay), "multiplied by the learning rate"),
    ("adamw", adam(decay_factor=lambda decay: 1), "does not decay"),
    ("adamw", adam(decay_factor=lambda decay: 1 + 0.1 * decay), "decay has the wrong sign"),
    ("adamw", adam(uphill=True), "step goes uphill"),
    ("adamw", adam(root=False), "take the root of the second moment"),
    ("adamw", adam(one=False), "first moment is not corrected"),
    ("adamw", lambda *a: (adam()(*a)[0], 0.9 * a[2] + a[1], adam()(*a)[2]), "counts with 1 - beta_1"),
    ("adamw", lambda *a: (adam()(*a)[0], 0.1 * a[2] + 0.9 * a[1], adam()(*a)[2]), "are exchanged"),
    ("adamw", lambda *a: (adam()(*a)[0], adam()(*a)[1] / (1 - 0.9 ** a[4]), adam()(*a)[2]), "already corrected"),
    ("adamw", lambda *a: (*adam()(*a)[:2], 0.95 * a[3] + 0.05 * a[1]), "averages squares"),
    ("adamw", lambda *a: (*adam()(*a)[:2], adam()(*a)[2] / (1 - 0.95 ** a[4])), "already corrected"),
    ("adamw", adam(one=False, two=False), "both bias corrections"),
    ("adamw", adam(two=False), "second moment is not corrected"),
    ("adamw", adam(after=True), "you shrink the step as well"),
    ("adamw", lambda *a: adam(shift=-1 if a[4] > 1 else 0)(*a), "steps count from 1"),
    ("adamw", adam(eps=1e-8), "PyTorch's 1e-8"),
    ("adamw", adam(eps=0.0), "eps is missing"),
    ("adamw", adam(under_root=True), "eps is under the root"),
    ("adamw", lambda *a: adam(eps=1e-5 / (1 - 0.95 ** a[4]) ** 0.5)(*a), "before the correction"),
    ("clip", lambda gs, limit: [g * min(1, limit / norm_of(gs)) for g in gs], "ZeroDivisionError"),
    ("clip", lambda gs, limit: [g * min(1, limit / g.norm().item()) for g in gs], "one norm over all"),
    ("clip", lambda gs, limit: [g.clamp(-limit, limit) for g in gs], "changes the direction"),
    ("clip", lambda gs, limit: [g * limit / norm_of(gs) for g in gs], "at most 1"),
    ("clip", lambda gs, limit: [g * min(1, limit / norm_of(gs) ** 2) for g in gs], "root is missing"),
    ("clip", lambda gs, limit: gs, "not clipped"),
    ("clip", lambda gs, limit: [g * min(1, limit / sum(g.norm().item() for g in gs)) for g in gs], "norms do not add"),
    ("clip", lambda gs, limit: [g / norm_of(gs) for g in gs], "makes the length 1"),
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N, floor=0), "ends at a tenth"),
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N, stop=False), "do not go on falling"),
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N, start=0), "begins when the warm-up ends"),
    ("schedule", lambda t, peak, W, N: decayed(t - (t <= W), peak, W, N), "steps count from 1"),
    ("schedule", lambda t, peak, W, N: peak * (0.1 + 0.9 * min(1, t / W)), "this warm-up starts from zero"),
    ("schedule", lambda t, peak, W, N: decayed(t - (t > W), peak, W, N), "begins a step late"),
    ("schedule", lambda t, peak, W, N: decayed(min(t, W), peak, W, N), "stays at its peak"),
    ("schedule", lambda t, peak, W, N: peak * t / W, "warm-up has ended"),
    ("schedule", lambda t, peak, W, N: peak, "warms up first"),
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N + W), "total - warmup steps"),
    ("schedule", lambda t, peak, W, N: Schedule(peak, N, W, peak / 10, "cosine")(t - 1), "that is a cosine"),
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N) if t <= N else 0, "stays at a tenth"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def torch_step(weight, gradient, first, second, step, rate, decay, optimizer=torch.optim.AdamW):
    """One step of PyTorch's optimizer from given moments."""
    leaf = weight.clone().requires_grad_()
    made = optimizer([leaf], lr=rate, betas=(0.9, 0.95), eps=1e-5, weight_decay=decay)
    made.state[leaf] = {"step": torch.tensor(step - 1.0), "exp_avg": first, "exp_avg_sq": second}
    leaf.grad = gradient
    made.step()
    return leaf.detach(), first, second


def test_torch_passes_the_check_of_adamw_and_adam_with_l2_does_not():
    assert evaluate("olmo-ex-adamw", torch_step).passed
    wrong = evaluate("olmo-ex-adamw", lambda *values: torch_step(*values, optimizer=torch.optim.Adam))
    assert "which is L2" in repr(wrong)


def test_torch_passes_the_check_of_clipping():
    def clip(gradients, limit):
        leaves = [torch.zeros_like(gradient).requires_grad_() for gradient in gradients]
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = gradient
        torch.nn.utils.clip_grad_norm_(leaves, limit)
        return [leaf.grad for leaf in leaves]

    assert evaluate("olmo-ex-clip", clip).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
