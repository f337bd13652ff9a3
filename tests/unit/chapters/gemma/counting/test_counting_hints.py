"""Wrong answers to the exercises on counting fail, and the hint names the misconception behind them."""

import math

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.accounting import meta_model
from llmbook.chapters import evaluate
from llmbook.chapters.gemma.counting.checks import SIZES, cache_mistakes, parameters, sizes_of
from llmbook.models import PUBLISHED

PREFIX = "gemma-ex-"


def counted(wrong):
    """A parameter count with one deliberate mistake: a function of the sizes by name, and of tied."""
    return lambda *values: wrong(dict(zip(SIZES, values[:-1], strict=True)), values[-1])


def per_width(V, L, H, K, E, G, matrices=3, norms=3, tables=1):
    """Numbers for each unit of width."""
    return tables * V + L * (2 * H * E + 2 * K * E + matrices * G + max(norms - 1, 0)) + norms // 3


def with_width(width):
    """The answer `width`, whatever the sizes; or that of a rule of V, L, H, K, E and G."""
    return lambda total, *sizes: width(total, *sizes) if callable(width) else width


def nearest_total(total, V, L, H, K, E, G, step=1):
    """Try every width that is a multiple of a step."""
    widths = range(step, 10_000, step)
    return min(widths, key=lambda width: abs(width * per_width(V, L, H, K, E, G) - total))


def shapes(V, D, L, H, K, E, G, tied):
    """The shape of every tensor."""
    block = [(D, H * E), (D, K * E), (D, K * E), (H * E, D), (D, G), (D, G), (G, D), (D,), (D,)]
    return block * L + [(D,)] + [(V, D)] * (2 - bool(tied))


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
    ("kv-cache", lambda L, H, K, E, T, size: 24, "expected 7,516,192,768"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * K * E * T * size / 2**30, "in GiB"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * K * E * (T - 1) * size, "one token is missing"),
    ("kv-cache", lambda L, H, K, E, T, size: L * (H + 2 * K) * E * T * size, "queries are used once"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * (H // K) * E * T * size, "how many query heads share"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * K * E * T**2 * size, "with the square of the tokens"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * K * E * T * size // 1024 * 1024, "rounded to whole KiB"),
    ("kv-cache", lambda L, H, K, E, T, size: 2 * L * K * E * min(T, 4096) * size, "that is half of it"),
    ("groups", lambda head, H, K: 0, "as if there were one"),
    ("groups", lambda head, H, K: head, "a key-value head of its own"),
    ("groups", lambda head, H, K: head // (H // K) + 1, "counts from 1"),
    ("groups", lambda head, H, K: round(head * K / H), "rounded to the nearest"),
    ("groups", lambda head, H, K: -(-head * K // H), "rounded up"),
    ("groups", lambda head, H, K: K - 1 - head // (H // K), "in reverse"),
    ("groups", lambda head, H, K: head // 4, "is 1 at position [4], expected 0"),
    ("groups", lambda head, H, K: min(head, K - 1), "is 1 at position [1], expected 0"),
    ("groups", lambda head, H, K: list(range(K)).index(head), "raised ValueError"),
    ("parameters", counted(lambda s, tied: parameters(s, not tied)), "although it is tied"),
    ("parameters", counted(lambda s, tied: parameters(s, tied, block_norms=1)), "a block has two norms"),
    ("parameters", counted(lambda s, tied: parameters(s | {"layers": 1}, tied)), "only one block"),
    ("parameters", counted(lambda s, tied: parameters(s, tied, matrices=6)), "both halves of the gated layer"),
    ("parameters", counted(lambda s, tied: parameters(s, tied, block_norms=4, last_norm=2)), "a gain and no shift"),
    ("parameters", counted(lambda s, tied: parameters(s | {"heads": 1, "kv_heads": 1}, tied)), "one head only"),
    ("parameters", lambda *sizes: 188 if sizes[-1] else 228, "expected 8,537,680,896"),
    ("parameters", counted(lambda s, tied: round(parameters(s, tied), -3)), "is 0, expected 188"),
    ("parameters", counted(lambda s, tied: parameters(s, tied) / 1e9), "in billions"),
    ("parameters", lambda V, D, L, H, K, E, G, tied: 12 * L * D**2 + V * D, "expected 188"),
    ("width", with_width(3072), "expected 2,048"),
    ("width", with_width(lambda total, V, L, H, K, E, G: G // 8), "expected 500"),
    ("width", with_width(lambda total, *sizes: round(total / per_width(*sizes, norms=0))), "the gains of the norms"),
    ("width", with_width(lambda total, V, *sizes: total // V), "only the embedding"),
    ("width", with_width(lambda total, *sizes: total // per_width(*sizes, matrices=2)), "has three matrices"),
    ("width", with_width(lambda total, V, L, *sizes: total // per_width(V, 1, *sizes)), "only one layer"),
    ("width", with_width(lambda total, V, L, *rest: math.isqrt(total // (12 * L))), "expected 3,072"),
    ("width", lambda total, *sizes: nearest_total(total, *sizes, step=128), "a multiple of 128"),
    ("width", lambda total, V, L, H, K, E, G: total / per_width(V, L, H, H, E, G), "as many heads as queries"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_where_two_slips_of_the_cache_share_a_number_both_are_told():
    report = evaluate("gemma-ex-kv-cache", lambda L, H, K, E, T, size: 16 * L * K * E * T * size)
    seven, two, odd = (outcome.message for outcome in report.outcomes)
    assert "query heads" not in seven and "query heads" in two and "size in bits" in two
    assert odd.endswith(": that is the size in bits: 8 bits are one byte")


def test_the_slips_of_the_small_cache_give_different_numbers():
    """At one byte a number, what forgets the bytes is right; the other checks see it."""
    values = [value for value, _ in cache_mistakes(3, 12, 3, 5, 7, 1)]
    assert len(set(values)) == len(values) == 12


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


RIGHT = [
    ("kv-cache", lambda n, q, kv, size, length, each: sum(2 * kv * size * length * each for _ in range(n))),
    ("kv-cache", lambda L, H, K, E, T, size: float(2 * L * K * E * T * size)),
    ("kv-cache", lambda L, H, K, E, T, size: np.prod([2, L, K, E, T, size])),
    ("kv-cache", lambda L, H, K, E, T, size: torch.tensor([2, L, K, E, T, size]).prod()),
    ("groups", lambda head, H, K: head * K // H),
    ("groups", lambda head, H, K: int(head / (H / K))),
    ("groups", lambda q, Q, kv: torch.arange(kv).repeat_interleave(Q // kv)[q]),
    ("groups", lambda q, Q, kv: np.repeat(np.arange(kv), Q // kv)[q]),
    ("groups", lambda head, H, K: divmod(head, H // K)[0]),
    ("parameters", lambda *sizes: sum(math.prod(shape) for shape in shapes(*sizes))),
    ("parameters", lambda *sizes: float(np.sum([np.prod(shape, dtype=np.int64) for shape in shapes(*sizes)]))),
    ("parameters", lambda V, D, L, H, K, E, G, tied: D * (per_width(V, L, H, K, E, G) + (0 if tied else V))),
    ("width", lambda total, *sizes: total / per_width(*sizes)),
    ("width", nearest_total),
    ("width", lambda p, v, n, h, k, e, g: np.int64(p) // np.int64(per_width(v, n, h, k, e, g))),
    ("width", lambda total, *sizes: torch.tensor(total) // per_width(*sizes)),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
