"""Wrong answers to the exercises on DoRA fail, and the hint names the misconception behind them."""

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.adapters import DoRALinear
from llmbook.chapters import evaluate

PREFIX = "dora-ex-"


def by_the_merged_weight(x, W, b, A, B, m, s):
    moved = W + s * B @ A
    return x @ (m[:, None] * moved / moved.norm(dim=1, keepdim=True)).T + b


def by_the_moved_weight(product):
    """The output by W + s B A in place of its parts."""
    def layer(x, W, b, A, B, m, s):
        moved = W + s * B @ A
        return m / moved.norm(dim=1) * product(x, moved) + b
    return layer


PRODUCTS = (
    lambda x, V: x @ V.T, F.linear, lambda x, V: torch.einsum("ni,oi->no", x, V),
    lambda x, V: torch.stack([V @ token for token in x]), lambda x, V: (x[:, None] * V).sum(-1),
)  # fmt: skip


def weight(norm=lambda W, V: V.norm(dim=1, keepdim=True), power=1, length=True):
    """DoRA's weight with its norm open."""
    def build(W, A, B, m, s):
        moved = W + s**power * B @ A
        return (m[:, None] if length else 1) * moved / norm(W, moved)
    return build


def forward(base=1, update=1, bias=1, outside=0, scale=True):
    """DoRA's output; a part is multiplied by the factor where its flag is 1."""
    def layer(x, W, b, A, B, m, s):
        factor = m / (W + s * B @ A).norm(dim=1)
        low = (s if scale else 1) * (x @ A.T @ B.T)
        return factor**base * (x @ W.T) + factor**update * low + factor ** (1 - bias) * b + outside * (x @ W.T)
    return layer


def dora(turn=False, scale=True, factor=True, norm=True):
    """DoRA's gradients with their usual slips."""
    def gradients(G, W, A, B, m, s, detach):
        moved = W + s * B @ A
        length = moved.norm(dim=1, keepdim=True)
        unit = moved / length
        rows = m[:, None] / length * G if factor else G
        rows = rows - (rows * unit).sum(1, keepdim=True) * unit if detach == turn else rows
        s = s if scale else 1
        return s * B.T @ rows, s * rows @ A.T, (G * (unit if norm else moved)).sum(1)
    return gradients


def norms(mixed=2, last=2, root=True, whole=True, clamped=True):
    """The norms of the rows with their terms open."""
    def lengths(squares, projected, gram, B, s):
        gram = gram if whole else gram.diagonal().diag()
        found = squares + mixed * s * (projected * B).sum(1) + (s**last * (B @ gram * B).sum(1) if last else 0)
        found = found.clamp(min=0) if clamped else found
        return found.sqrt() if root else found
    return lengths


WRONG = [
    ("weight", lambda W, A, B, m, s: m * (W + s * B @ A), "write magnitude[:, None]"),
    ("weight", lambda W, A, B, m, s: m * F.normalize(W + s * B @ A), "write magnitude[:, None]"),
    ("weight", lambda W, A, B, m, s: m * (W + s * B @ A) / (W + s * B @ A).norm(dim=1), "write magnitude[:, None]"),
    ("weight", lambda W, A, B, m, s: m * (W + s * B @ A) / (W + s * B @ A).norm(dim=0), "down the columns"),
    ("weight", lambda W, A, B, m, s: W + m[:, None] * s * F.normalize(B @ A), "only the update is divided"),
    ("weight", weight(lambda W, V: 1), "division by the norm is missing"),
    ("weight", weight(lambda W, V: V.norm()), "norm of the whole matrix"),
    ("weight", weight(lambda W, V: V.square().sum(1, keepdim=True)), "root is missing"),
    ("weight", weight(lambda W, V: V.abs().sum(1, keepdim=True)), "sum of absolute values"),
    ("weight", weight(lambda W, V: V.norm(dim=0)), "down the columns"),
    ("weight", weight(lambda W, V: W.norm(dim=1, keepdim=True)), "norm of W:"),
    ("weight", weight(power=0), "scale s is missing"),
    ("weight", weight(length=False), "have length 1"),
    ("weight", lambda W, A, B, m, s: W + s * B @ A, "that is LoRA"),
    ("forward", lambda x, W, b, *rest: forward()(x, W, 0, *rest), "bias is missing"),
    ("forward", lambda x, W, b, A, B, m, s: x @ W.T + s * (x @ A.T @ B.T) + b, "that is LoRA"),
    ("forward", lambda x, W, b, A, B, m, s: m * (x @ W.T + s * (x @ A.T @ B.T)) + b, "divide the magnitude"),
    ("forward", forward(base=-1, update=-1), "upside down"),
    ("forward", forward(bias=0), "bias is multiplied too"),
    ("forward", forward(update=0), "on the low-rank path"),
    ("forward", forward(base=0), "on the base's output"),
    ("forward", forward(outside=1), "take factor - 1"),
    ("forward", forward(scale=False), "scale s is missing"),
    ("forward", by_the_merged_weight, "you multiply by W'"),
    *(("forward", by_the_moved_weight(product), "by W + s B A") for product in PRODUCTS),
    ("forward", lambda x, W, b, A, B, m, s: m * (x @ F.normalize(W + s * B @ A).T) + b, "by W + s B A"),
    ("gradient", dora(turn=True), "norm is a constant here"),
    ("gradient", lambda *a: dora()(*a[:-1], True), "along the row must be taken away"),
    ("gradient", dora(scale=False), "scale s is missing"),
    ("gradient", dora(factor=False), "LoRA's gradient"),
    ("gradient", dora(norm=False), "direction of length 1"),
    ("gradient", lambda *a: (*dora()(*a)[:2], a[4] * dora()(*a)[2]), "does not appear in its own gradient"),
    ("gradient", lambda *a: (*dora()(*a)[:2], dora()(*a)[2] / a[0].shape[1]), "mean over the inputs"),
    ("row-norm", norms(mixed=0, last=0), "norm of W alone"),
    ("row-norm", lambda *a: norms()(*a[:-1], 1), "scale s is missing"),
    ("row-norm", norms(mixed=1), "mixed term comes twice"),
    ("row-norm", norms(last=1), "scale squared"),
    ("row-norm", norms(mixed=0), "not orthogonal"),
    ("row-norm", norms(last=0), "a length of its own"),
    ("row-norm", norms(root=False), "root is missing"),
    ("row-norm", norms(whole=False), "use all of gram"),
    ("row-norm", norms(clamped=False), "has no root"),
    ("unmerge", lambda W, A, B, m, s, n: W - s * B @ A, "undoes LoRA"),
    ("unmerge", lambda W, A, B, m, s, n: (W - s * B @ A) * (n / m)[:, None], "wrong order"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m)[:, None], "update is still in there"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m)[:, None] - B @ A, "scale s is missing"),
    ("unmerge", lambda W, A, B, m, s, n: W * (n / m)[:, None] + s * B @ A, "must be subtracted"),
    ("unmerge", lambda W, A, B, m, s, n: W / m[:, None] - s * B @ A, "multiply by the old norm"),
    ("unmerge", lambda W, A, B, m, s, n: W * (m / n)[:, None] - s * B @ A, "now divide by it"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


SIZES = {  # of each check in turn: the shapes of what an answer is given
    "weight": [[(5, 3), (2, 3), (5, 2), (5,)], [(4, 4), (2, 4), (4, 2), (4,)]],
    "forward": [[(6, 3), (5, 3), (5,), (2, 3), (5, 2), (5,)], [(4, 4), (4, 4), (4,), (2, 4), (4, 2), (4,)]],
    "row-norm": [[(6,), (6, 3), (3, 3), (6, 3)], [(3,), (3, 3), (3, 3), (3, 3)], [(200,), (200, 3), (3, 3), (200, 3)]],
}


@pytest.mark.parametrize("slug", SIZES)
def test_an_answer_is_given_the_sizes_that_the_titles_name(slug):
    given = []
    evaluate(f"dora-ex-{slug}", lambda *values: given.append([tuple(v.shape) for v in values if torch.is_tensor(v)]))
    assert given == SIZES[slug]


def package_layer(W, A, B, m, bias=None):
    """The package's layer with these numbers, scale 1 times alpha / rank = alpha."""
    base = torch.nn.Linear(W.shape[1], W.shape[0], bias=bias is not None)
    with torch.no_grad():
        base.weight.copy_(W)
        if bias is not None:
            base.bias.copy_(bias)
    def build(s):
        layer = DoRALinear(base, rank=len(A), alpha=s * len(A))
        with torch.no_grad():
            for parameter, value in ((layer.lora_A, A), (layer.lora_B, B), (layer.magnitude, m)):
                parameter.copy_(value)
        return layer
    return build


def test_the_package_passes_the_checks_of_dora():
    assert evaluate("dora-ex-weight", lambda W, A, B, m, s: package_layer(W, A, B, m)(s).merged_weight()).passed
    layer = lambda x, W, b, A, B, m, s: package_layer(W, A, B, m, b)(s)(x)  # noqa: E731
    assert evaluate("dora-ex-forward", layer).passed


def forward_by_einsum(x, W, b, A, B, m, s):
    V = W + s * B @ A
    low = torch.einsum("ni,ri,or->no", x, A, B)
    return m / torch.einsum("oi,oi->o", V, V).sqrt() * (torch.einsum("ni,oi->no", x, W) + s * low) + b


def test_another_right_form_passes():
    assert evaluate("dora-ex-forward", forward_by_einsum).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
