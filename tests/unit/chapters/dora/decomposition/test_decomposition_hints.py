"""Wrong answers on DoRA's weight and output fail, and the hint names the misconception behind them."""

import numpy as np
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


def by_the_merged_array(x, W, b, A, B, m, s):
    """The forbidden product out of sight of PyTorch."""
    x, W, b, A, B, m = (each.double().numpy() for each in (x, W, b, A, B, m))
    moved = W + s * B @ A
    return x @ (m[:, None] * moved / np.linalg.norm(moved, axis=1, keepdims=True)).T + b


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
    ("weight", weight(power=2), "scale s is there twice"),
    ("weight", weight(length=False), "have length 1"),
    ("weight", lambda W, A, B, m, s: W + s * B @ A, "that is LoRA"),
    ("weight", lambda W, A, B, m, s: m[:, None] * F.normalize(W) + s * B @ A, "the update is added after"),
    ("weight", lambda W, A, B, m, s: m[:, None] * F.normalize(W), "the update is missing"),
    ("weight", lambda W, A, B, m, s: m[:, None] * F.normalize(W + s * (B @ A)[:, : len(A)] @ A), "shape|position"),
    ("weight", weight(lambda W, V: V.norm(dim=1, keepdim=True) + 0.01), "position"),
    ("weight", lambda *given: weight()(*given).half().float(), "rounded"),
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
    ("forward", by_the_merged_array, "the update is lost"),
    *(("forward", by_the_moved_weight(product), "by W + s B A") for product in PRODUCTS),
    ("forward", lambda x, W, b, A, B, m, s: m * (x @ F.normalize(W + s * B @ A).T) + b, "by W + s B A"),
    ("forward", lambda x, W, b, A, B, m, s: m / W.norm(dim=1) * (x @ W.T + s * (x @ A.T @ B.T)) + b,
     "that is the norm of W"),
    ("forward", lambda x, W, b, A, B, m, s: m / (W + B @ A).norm(dim=1) * (x @ W.T + s * (x @ A.T @ B.T)) + b,
     "the norm lacks the scale"),
    ("forward", lambda x, W, b, A, B, m, s: m / (W + s * B @ A).norm() * (x @ W.T + s * (x @ A.T @ B.T)) + b,
     "norm of the whole matrix"),
    ("forward", lambda x, W, b, A, B, m, s: m / (W + s * B @ A).norm(dim=0)[0] * (x @ W.T + s * (x @ A.T @ B.T)) + b,
     "at position"),
    ("forward", lambda x, *rest: forward()(x[:1], *rest).expand(len(x), -1), "at position"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


SIZES = {  # of the first checks in turn: the shapes of what an answer is given
    "weight": [[(5, 3), (2, 3), (5, 2), (5,)], [(4, 4), (2, 4), (4, 2), (4,)]],
    "forward": [[(6, 3), (5, 3), (5,), (2, 3), (5, 2), (5,)], [(4, 4), (4, 4), (4,), (2, 4), (4, 2), (4,)]],
    "row-norm": [[(6,), (6, 3), (3, 3), (6, 3)], [(3,), (3, 3), (3, 3), (3, 3)], [(200,), (200, 3), (3, 3), (200, 3)]],
}


@pytest.mark.parametrize("slug", SIZES)
def test_an_answer_is_given_the_sizes_that_the_titles_name(slug):
    given = []
    evaluate(f"dora-ex-{slug}", lambda *values: given.append([tuple(v.shape) for v in values if torch.is_tensor(v)]))
    assert given[: len(SIZES[slug])] == SIZES[slug]


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


def forward_by_einsum(x, W, b, A, B, m, s):
    V = W + s * B @ A
    low = torch.einsum("ni,ri,or->no", x, A, B)
    return m / torch.einsum("oi,oi->o", V, V).sqrt() * (torch.einsum("ni,oi->no", x, W) + s * low) + b


def forward_in_arrays(x, W, b, A, B, m, s):
    x, W, b, A, B, m = (each.numpy() for each in (x, W, b, A, B, m))
    factor = m / np.linalg.norm(W + s * B @ A, axis=1)
    return factor * (x @ W.T + s * (x @ A.T) @ B.T) + b


def forward_as_libraries_do(tokens, W, bias, down, up, length, scaling):
    """The base's output, and what is missing from it."""
    out = F.linear(tokens, W)
    extra = (length / torch.linalg.vector_norm(W + scaling * up @ down, dim=1)).view(1, -1)
    return out + bias + (extra - 1) * out + extra * scaling * F.linear(F.linear(tokens, down), up)


def weight_in_place(W, A, B, m, s):
    W += s * B @ A
    W /= W.norm(dim=1, keepdim=True)
    W *= m.reshape(-1, 1)
    return W


def row_by_row(W, A, B, m, s):
    rows = []
    for row, b, length in zip(W, B, m, strict=True):
        moved = row + s * (b @ A)
        rows.append((length * moved / moved.norm()).tolist())
    return rows


RIGHT = [
    ("weight", lambda W, A, B, m, s: package_layer(W, A, B, m)(s).merged_weight()),
    ("weight", weight_in_place),
    ("weight", row_by_row),
    ("weight", lambda W, A, B, m, s: (m * F.normalize((W + s * B @ A).double()).T).T.numpy()),
    ("weight", lambda W, A, B, m, s: torch.diag(m / (W + s * B @ A).norm(dim=1)) @ (W + s * B @ A)),
    ("forward", lambda x, W, b, A, B, m, s: package_layer(W, A, B, m, b)(s)(x)),
    ("forward", forward_by_einsum),
    ("forward", forward_in_arrays),
    ("forward", forward_as_libraries_do),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
