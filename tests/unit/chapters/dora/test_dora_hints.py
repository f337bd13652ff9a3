"""Wrong answers to the exercises of the DoRA chapter fail, and the hint names the misconception behind them."""

import math

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_two_for_each, hint_cases

from llmbook.adapters import DoRALinear
from llmbook.chapters import evaluate
from llmbook.layers.quantization import normal_levels


def count(rows=False, columns=False, one=False, thin=lambda rank, shape: rank * sum(shape)):
    """The numbers of an adapter, with its magnitudes open."""
    def trained(shapes, rank, magnitudes):
        extra = sum(shape[0] * rows + shape[1] * columns + one for shape in shapes) if magnitudes else 0
        return sum(thin(rank, shape) for shape in shapes) + extra
    return trained


def start(bound=lambda inputs, rank: inputs**-0.5, normal=False, B=torch.zeros, low=-1):
    """A start with its spread open."""
    def draw(inputs, outputs, rank):
        A = torch.rand(rank, inputs) * (1 - low) + low if not normal else torch.randn(rank, inputs)
        return A * bound(inputs, rank), B(outputs, rank)
    return draw


def lora_by_autograd(x, upstream, A, B, s):
    A, B = A.clone().requires_grad_(), B.clone().requires_grad_()
    return torch.autograd.grad((s * (x @ A.T @ B.T) * upstream).sum(), (A, B))


def lora_by_the_large_matrix(x, upstream, A, B, s):
    large = upstream.T @ x
    return s * B.T @ large, s * large @ A.T


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


def lora(power=1, mean=False, transposed=False):
    """The gradients of LoRA with their usual slips."""
    def gradients(x, g, A, B, s):
        found = [s**power * (g @ B).T @ x, s**power * g.T @ (x @ A.T)]
        found = [gradient / len(x) for gradient in found] if mean else found
        return [gradient.T for gradient in found] if transposed else found
    return gradients


def grow(rows=torch.randn, columns=torch.zeros, power=1):
    """More rank, with the new parts open."""
    def grown(A, B, alpha, rank):
        more = rank - len(A)
        new_A, new_B = torch.cat([A, rows(more, A.shape[1])]), torch.cat([B, columns(len(B), more)], 1)
        return new_A, new_B, alpha * (rank / len(A)) ** power
    return grown


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


def flops(products, thin):
    """FLOPs of LoRA as so many whole and so many thin products; right for the other kinds."""
    def count(tokens, inputs, outputs, rank, kind):
        whole = 2 * tokens * inputs * outputs
        small = 2 * tokens * rank * (inputs + outputs)
        return {"frozen": 2 * whole, "full": 3 * whole, "lora": products * whole + thin * small}[kind]
    return count


def codes(block, levels, by=lambda block: block.abs().max()):
    return (block[:, None] / by(block) - levels).abs().argmin(1), by(block)


def floor(block, levels):
    scale = block.abs().max()
    return (torch.searchsorted(levels, block / scale, right=True) - 1).clamp(min=0), scale


def mean_change(axis=1, absolute=True):
    def changes(before, after):
        lengths = after.norm(dim=axis) - before.norm(dim=axis)
        return (lengths.abs() if absolute else lengths).mean(), 1 - F.cosine_similarity(before, after, dim=axis).mean()
    return changes


def cosine(before, after):
    return mean_change()(before, after)[0], F.cosine_similarity(before, after, dim=1).mean()


WRONG = [
    ("break-even", lambda o, i: min(o, i), "the matrix itself can have"),
    ("break-even", lambda o, i: min(o, i) // 2, "long and narrow|both hold the same"),
    ("break-even", lambda o, i: math.ceil(o * i / (o + i)), "round down|both hold the same"),
    ("tail", lambda values, rank: values[rank], "spectral norm"),
    ("tail", lambda values, rank: values[rank:].sum(), "add their squares"),
    ("tail", lambda values, rank: values[rank:].square().sum(), "root is missing"),
    ("tail", lambda values, rank: values[:rank].square().sum().sqrt(), "the part you keep"),
    ("gradient-rank", lambda n, t, i, o, steps: n * t * steps, "without limit"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * steps), "not each sequence"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o, n * t), "the steps add up"),
    ("gradient-rank", lambda n, t, i, o, steps: min(i, o), "count the outer products"),
    ("count", count(columns=True), "one magnitude for each output, that is"),
    ("count", count(), "trains a magnitude as well"),
    ("count", count(one=True), "not one in all"),
    ("count", count(thin=lambda rank, shape: rank * shape[0] * shape[1]), "never stored"),
    ("count", count(thin=lambda rank, shape: 2 * rank * shape[1]), "as many rows"),
    ("start", start(bound=lambda inputs, rank: rank**-0.5), "starts far too large"),
    ("start", start(normal=True), "the bound of the uniform numbers"),
    ("start", start(normal=True, bound=lambda inputs, rank: (3 * inputs) ** -0.5), "not uniform"),
    ("start", start(bound=lambda inputs, rank: 0), "nothing ever learns"),
    ("start", start(B=torch.randn), "before the first step"),
    ("start", start(low=0), "all numbers of A are positive"),
    ("start", lambda i, o, r: ((torch.rand(1, i) * 2 - 1).repeat(r, 1) / i**0.5, torch.zeros(o, r)), "repeat each"),
    ("lora-gradients", lora_by_autograd, "without autograd"),
    ("lora-gradients", lambda x, g, A, B, s: torch.func.vjp(lambda A, B: s * x @ A.T @ B.T, A, B)[1](g), "autograd"),
    ("lora-gradients", lambda x, g, A, B, s: (s * torch.einsum("no,ni,or->ri", g, x, B),
                                              s * torch.einsum("no,ni,ri->or", g, x, A)), "of the size of W"),
    ("lora-gradients", lambda x, g, A, B, s: (s * torch.einsum("noi,or->ri", g[:, :, None] * x[:, None], B),
                                              s * torch.einsum("noi,ri->or", g[:, :, None] * x[:, None], A)),
     "of the size of W"),
    ("lora-gradients", lora_by_the_large_matrix, "of the size of W"),
    ("lora-gradients", lambda *given: lora()(*given)[::-1], "are exchanged"),
    ("lora-gradients", lora(power=0), "scale s is missing"),
    ("lora-gradients", lora(mean=True), "mean over the tokens"),
    ("lora-gradients", lora(transposed=True), "transpose"),
    ("grow", grow(power=0), "alpha must grow"),
    ("grow", grow(power=2), "grown twice"),
    ("grow", grow(rows=torch.zeros), "neither ever learns"),
    ("grow", grow(columns=torch.randn), "both random"),
    ("grow", grow(rows=lambda *shape: torch.ones(shape)), "combinations of others"),
    ("grow", grow(rows=torch.zeros, columns=lambda *shape: torch.ones(shape)), "combinations of others"),
    ("weight", lambda W, A, B, m, s: m * (W + s * B @ A), "m[:, None]|has shape"),
    ("weight", lambda W, A, B, m, s: m * F.normalize(W + s * B @ A), "write magnitude[:, None]"),
    ("weight", weight(lambda W, V: V.norm(dim=0)), "down the columns"),
    ("weight", weight(lambda W, V: W.norm(dim=1, keepdim=True)), "norm of W:"),
    ("weight", weight(power=0), "scale s is missing"),
    ("weight", weight(length=False), "have length 1"),
    ("weight", lambda W, A, B, m, s: W + s * B @ A, "that is LoRA"),
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
    ("row-norm", norms(mixed=1), "mixed term comes twice"),
    ("row-norm", norms(last=1), "scale squared"),
    ("row-norm", norms(mixed=0), "not orthogonal"),
    ("row-norm", norms(last=0), "a length of its own"),
    ("row-norm", norms(root=False), "root is missing"),
    ("row-norm", norms(whole=False), "use all of gram"),
    ("row-norm", norms(clamped=False), "has no root"),
    ("unmerge", lambda W, A, B, m, s, n: W - s * B @ A, "undoes LoRA"),
    ("unmerge", lambda W, A, B, m, s, n: (W - s * B @ A) * (n / m)[:, None], "wrong order"),
    ("unmerge", lambda W, A, B, m, s, n: W * (m / n)[:, None] - s * B @ A, "now divide by it"),
    ("changes", mean_change(absolute=False), "absolute values"),
    ("changes", mean_change(axis=0), "those are the columns"),
    ("changes", cosine, "subtract it from 1"),
    ("flops", flops(3, 3), "multiply|expected"),
    ("flops", flops(1, 3), "still pass through"),
    ("flops", flops(2, 1), "backward pass too"),
    ("flops", flops(3, 0), "frozen weight is not computed"),
    ("merge", lambda W, A, B, s: W + (s * B @ A).bfloat16(), "rounded before it is added|expected"),
    ("merge", lambda W, A, B, s: W + s * B.bfloat16() @ A.bfloat16(), "before they are multiplied"),
    ("merge", lambda W, A, B, s: W.float() + s * B @ A, "round to the dtype"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.max), "can be negative"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.std), "standard deviation"),
    ("quantize", floor, "level below"),
    ("quantize", lambda b, levels: (levels[codes(b, levels)[0]], b.abs().max()), "return their indices"),
    ("bits", lambda block, double: 4, "scales need memory"),
    ("bits", lambda block, double: 4 + 32 / block, "quantized as well"),
    ("bits", lambda block, double: 4 + (8 / block if double else 32 / block), "scale of their own"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases("dora-ex-", WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_every_exercise_has_at_least_two_wrong_answers():
    check_two_for_each("dora-ex-", WRONG)


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


def test_both_ways_to_grow_pass():
    assert evaluate("dora-ex-grow", grow()).passed
    assert evaluate("dora-ex-grow", grow(rows=torch.zeros, columns=torch.randn)).passed


def by_singular_values(A, B, alpha, rank):
    left, values, right = torch.linalg.svd(alpha / len(A) * B @ A)
    return right[:rank], left[:, :rank] * values[:rank], rank


def in_doubles(A, B, alpha, rank):
    new_A, new_B, new_alpha = grow()(A, B, alpha, rank)
    return new_A.double().numpy(), new_B.double().numpy(), new_alpha


def forward_by_einsum(x, W, b, A, B, m, s):
    V = W + s * B @ A
    low = torch.einsum("ni,ri,or->no", x, A, B)
    return m / torch.einsum("oi,oi->o", V, V).sqrt() * (torch.einsum("ni,oi->no", x, W) + s * low) + b


def test_other_right_forms_pass():
    assert evaluate("dora-ex-grow", grow(rows=lambda *shape: 1e-7 * torch.randn(shape))).passed
    assert evaluate("dora-ex-grow", by_singular_values).passed and evaluate("dora-ex-grow", in_doubles).passed
    assert evaluate("dora-ex-forward", forward_by_einsum).passed
    assert evaluate("dora-ex-lora-gradients", lambda x, g, A, B, s: (
        s * torch.einsum("no,or,ni->ri", g, B, x), s * torch.einsum("ni,ri,no->or", x, A, g))).passed  # fmt: skip


def test_an_outer_product_is_no_start():
    def outer(inputs, outputs, rank):
        A = torch.randn(rank, 1) * torch.randn(inputs)
        return A / A.std() / (3 * inputs) ** 0.5, torch.zeros(outputs, rank)

    assert "repeat each other" in repr(evaluate("dora-ex-start", outer))


def test_nf4_is_quantized_as_the_package_does():
    from llmbook.layers.quantization import nearest

    def package(block, levels):
        scale = block.abs().max()
        return nearest(block / scale, levels).long(), scale

    assert evaluate("dora-ex-quantize", package).passed and len(normal_levels()) == 16
