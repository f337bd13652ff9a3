"""Wrong answers to the exercises on AdamW and the schedule fail, and the hint names the misconception behind them."""

import math

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate

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
]


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


def adam_by_numpy(w, g, m, v, t, rate, decay):
    w, g, m, v = (each.numpy().astype(np.float64) for each in (w, g, m, v))
    m, v = 0.9 * m + 0.1 * g, 0.95 * v + 0.05 * g * g
    return w - rate * decay * w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-5), m, v


def adam_in_place(w, g, m, v, t, rate, decay):
    m.lerp_(g, 0.1)
    v.mul_(0.95).addcmul_(g, g, value=0.05)
    w.mul_(1 - rate * decay)
    w.addcdiv_(m, (v / (1 - 0.95**t)).sqrt_().add_(1e-5), value=-rate / (1 - 0.9**t))
    return [w, m, v]


def adam_stacked(weight, grad, m1, m2, n, eta, decay):
    m1, m2 = m1 + 0.1 * (grad - m1), m2 + 0.05 * (grad**2 - m2)
    root = math.sqrt(1 - 0.95**n)
    step = eta * root / (1 - 0.9**n) * m1 / (m2.sqrt() + 1e-5 * root)
    return torch.stack((weight * (1 - eta * decay) - step, m1, m2))


RIGHT = [("adamw", torch_step), ("adamw", adam_by_numpy), ("adamw", adam_in_place), ("adamw", adam_stacked)]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
