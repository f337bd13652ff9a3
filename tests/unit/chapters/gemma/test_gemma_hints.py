"""Wrong answers to the exercises of the Gemma chapter fail, and the hint names the misconception behind them."""

import math

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_two_for_each, hint_cases

from llmbook.accounting import meta_model
from llmbook.chapters import evaluate
from llmbook.chapters.gemma.counting.checks import SIZES, cache_mistakes, parameters, sizes_of
from llmbook.models import PUBLISHED


def tanh_gelu(x):
    return F.gelu(x, approximate="tanh")


def slope(x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(tanh_gelu(x).sum(), x)[0]


def counted(wrong):
    """A parameter count with one deliberate mistake: a function of the sizes by name, and of tied."""
    return lambda *values: wrong(dict(zip(SIZES, values[:-1], strict=True)), values[-1])


def per_width(V, L, H, K, E, G, matrices=3, norms=3, tables=1):
    """Numbers for each unit of width."""
    return tables * V + L * (2 * H * E + 2 * K * E + matrices * G + max(norms - 1, 0)) + norms // 3


def rooted(x, eps=0.0, mean=True):
    total = x.float().square().mean(-1, keepdim=True) * (1 if mean else x.shape[-1])
    return x.float() / (total + eps).sqrt()


def normed(x, eps):
    return (x.float() * torch.rsqrt(x.float().square().mean(-1, keepdim=True) + eps)).to(x.dtype)


def place(pre, post, both):
    """A residual step that takes the given formulas."""
    n = lambda v: normed(v, 1e-6)  # noqa: E731
    return lambda x, w, name: {"pre": pre, "post": post, "both": both}[name](x, lambda v: v @ w.T, n)


PRE, POST = (lambda x, f, n: x + f(n(x))), (lambda x, f, n: n(x + f(x)))
BOTH = lambda x, f, n: x + n(f(n(x)))  # noqa: E731


def kept(keep, ordered=False):
    """A top-p mask by a rule on the sums; left in sorted order if asked."""
    def choose(probabilities, p):
        sums, order = probabilities.sort(descending=True)
        chosen = keep(sums.cumsum(0), sums, p)
        return chosen if ordered else torch.zeros_like(chosen).scatter(0, order, chosen)
    return choose


def turned(x, positions, base, sign=1, power=2, pairs=False):
    """A rotation with the sign, the exponent and the pairing open."""
    angles = positions[:, None] * float(base) ** (-torch.arange(x.shape[-1] // 2) * power / x.shape[-1])
    cos, sin = angles.cos(), sign * angles.sin()
    a, b = (x[..., ::2], x[..., 1::2]) if pairs else x.chunk(2, -1)
    out = a * cos - b * sin, b * cos + a * sin
    return torch.stack(out, -1).flatten(-2) if pairs else torch.cat(out, -1)


def stripped(ids, bos):
    return [bos] + [i for i in ids if i != bos]


def signed_gap(x):
    gap = F.gelu(x) - tanh_gelu(x)
    return x[gap.argmax()], gap.max()


def absolute_gap(x):
    return (F.gelu(x) - tanh_gelu(x)).abs()


WRONG = [
    ("kv-cache", lambda L, H, K, E, T, size: L * K * E * T * size, "keys and values are both stored"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * H * E * T * size, "that counts query heads"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * K * E * T * size, "the cache of one layer"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * K * E * T, "the bytes of one number"),
    ("kv-cache", lambda L, H, K, E, T, size: 16 * L * K * E * T * size, "size in bits"),
    ("kv-cache", lambda L, H, K, E, T, size: 4 * L * K * E * T, "2 bytes for every number"),
    ("groups", lambda head, H, K: head % K, "repeat_interleave"),
    ("groups", lambda head, H, K: head / (H // K), "use //"),
    ("groups", lambda head, H, K: head // K, "size of a group"),
    ("parameters", counted(lambda s, tied: parameters(s, False)), "although it is tied"),
    ("parameters", counted(lambda s, tied: parameters(s, True)), "leaves out the output matrix"),
    ("parameters", counted(lambda s, tied: parameters(s, tied, matrices=2)), "three matrices"),
    ("parameters", counted(lambda s, tied: parameters(s, tied, inner=s["width"])), "heads x head_size"),
    ("parameters", counted(lambda s, tied: parameters(s, tied, block_norms=0, last_norm=0)), "only the norms"),
    ("parameters", counted(lambda s, tied: parameters(s, tied, last_norm=0)), "only the last norm"),
    ("parameters", counted(lambda s, tied: parameters(s | {"kv_heads": s["heads"]}, tied)), "as many heads as queries"),
    ("width", lambda total, V, L, H, K, E, G: 4096, "4096 is printed"),
    ("width", lambda total, V, L, H, K, E, G: H * E, "inside attention, not the width"),
    ("width", lambda total, *sizes: total / per_width(*sizes, norms=0), "the gains of the norms"),
    ("width", lambda total, *sizes: total // per_width(*sizes, norms=0), "the gains of the norms"),
    ("width", lambda total, *sizes: total // (per_width(*sizes) - 1), "the gains of the norms"),
    ("width", lambda total, *sizes: total // per_width(*sizes, tables=2), "counts the vocabulary twice"),
    ("width", lambda total, *sizes: total / per_width(*sizes, tables=2), "counts the vocabulary twice"),
    ("gelu-tanh", F.gelu, "exact GELU"),
    ("gelu-tanh", lambda x: 2 * tanh_gelu(x), "twice too large"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * x)), "cubic term"),
    ("gelu-tanh", lambda x: x / 2 * (1 + torch.tanh(x + 0.044715 * x**3)), "sqrt(2 / pi) is missing"),
    ("gelu-tanh", lambda x: x * torch.sigmoid(1.702 * x), "sigmoid approximation"),
    ("gelu-tanh", F.silu, "that is SiLU"),
    ("gelu-tanh", lambda x: x / 2 * (1 + (z := torch.exp(2 * 0.7978845608 * (x + 0.044715 * x**3))).sub(1) / (z + 1)),
     "an exponential overflows"),
    ("silu-derivative", torch.sigmoid, "product rule has a second term"),
    ("silu-derivative", lambda x: x * torch.sigmoid(x) * (1 - torch.sigmoid(x)), "gate itself is missing"),
    ("silu-derivative", lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x)), "slope of the sigmoid"),
    ("silu-derivative", lambda x: (1 + torch.exp(-x) + x * torch.exp(-x)) / (1 + torch.exp(-x)) ** 2, "overflows"),
    ("gelu-gap", signed_gap, "use the absolute value|take absolute values"),
    ("gelu-gap", lambda x: (absolute_gap(x).argmax(), absolute_gap(x).max()), "the index in the grid"),
    ("gelu-gap", lambda x: (x[absolute_gap(x).argmax()], -absolute_gap(x).max()), "return its absolute value"),
    ("gelu-gap", lambda x: absolute_gap(x).max(), "expected 2: the place x and the gap there"),
    ("matched-width", lambda plain, multiple: plain // 2, "one half"),
    ("matched-width", lambda plain, multiple: 2 * plain / 3 // multiple * multiple, "rounded down"),
    ("matched-width", lambda plain, multiple: round(2 * plain / 3 / multiple) * multiple, "nearest"),
    ("matched-width", lambda plain, multiple: -(-int(2 * plain / 3) // multiple) * multiple, "cut off before rounding"),
    ("matched-width", lambda plain, multiple: 2 * plain / 3, "not a multiple of 256"),
    ("matched-width", lambda plain, multiple: (int(2 * plain / 3 / multiple) + 1) * multiple, "one multiple too many"),
    ("geglu", lambda x, g, u, d: (tanh_gelu(x @ u.T) * (x @ g.T)) @ d.T, "wrong branch"),
    ("geglu", lambda x, g, u, d: (tanh_gelu(x @ g.T) * tanh_gelu(x @ u.T)) @ d.T, "both branches"),
    ("geglu", lambda x, g, u, d: (F.gelu(x @ g.T) * (x @ u.T)) @ d.T, "exact GELU"),
    ("geglu", lambda x, g, u, d: (F.silu(x @ g.T) * (x @ u.T)) @ d.T, "SwiGLU"),
    ("geglu", lambda x, g, u, d: (torch.sigmoid(x @ g.T) * (x @ u.T)) @ d.T, "sigmoid on the gate"),
    ("geglu", lambda x, g, u, d: ((x @ g.T) * (x @ u.T)) @ d.T, "bilinear"),
    ("geglu", lambda x, g, u, d: (tanh_gelu(x @ g.T) + x @ u.T) @ d.T, "the gate multiplies"),
    ("unfuse", lambda m: m.chunk(2), "gate and up are exchanged"),
    ("unfuse", lambda m: (m[1::2], m[::2]), "every second row"),
    ("unfuse", lambda m: m.chunk(2, dim=1)[::-1], "along the columns"),
    ("gate-gradient", lambda g, u, d: (d * u * slope(g), d * slope(g)), "its factor is GELU"),
    ("gate-gradient", lambda g, u, d: (d * tanh_gelu(g), d * u * slope(g)), "exchanged"),
    ("gate-gradient", lambda g, u, d: (d * slope(g), d * tanh_gelu(g)), "multiplied by up"),
    ("gate-gradient", lambda g, u, d: (d * u * tanh_gelu(g), d * tanh_gelu(g)), "where its slope belongs"),
    ("gate-gradient", lambda g, u, d: (u * slope(g), tanh_gelu(g)), "multiply by upstream"),
    ("unit-offset", lambda x, w, eps: normed(x, eps) * w, "that gives zeros"),
    ("unit-offset", lambda x, w, eps: normed(x, eps) * (2 + w), "twice too large"),
    ("unit-offset", lambda x, w, eps: F.layer_norm(x, x.shape[-1:], eps=eps) * (1 + w), "as LayerNorm does"),
    ("unit-offset", lambda x, w, eps: x / (x.square().mean(-1, keepdim=True).sqrt() + eps) * (1 + w), "under the root"),
    ("unit-offset", lambda x, w, eps: rooted(x) * (1 + w), "eps is missing"),
    ("unit-offset", lambda x, w, eps: rooted(x, eps, mean=False) * (1 + w), "divides by the length"),
    ("unit-offset", lambda x, w, eps: normed(x, eps) * (1 + w), "float32 and cast last"),
    ("unit-offset", lambda x, w, eps: (normed(x.float(), eps) * (1 + w).float()).to(x.dtype), "1 + 0.003 is 1"),
    ("unit-offset", lambda x, w, eps: normed(x.float(), eps) * (1 + w.float()), "expected bfloat16"),
    ("weight-decay", lambda g, rate, decay, n, offset: g * (1 - rate * decay) ** n, "what is stored and decays is w"),
    ("weight-decay", lambda g, rate, decay, n, offset: 1 + (g - 1) * (1 - rate * decay) ** n, "without the offset"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + (g - offset) * (1 - n * rate * decay), "the same"),
    ("weight-decay", lambda g, rate, decay, n, offset: offset + (g - offset) * (1 - decay) ** n, "rate is missing"),
    ("weight-decay", lambda g, rate, decay, n, offset: (g - offset) * (1 - rate * decay) ** n, "that is w"),
    ("norm-place", place(POST, POST, BOTH), "that is post-norm"),
    ("norm-place", place(lambda x, f, n: n(x) + f(n(x)), POST, BOTH), "must carry x itself"),
    ("norm-place", place(PRE, lambda x, f, n: x + n(f(x)), BOTH), "output of the sublayer, before the addition"),
    ("norm-place", place(PRE, POST, lambda x, f, n: n(x + f(n(x)))), "and the whole sum"),
    ("norm-place", place(PRE, POST, lambda x, f, n: f(n(x))), "x is not added"),
    ("one-hot", lambda ids, V: F.one_hot(ids, V), "integers"),
    ("one-hot", lambda ids, V: F.one_hot(ids, V).float().transpose(1, 2), "last axis"),
    ("one-hot", lambda ids, V: F.one_hot((ids - 1) % V, V).float(), "too far left"),
    ("scale", lambda ids, w: w[ids], "not scaled"),
    ("scale", lambda ids, w: w[ids] / torch.tensor(w.shape[1] ** 0.5, dtype=w.dtype), "that divides"),
    ("scale", lambda ids, w: w[ids] * w.shape[1] ** 0.5, "Python float is not rounded"),
    ("scale", lambda ids, w: w[ids] * torch.tensor(w.shape[1] ** 0.5).bfloat16().to(w.dtype), "although the weights"),
    ("scale", lambda ids, w: w[ids].float() * w.shape[1] ** 0.5, "expected bfloat16"),
    ("scale", lambda ids, w: w[ids] * w.shape[0] ** 0.5, "size of the vocabulary"),
    ("one-bos", lambda ids, bos: [bos, *ids], "second one"),
    ("one-bos", lambda ids, bos: list(ids), "without BOS"),
    ("one-bos", lambda ids, bos: ids if ids[:1] == [bos] else [bos, *ids], "one too many"),
    ("one-bos", lambda ids, bos: [bos, *ids[(ids[:1] == [bos]) + (ids[:2] == [bos, bos]) :]], "however many"),
    ("one-bos", stripped, "only the front counts"),
    ("mask", lambda T, S: torch.ones(T, S, dtype=torch.bool).tril(), "shift by S - T"),
    ("mask", lambda T, S: ~torch.ones(T, S, dtype=torch.bool).tril(S - T), "exchanged"),
    ("mask", lambda T, S: torch.ones(T, S, dtype=torch.bool).tril(S - T - 1), "<=, not <"),
    ("mask", lambda T, S: torch.ones(T, S).tril(S - T), "expected bool"),
    ("top-p", kept(lambda sums, each, p: sums <= p), "crosses p is dropped"),
    ("top-p", kept(lambda sums, each, p: sums - each <= p), "one token too many"),
    ("top-p", kept(lambda sums, each, p: sums - each < p, ordered=True), "sorted order"),
    ("top-p", lambda q, p: q.cumsum(0) - q < p, "sort by probability first"),
    ("top-p", lambda q, p: q >= p, "min-p"),
    ("rope", lambda x, p, b: turned(x, p, b, pairs=True), "pairs neighbors"),
    ("rope", lambda x, p, b: turned(x, p, b, sign=-1), "turns the other way"),
    ("rope", lambda x, p, b: turned(x, p, b, power=1), "not i / E"),
    ("rope", lambda x, p, b: turned(x, p + 1, b), "count from 0"),
    ("rope", lambda x, p, b: turned(x, p.bfloat16().float(), b), "which has no 257"),
    ("rope", lambda x, p, b: turned(x, p.half().float(), b), "which has no 8191"),
    ("rope", lambda x, p, b: turned(x, torch.arange(len(x)), b), "you count the rows"),
    ("rope", lambda x, p, b: turned(x, p * 0, b), "nothing turns|do not depend on positions"),
    ("rope", lambda x, p, b: x + p[:, None], "moving queries and keys"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases("gemma-ex-", WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_every_exercise_has_at_least_two_wrong_answers():
    check_two_for_each("gemma-ex-", WRONG)


def test_where_two_slips_of_the_cache_share_a_number_both_are_told():
    assert len({value for value, _ in cache_mistakes(28, 16, 16, 256, 8192, 4)}) == 5  # half of it: two ways
    report = evaluate("gemma-ex-kv-cache", lambda L, H, K, E, T, size: 16 * L * K * E * T * size)
    seven, two = (outcome.message for outcome in report.outcomes)
    assert "query heads" not in seven and "query heads" in two and "size in bits" in two


def test_complex_numbers_rotate_too():
    def by_complex(x, positions, base):
        size = x.shape[-1]
        angles = positions.double()[:, None] * float(base) ** (-torch.arange(0, size, 2).double() / size)
        first, second = x.double().chunk(2, -1)
        z = torch.complex(first, second) * torch.polar(torch.ones_like(angles), angles)
        return torch.cat([z.real, z.imag], -1)

    assert evaluate("gemma-ex-rope", by_complex).passed


def test_parameters_may_have_other_names():
    def mine(v, d, n, h, k, e, g, shared):
        return parameters(dict(zip(SIZES, (v, d, n, h, k, e, g), strict=True)), shared)

    assert evaluate("gemma-ex-parameters", mine).passed
    assert evaluate("gemma-ex-width", lambda p, v, n, h, k, e, g: p // per_width(v, n, h, k, e, g)).passed


@pytest.mark.parametrize("name", ["gemma-2b", "gemma-7b", "llama-2-7b"])
def test_the_formula_of_the_checks_equals_the_built_model(name):
    config = PUBLISHED[name]
    built = sum(tensor.numel() for tensor in meta_model(config).parameters())
    assert parameters(sizes_of(config), config.tie_embeddings) == built
    assert parameters(sizes_of(config), not config.tie_embeddings) != built
