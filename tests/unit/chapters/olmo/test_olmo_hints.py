"""Wrong answers to the exercises of the OLMo chapter fail, and the hint names the misconception behind them."""

import math
from functools import partial
from statistics import mean, median, median_high, median_low, pstdev, stdev

import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_two_for_each, hint_cases

from llmbook.chapters import evaluate
from llmbook.chapters.olmo.comparison.checks import pairs
from llmbook.chapters.olmo.evidence import experiment as spoiled_run
from llmbook.chapters.olmo.evidence.checks import mean_spread, runs, unusual, usual_spread
from llmbook.experiments.results import read_result
from llmbook.layers.attention import causal_mask


def backward(x, upstream, eps, average=1.0, along=1.0, power=1, unbiased=False):
    """The gradient of the norm with its terms open."""
    centered = x - x.mean(-1, keepdim=True)
    sigma = (x.var(-1, keepdim=True, unbiased=unbiased) + eps).sqrt()
    y = centered / sigma
    means = average * upstream.mean(-1, keepdim=True) + along * y * (upstream * y).mean(-1, keepdim=True)
    return (upstream - means) / sigma**power


def by_autograd(x, upstream, eps):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad((F.layer_norm(leaf, leaf.shape[-1:], eps=eps) * upstream).sum(), leaf)[0]


def by_func(x, upstream, eps):
    return torch.func.vjp(lambda x: F.layer_norm(x, x.shape[-1:], eps=eps), x)[1](upstream)[0]


def by_loop(length, window):
    total = 0
    for place in range(length):
        total += min(place + 1, window)
    return total


def fused(hidden, swap=False):
    """A fused layer with the hidden numbers open."""
    def layer(x, matrix, down, gate_last):
        first, second = (x @ matrix.T).chunk(2, -1)
        gate, up = (second, first) if gate_last != swap else (first, second)
        return hidden(gate, up) @ down.T
    return layer


def adam(l2=False, decay_factor=None, one=True, two=True, after=False, shift=0, eps=1e-5, under_root=False):
    """AdamW's step with its usual slips."""
    def move(weight, gradient, first, second, step, rate, decay):
        gradient = gradient + decay * weight if l2 else gradient
        first, second = 0.9 * first + 0.1 * gradient, 0.95 * second + 0.05 * gradient**2
        mean = first / (1 - 0.9 ** (step + shift)) if one else first
        size = second / (1 - 0.95 ** (step + shift)) if two else second
        size = (size + eps).sqrt() if under_root else size.sqrt() + eps
        factor = 1 - rate * decay if decay_factor is None else decay_factor(decay)
        change = rate * mean / size
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


def packed(stream, size):
    rows = len(stream) // size
    return torch.tensor(stream[: rows * size]).view(rows, size)


def flat(documents, end, before=False):
    return [i for document in documents for i in ([end, *document] if before else [*document, end])]


def coins(losses, sides=2, exactly=False):
    count = 2 * losses + 1
    while sides * sum(math.comb(count, k) for k in range(losses * exactly, losses + 1)) / 2**count >= 0.05:
        count += 1
    return count


def half(weight, heads, first=0):
    by_head = weight.unflatten(0, (heads, -1))
    return torch.cat((by_head[:, first::2], by_head[:, 1 - first :: 2]), 1).flatten(0, 1)


def lowest(scores, k):
    worst = (-scores).topk(k, -1).indices
    return torch.zeros_like(scores).scatter(-1, worst, scores.gather(-1, worst).softmax(-1))


def chosen(scores, k):
    return scores >= scores.topk(k, -1).values[:, -1:]


WRONG = [
    ("fold-norm", lambda g, s, w, b: (w * g[:, None] if len(w) == len(g) else w * g, w @ s + b), "multiplies the rows"),
    ("fold-norm", lambda g, s, w, b: (w * g, w @ s), "old bias is lost"),
    ("fold-norm", lambda g, s, w, b: (w * g, (w * g) @ s + b), "counted twice"),
    ("fold-norm", lambda g, s, w, b: (w * g, b), "the shift has no effect"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, average=0), "RMSNorm's gradient"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, along=0), "treated as a constant"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, power=0), "last division by s is missing"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, unbiased=True), "variance with D - 1"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, 0), "eps is missing"),
    ("norm-gradient", lambda x, g, eps: backward(x, g, eps, along=x.shape[-1]), "take the mean"),
    ("norm-gradient", lambda x, g, eps: by_autograd(x, g, eps), "without autograd"),
    ("norm-gradient", lambda x, g, eps: by_func(x, g, eps), "without autograd"),
    ("fused", fused(lambda gate, up: F.silu(gate) * up, swap=True), "exchanged"),
    ("fused", lambda x, m, d, last: fused(lambda gate, up: F.silu(gate) * up)(x, m, d, True), "look at `gate_last`"),
    ("fused", fused(lambda gate, up: F.silu(gate) * F.silu(up)), "both halves"),
    ("fused", fused(lambda gate, up: F.gelu(gate) * up), "GELU on the gate"),
    ("fused", lambda x, m, d, last: (F.silu(x @ m[::2].T) * (x @ m[1::2].T)) @ d.T, "every second row"),
    ("rope-permute", lambda w, heads: w.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2), "the way back"),
    ("rope-permute", lambda w, heads: half(w, 1), "mixes the heads"),
    ("rope-permute", lambda w, heads: half(w, heads, first=1), "turns the other way"),
    ("rope-permute", lambda w, heads: half(w.T, 1).T, "moves columns"),
    ("column", lambda d, heads, kind: (d // heads, heads), "with MQA they share one"),
    ("column", lambda d, heads, kind: (d // heads, heads // 4 if kind == "GQA" else heads), "does not say how many"),
    ("column", lambda d, heads, kind: (heads, heads), "divided by it"),
    ("window", lambda T, w: pairs(T, w + 1), "includes the token's own"),
    ("window", lambda T, w: T * w, "starts with a triangle"),
    ("window", lambda T, w: T * (T + 1) // 2, "without a window"),
    ("window", lambda T, w: w * (w + 1) // 2 + (T - w) * w, "ordinary triangle"),
    ("window", lambda T, w: sum(min(t + 1, w) for t in range(T)), "without a loop"),
    ("window", by_loop, "without a loop"),
    ("router", lambda s, k: s.softmax(-1), "only the chosen ones may run"),
    ("router", lambda s, k: s.softmax(-1) * chosen(s, k), "must add up to 1"),
    ("router", lambda s, k: (s * chosen(s, k)).softmax(-1), "exp(0) is 1"),
    ("router", lowest, "lowest scores"),
    ("router", lambda s, k: s.topk(k, -1).values.softmax(-1), "in order of size"),
    ("split-qkv", lambda m, heads, size: [m.split([heads * size, size, size])[i] for i in (0, 2, 1)], "exchanged"),
    ("split-qkv", lambda m, heads, size: m[: len(m) // 3 * 3].chunk(3), "equal thirds"),
    ("split-qkv", lambda m, heads, size: (m[2 * size :], m[:size], m[size : 2 * size]), "queries come first"),
    ("adamw", adam(l2=True), "which is L2"),
    ("adamw", adam(decay_factor=lambda decay: 1 - decay), "multiplied by the learning rate"),
    ("adamw", adam(decay_factor=lambda decay: 1), "does not decay"),
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
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N, floor=0), "ends at a tenth"),
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N, stop=False), "do not go on falling"),
    ("schedule", lambda t, peak, W, N: decayed(t, peak, W, N, start=0), "begins when the warm-up ends"),
    ("schedule", lambda t, peak, W, N: decayed(t - (t <= W), peak, W, N), "steps count from 1"),
    ("schedule", lambda t, peak, W, N: peak * (0.1 + 0.9 * min(1, t / W)), "this warm-up starts from zero"),
    ("schedule", lambda t, peak, W, N: decayed(t - (t > W), peak, W, N), "begins a step late"),
    ("schedule", lambda t, peak, W, N: decayed(min(t, W), peak, W, N), "stays at its peak"),
    ("pack", lambda ds, end, T: packed(flat(ds, end)[:-1], T + 1), "follows the last document too"),
    ("pack", lambda ds, end, T: packed(flat(ds, end, before=True), T + 1), "stands before each"),
    ("pack", lambda ds, end, T: packed(flat(ds, end), T), "rows are too short"),
    ("pack", lambda ds, end, T: packed([i for d in ds for i in d], T + 1), "end tokens are missing"),
    ("pack", lambda ds, end, T: packed(flat(ds, end) + [end] * (-len(flat(ds, end)) % (T + 1)), T + 1), "filled up"),
    ("spike", lambda *log: [[step, 1] for step in unusual(*log)], "are one event"),
    ("spike", lambda *log: [[first, first + count - 1] for first, count in runs(unusual(*log))], "counts steps"),
    ("spike", lambda *log: runs(unusual(*log, own=1)), "the steps before it only"),
    ("spike", lambda *log: runs(unusual(*log, center=mean)), "which a spike pulls up"),
    ("spike", lambda *log: runs(unusual(*log, spread=pstdev)), "blows up the standard deviation"),
    ("spike", lambda *log: runs(unusual(*log, spread=lambda _: 1.0)), "in units of the usual spread"),
    ("spike", lambda *log: runs(unusual(*log, drops=True)), "only those above count"),
    ("spike", lambda *log: runs(unusual(*log, first=1)), "too few before them"),
    ("spike", lambda *log: runs(unusual(*log, ties=True)), "right at the limit is usual"),
    ("spike", lambda *log: runs(unusual(*log, spread=stdev)), "blows up the standard deviation"),
    ("spike", lambda *log: runs(unusual(*log, spread=mean_spread)), "the mean of the distances"),
    *(("spike", lambda *log, change=change: runs(unusual(*log, **change)), "the mean of the two in the middle")
      for other in (median_high, median_low) for spread in [partial(usual_spread, center=other)]
      for change in ({"center": other}, {"spread": spread}, {"center": other, "spread": spread})),
    ("sign-test", lambda losses: coins(losses, sides=1), "one-sided"),
    ("sign-test", lambda losses: coins(losses) - losses, "the number of wins"),
    ("sign-test", lambda losses: coins(losses, exactly=True), "only exactly so many"),
    ("padded-rows", lambda z, V: z.masked_fill(torch.arange(z.shape[-1]) >= V, 0).softmax(-1), "use -inf"),
    ("padded-rows", lambda z, V: z.softmax(-1) * (torch.arange(z.shape[-1]) < V), "before the softmax"),
    ("padded-rows", lambda z, V: z[..., :V].softmax(-1), "keep the shape"),
    ("padded-rows", lambda z, V: z.softmax(-1), "stand for no token"),
    ("padded-rows", lambda z, V: z.masked_fill(torch.arange(z.shape[-1]) >= V, -15).softmax(-1), "small is not 0"),
    ("padded-rows", lambda z, V: z.masked_fill(torch.arange(z.shape[-1]) >= V, -100).softmax(-1), "small is not 0"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases("olmo-ex-", WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_every_exercise_has_at_least_two_wrong_answers():
    check_two_for_each("olmo-ex-", WRONG)


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


def test_a_middle_value_that_is_too_high_or_low_is_never_told_about_the_window():
    for other in (median_high, median_low):
        report = evaluate("olmo-ex-spike", lambda *log, other=other: runs(unusual(*log, center=other)))
        assert not report.passed and "judge it" not in repr(report)


def test_other_right_forms_pass():
    def by_division(losses, back, limit):
        spreads = [usual_spread(losses[step - back : step]) for step in range(back, len(losses))]
        over = [(losses[step] - median(losses[step - back : step])) / spreads[step - back] > limit
                for step in range(back, len(losses))]  # fmt: skip
        return tuple(map(tuple, runs([step + back for step, one in enumerate(over) if one])))

    def by_import(length, window):
        import xmlrpc.client  # noqa: F401  a module that nothing has imported runs thousands of lines
        return pairs(length, window)

    def by_exponentials(z, V):
        shares = z.exp() * (torch.arange(z.shape[-1]) < V)
        return shares / shares.sum(-1, keepdim=True)

    assert evaluate("olmo-ex-spike", by_division).passed
    assert evaluate("olmo-ex-window", by_import).passed
    assert evaluate("olmo-ex-padded-rows", by_exponentials).passed


@pytest.mark.parametrize("length, window", [(1, 1), (6, 1), (6, 3), (6, 6), (5, 9)])
def test_pairs_are_those_of_the_mask(length, window):
    assert pairs(length, window) == causal_mask(length, length, window=window).sum()
    assert pairs(length + 1, window) != causal_mask(length, length, window=window).sum()


def test_the_rule_finds_the_planted_errors_and_nothing_else():
    losses = [row["loss"] for row in read_result("spoiled_run")["rows"]]
    found = runs(unusual(losses, 20, 7.0))
    assert [first for first, _ in found] == [spoiled_run.DAMAGED_STEP, spoiled_run.WRONG_STEP + 1]
    calm = [loss for step, loss in enumerate(losses) if step not in range(110, 190)]
    assert unusual(calm, 20, 7.0) == []


def test_reordered_rows_give_the_scores_of_neighbors():
    from llmbook.layers.rope import apply_rope, rope_angles

    cos, sin = rope_angles(torch.arange(9), 8, 10000.0)
    query, key = torch.randn(2, 16, 4, generator=torch.Generator().manual_seed(0))
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(1))

    def heads(weight):
        return (x @ weight.T).view(9, 2, 8).transpose(0, 1)

    def neighbors(value):
        even, odd = value[..., ::2], value[..., 1::2]
        return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)

    right = neighbors(heads(query)) @ neighbors(heads(key)).mT
    for order, same in ((lambda w: half(w, 2), True), (lambda w: half(w, 1), False), (lambda w: w, False)):
        turned = [apply_rope(heads(order(weight)), cos, sin) for weight in (query, key)]
        assert torch.allclose(turned[0] @ turned[1].mT, right, atol=1e-4) == same
