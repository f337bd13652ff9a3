"""Wrong answers on DoRA's gradients, its norms and the way back fail, and the hint names the misconception."""

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "dora-ex-"


def dora(turn=False, scale=1, factor=True, norm=True, along="unit", exchanged=False):
    """DoRA's gradients with their usual slips."""
    def gradients(G, W, A, B, m, s, detach):
        moved = W + s * B @ A
        length = moved.norm(dim=1, keepdim=True)
        unit = moved / length
        rows = m[:, None] / length * G if factor else G
        row = {"unit": unit, "moved": moved, "W": W / W.norm(dim=1, keepdim=True)}[along]
        rows = rows - (rows * row).sum(1, keepdim=True) * row if detach == turn else rows
        grad_A, grad_B = s**scale * B.T @ rows, s**scale * rows @ A.T
        grad_m = (G * (unit if norm else moved)).sum(1)
        return (grad_B, grad_A, grad_m) if exchanged else (grad_A, grad_B, grad_m)
    return gradients


def instead(**parts):
    """The right gradients with one of them changed."""
    def gradients(*given):
        right = dict(zip(("A", "B", "m"), dora()(*given), strict=True))
        return tuple((right | {name: part(right[name], *given) for name, part in parts.items()}).values())
    return gradients


def dora_by_autograd(G, W, A, B, m, s, detach):
    """Another right way: nothing forbids it here."""
    A, B, m = (each.clone().requires_grad_() for each in (A, B, m))
    V = W + s * B @ A
    length = V.norm(dim=1, keepdim=True)
    return torch.autograd.grad((G * m[:, None] * V / (length.detach() if detach else length)).sum(), (A, B, m))


def dora_in_arrays(G, W, A, B, m, s, detach):
    G, W, A, B, m = (each.double().numpy() for each in (G, W, A, B, m))
    V = W + s * B @ A
    length = np.sqrt((V**2).sum(1))
    pull = (m / length)[:, None] * G
    if not detach:
        pull = pull - ((pull * V).sum(1) / length**2)[:, None] * V
    return [s * B.T @ pull, s * pull @ A.T, (G * V).sum(1) / length]


def dora_row_by_row(G, W, A, B, m, s, detach):
    grad_A, grad_B, grad_m = torch.zeros_like(A), torch.zeros_like(B), torch.zeros_like(m)
    for i in range(len(W)):
        v = W[i] + s * B[i] @ A
        u = v / v.norm()
        pull = m[i] / v.norm() * (G[i] if detach else G[i] - (G[i] @ u) * u)
        grad_A += s * torch.outer(B[i], pull)
        grad_B[i], grad_m[i] = s * A @ pull, G[i] @ u
    return grad_A, grad_B, grad_m


def norms(mixed=2, last=2, root=True, whole=True, clamped=True):
    """The norms of the rows with their terms open."""
    def lengths(squares, projected, gram, B, s):
        gram = gram if whole else gram.diagonal().diag()
        found = squares + mixed * s * (projected * B).sum(1) + (s**last * (B @ gram * B).sum(1) if last else 0)
        found = found.clamp(min=0) if clamped else found
        return found.sqrt() if root else found
    return lengths


def norms_in_doubles(a, b, c, B, s):
    a, b, c, B = (each.double() for each in (a, b, c, B))
    return (a + 2 * s * torch.einsum("or,or->o", b, B) + s * s * torch.einsum("or,rq,oq->o", B, c, B)).clamp(0).sqrt()


def norms_row_by_row(squares, projected, gram, B, s):
    found = []
    for square, p, b in zip(squares.tolist(), projected.double(), B.double(), strict=True):
        found.append(max(0.0, square + float(2 * s * p @ b + s**2 * b @ gram.double() @ b)) ** 0.5)
    return found


def norms_in_one_product(squares, projected, gram, B, s):
    total = squares + s * ((2 * projected + s * B @ gram) * B).sum(1)
    return np.sqrt(np.maximum(total.numpy(), 0))


def back_in_place(merged, A, B, m, s, norm):
    merged *= (norm / m).unsqueeze(1)
    merged -= s * B @ A
    return merged


WRONG = [
    ("gradient", dora(turn=True), "norm is a constant here"),
    ("gradient", lambda *a: dora()(*a[:-1], True), "along the row must be taken away"),
    ("gradient", lambda *a: dora()(*a[:-1], False), "norm is a constant here"),
    ("gradient", dora(scale=0), "scale s is missing"),
    ("gradient", dora(scale=2), "scale s is there twice"),
    ("gradient", dora(factor=False), "LoRA's gradient"),
    ("gradient", dora(norm=False), "direction of length 1"),
    ("gradient", dora(along="moved"), "u has length 1"),
    ("gradient", dora(along="W"), "the row of W"),
    ("gradient", dora(exchanged=True), "the gradient of A has shape"),
    ("gradient", instead(m=lambda grad, *a: a[4] * grad), "does not appear in its own gradient"),
    ("gradient", instead(m=lambda grad, *a: grad / a[0].shape[1]), "mean over the inputs"),
    ("gradient", instead(m=lambda grad, *a: 0 * grad if a[-1] else grad), "the magnitude learns in both cases"),
    ("gradient", instead(m=lambda grad, *a: (a[0] * a[1]).sum(1) / a[1].norm(dim=1)), "the row of W"),
    ("gradient", instead(B=lambda grad, *a: a[5] * (a[4][:, None] / (a[1] + a[5] * a[3] @ a[2]).norm(dim=1)[:, None]
                                                    * a[0]) @ a[2].T), "along the row must be taken away"),
    ("gradient", lambda *a: [-each for each in dora()(*a)], "at position"),
    ("row-norm", norms(mixed=0, last=0), "norm of W alone"),
    ("row-norm", lambda *a: norms()(*a[:-1], 1), "scale s is missing"),
    ("row-norm", norms(mixed=1), "mixed term comes twice"),
    ("row-norm", norms(last=1), "scale squared"),
    ("row-norm", norms(mixed=0), "not orthogonal"),
    ("row-norm", norms(last=0), "a length of its own"),
    ("row-norm", norms(root=False), "root is missing"),
    ("row-norm", norms(whole=False), "use all of gram"),
    ("row-norm", norms(clamped=False), "has no root"),
    ("row-norm", norms(mixed=-2), "the mixed term is added"),
    ("row-norm", lambda a, b, c, B, s: a.sqrt() + s * (B @ c * B).sum(1).sqrt(), "lengths do not add"),
    ("row-norm", lambda a, b, c, B, s: norms()(a, b, torch.eye(len(c)), B, s), "the rows of A have no length 1"),
    ("row-norm", lambda a, b, c, B, s: (a + 2 * s * b.sum(1) * B.sum(1) + s**2 * (B @ c * B).sum(1)).clamp(0).sqrt(),
     "multiply number by number"),
    ("row-norm", lambda a, b, c, B, s: (a + 2 * s * (b * B).sum(0) + s**2 * (B @ c * B).sum(0)).clamp(0).sqrt(),
     "shape|must match|position"),
    ("row-norm", lambda *given: norms()(*given).clamp(min=1.0), "not all of yours are"),
    ("row-norm", lambda squares, *rest: norms()(squares.square(), *rest), "are squared already"),
    ("unmerge", lambda W, A, B, m, s, n: W - s * B @ A, "undoes LoRA"),
    ("unmerge", lambda W, A, B, m, s, n: W * (W.norm(dim=1) / m)[:, None] - s * B @ A, "undoes LoRA"),
    ("unmerge", lambda W, A, B, m, s, n: (W - s * B @ A) * (n / m)[:, None], "wrong order"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m)[:, None], "update is still in there"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m)[:, None] - B @ A, "scale s is missing"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m)[:, None] + s * B @ A, "must be subtracted"),
    ("unmerge", lambda W, A, B, m, s, n: W / m[:, None] - s * B @ A, "multiply by the old norm"),
    ("unmerge", lambda W, A, B, m, s, n: W * (m / n)[:, None] - s * B @ A, "now divide by it"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m) - s * B @ A, "columns|size of tensor"),
    ("unmerge", lambda W, A, B, m, s, n: W * n[:, None] - s * B @ A, "divide by the magnitude"),
    ("unmerge", lambda W, A, B, m, s, n: (W - s * (m / n)[:, None] * (B @ A)), "still have the length"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m)[:, None] - s**2 * B @ A, "at position"),
    ("unmerge", lambda W, A, B, m, s, n: (W * (n / m)[:, None] - s * B @ A).bfloat16().float(), "rounded"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("gradient", dora_by_autograd),
    ("gradient", dora_in_arrays),
    ("gradient", dora_row_by_row),
    ("row-norm", norms_in_doubles),
    ("row-norm", norms_row_by_row),
    ("row-norm", norms_in_one_product),
    ("row-norm", lambda *given: torch.nan_to_num(norms(clamped=False)(*given))),
    ("unmerge", back_in_place),
    ("unmerge", lambda W, A, B, m, s, n: (np.diag((n / m).numpy()) @ W.numpy() - s * (B @ A).numpy()).tolist()),
    ("unmerge", lambda W, A, B, m, s, n: torch.einsum("o,oi->oi", n.double() / m, W.double()) - s * B @ A),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
