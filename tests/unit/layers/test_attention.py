"""``attend`` equals ``attend_slow``, which equals loops in plain Python."""

import math
import random

import pytest
import torch

from llmbook.layers import attention
from llmbook.layers.attention import Attention, attend, attend_slow, causal_mask
from llmbook.layers.rope import apply_rope, rope_angles

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-6, torch.bfloat16: 2e-2}  # attend_slow's softmax is in float32


def draw_case(seed: int, dtype=torch.float32):
    """Random shapes with T <= S and grouped heads, and a mask (or None) that leaves every query something to read."""
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    batch, groups, kv_heads, size = rng.randint(1, 3), rng.randint(1, 4), rng.randint(1, 3), 2 * rng.randint(1, 9)
    queries = rng.choice([1, 1, 2, 5, 9])
    keys = queries + rng.choice([0, 0, 1, 6])
    shapes = ((batch, groups * kv_heads, queries, size), *[(batch, kv_heads, keys, size)] * 2)
    query, key, value = ((2 * torch.randn(shape, generator=generator)).to(dtype) for shape in shapes)
    mask = None
    if rng.random() < 0.5:
        mask = torch.rand(batch, 1, queries, keys, generator=generator) < 0.6
        mask |= torch.eye(queries, keys, dtype=torch.bool)
    return query, key, value, mask


def far(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape and a.dtype == b.dtype
    return float((a - b).abs().max() / b.abs().max())


def by_hand(query, key, value, mask) -> torch.Tensor:
    """One number at a time."""
    batch, heads, queries, size = query.shape
    kv_heads, keys = key.shape[1:3]
    out = torch.zeros(batch, heads, queries, size)
    for b in range(batch):
        for h in range(heads):
            k = h * kv_heads // heads
            for i in range(queries):
                position = keys - queries + i
                seen = [j for j in range(keys) if (j <= position if mask is None else mask[b, 0, i, j])]
                scores = [math.exp(sum((query[b, h, i] * key[b, k, j]).tolist()) / math.sqrt(size)) for j in seen]
                for score, j in zip(scores, seen, strict=True):
                    out[b, h, i] += score / sum(scores) * value[b, k, j]
    return out


@pytest.mark.parametrize("seed", range(12))
def test_slow_equals_plain_loops(seed):
    case = draw_case(seed)
    assert far(attend_slow(*case), by_hand(*case)) < 1e-5


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_fast_equals_slow(dtype):
    for seed in range(60):
        case = draw_case(seed, dtype)
        assert far(attend(*case), attend_slow(*case)) < TOLERANCE[dtype], seed


def fault_top_left(query, key, value, mask):
    """The causal mask that counts positions from the first key, as SDPA's ``is_causal`` does."""
    if mask is None:
        mask = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool).tril()
    return attend_slow(query, key, value, mask)


def fault_repeat(query, key, value, mask):
    times = query.shape[1] // key.shape[1]
    return attend_slow(query, key.repeat(1, times, 1, 1), value.repeat(1, times, 1, 1), mask)


def fault_no_mask(query, key, value, mask):
    return attend_slow(query, key, value, torch.ones(1, key.shape[2], dtype=torch.bool))


def fault_no_scale(query, key, value, mask):
    return attend_slow(query * query.shape[-1] ** 0.5, key, value, mask)


@pytest.mark.parametrize("fault", [fault_top_left, fault_repeat, fault_no_mask, fault_no_scale])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_the_comparison_sees_faults(fault, dtype):
    """The twin: in the same 60 cases, several break."""
    broken = 0
    for seed in range(60):
        case = draw_case(seed, dtype)
        broken += far(fault(*case), attend_slow(*case)) > TOLERANCE[dtype]
    assert broken >= 5


def test_two_queries_over_five_keys():
    """T < S: SDPA's own ``is_causal`` would let the first query see one key instead of four."""
    query, key, value = (torch.randn(1, 1, n, 4, generator=torch.Generator().manual_seed(n)) for n in (2, 5, 5))
    expected = by_hand(query, key, value, None)
    assert far(attend(query, key, value), expected) < 1e-5
    top_left = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    assert far(top_left, expected) > 0.1


BATCH, HEADS, QUERIES, KEYS = 3, 4, 2, 6
RIGHT = [(2, 6), (1, 6), (3, 4, 2, 6), (1, 4, 2, 6), (3, 1, 1, 6), (1, 1, 1, 6)]
WRONG = {
    "one column for all keys": (2, 1), "nothing about keys": (1, 1), "transposed": (6, 2), "keys only": (6,),
    "another T": (3, 6), "another S": (2, 5), "no heads": (3, 2, 6), "another B": (2, 1, 2, 6),
    "as many heads as key heads": (3, 2, 2, 6), "one column and heads": (3, 1, 2, 1), "five axes": (1, 3, 4, 2, 6),
}  # fmt: skip


def heads_for_masks():
    shapes = [(BATCH, HEADS, QUERIES, 8), *[(BATCH, 2, KEYS, 8)] * 2]
    return [torch.randn(shape, generator=torch.Generator().manual_seed(0)) for shape in shapes]


@pytest.mark.parametrize("function", [attend, attend_slow])
@pytest.mark.parametrize("shape", RIGHT)
def test_a_mask_is_stretched_along_rows_heads_and_queries(function, shape):
    heads, mask = heads_for_masks(), torch.rand(shape, generator=torch.Generator().manual_seed(1)) < 0.5
    mask[..., 0] = True
    whole = mask.expand(BATCH, HEADS, QUERIES, KEYS)
    assert torch.equal(function(*heads, mask), function(*heads, whole.contiguous()))


@pytest.mark.parametrize("function", [attend, attend_slow])
@pytest.mark.parametrize("shape", WRONG.values(), ids=WRONG)
def test_a_mask_of_another_shape_is_refused(function, shape):
    with pytest.raises(ValueError, match=r"\(T, S\) = \(2, 6\) or \(B, H, T, S\) = \(3, 4, 2, 6\), .* may be 1, not"):
        function(*heads_for_masks(), torch.ones(shape, dtype=torch.bool))


@pytest.mark.parametrize("function", [attend, attend_slow])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_a_mask_says_yes_or_no(function, dtype):
    with pytest.raises(ValueError, match=f"must be boolean, true where a query may look, not {dtype}"):
        function(*heads_for_masks(), torch.ones(QUERIES, KEYS, dtype=dtype))


@pytest.mark.parametrize("function", [attend, attend_slow])
def test_wrong_masks_are_stretched_without_a_word_if_nobody_looks(function, monkeypatch):
    """The twin: without the check some of them give numbers, even where a query may look at nothing it should."""
    monkeypatch.setattr(attention, "check_mask", lambda *args: None)
    for shape in [(2, 1), (1, 1), (3, 1, 2, 1)]:
        assert function(*heads_for_masks(), torch.ones(shape, dtype=torch.bool)).shape == (BATCH, HEADS, QUERIES, 8)
    query, key, value = heads_for_masks()
    assert attend_slow(query[:, :, :1], key, value, torch.ones(6, 1, dtype=torch.bool)).shape[2] == 6, "a new T"


def test_causal_mask_by_hand():
    assert causal_mask(2, 4).tolist() == [[True, True, True, False], [True, True, True, True]]
    assert causal_mask(3, 3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_query_head_reads_its_group():
    """Four query heads over two key heads: heads 0 and 1 read the first, 2 and 3 the second."""
    query, key = torch.zeros(1, 4, 1, 2), torch.zeros(1, 2, 1, 2)
    value = torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 1, 2)
    for function in (attend, attend_slow):
        assert function(query, key, value)[0, :, 0, 0].tolist() == [1.0, 1.0, 2.0, 2.0]


def test_attention_is_an_average_of_values():
    query, key, value, mask = draw_case(3)
    ones = attend(query, key, torch.ones_like(value), mask)
    assert torch.allclose(ones, torch.ones_like(ones), atol=1e-6)


def test_module_puts_the_parts_together():
    """Projections, split into heads, rotation, attention, merge, projection; with biases and a clamp."""
    torch.manual_seed(0)
    module = Attention(12, 4, 2, 6, bias=True, clip_qkv=0.5).requires_grad_(False)
    x, rotation = torch.randn(2, 5, 12), rope_angles(torch.arange(5), 6, 10000.0)
    heads = []
    for project, count in ((module.q_proj, 4), (module.k_proj, 2), (module.v_proj, 2)):
        flat = (x @ project.weight.T + project.bias).clamp(-0.5, 0.5)
        heads.append(torch.stack([flat[..., 6 * h : 6 * h + 6] for h in range(count)], dim=1))
    out = attend_slow(apply_rope(heads[0], *rotation), apply_rope(heads[1], *rotation), heads[2])
    flat = torch.cat([out[:, h] for h in range(4)], dim=-1)
    expected = flat @ module.o_proj.weight.T + module.o_proj.bias
    assert far(module(x, rotation), expected) < 1e-5
    module.clip_qkv = None
    assert far(module(x, rotation), expected) > 1e-2
    assert module.q_proj.weight.shape == (24, 12) and module.k_proj.weight.shape == (12, 12)
