"""Wrong answers to the exercises on counting fail, and the hint names the misconception behind them."""

import pytest
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
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_where_two_slips_of_the_cache_share_a_number_both_are_told():
    assert len({value for value, _ in cache_mistakes(28, 16, 16, 256, 8192, 4)}) == 5  # half of it: two ways
    report = evaluate("gemma-ex-kv-cache", lambda L, H, K, E, T, size: 16 * L * K * E * T * size)
    seven, two = (outcome.message for outcome in report.outcomes)
    assert "query heads" not in seven and "query heads" in two and "size in bits" in two


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


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
