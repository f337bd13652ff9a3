"""Wrong answers on the cache and the price fail, and the hint names the misconception behind them."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.accounting.serving import price_of_seconds
from llmbook.accounting.t5 import t5_cache_bytes
from llmbook.chapters.tiny_titans.cost.checks import CACHES
from llmbook.models.t5_config import PUBLISHED

PREFIX = "tt-ex-cost-"


def cache(factor=2, tokens=lambda read, written: read + written, batched=True, value=True, layered=True, headed=True,
          sized=True):  # fmt: skip
    """Bytes of a cache with each part open."""
    def count(layers, heads, size, read, written, batch, value_bytes):
        parts = (layers if layered else 1, heads if headed else 1, size if sized else 1,
                 batch if batched else 1, value_bytes if value else 1)
        return factor * tokens(read, written) * math.prod(parts)
    return count


def batch_of_summaries(layers, heads, size, read, written, batch, value_bytes):
    """One meeting that is read for all summaries."""
    return 2 * layers * heads * size * (read + batch * written) * value_bytes


def by_array(layers, heads, size, read, written, batch, value_bytes):
    shapes = [(2, layers, batch, heads, each, size, value_bytes) for each in (read, written)]
    return sum(map(np.prod, shapes))


def step_by_step(layers, heads, size, read, written, batch, value_bytes):
    """One token after the other."""
    total = read * layers * heads * size
    for _ in range(written):
        total += layers * heads * size
    return total * 2 * batch * value_bytes


def exactly(seconds, price, batch):
    """With fractions."""
    return float(Fraction(seconds) * 1000 / batch / 3600 * Fraction(price))


WRONG = [
    ("cache", cache(factor=1), "a key and a value"),
    ("cache", cache(tokens=lambda read, written: read), "written tokens are looked at too"),
    ("cache", cache(tokens=lambda read, written: written), "belongs to what was read"),
    ("cache", cache(tokens=lambda read, written: read + written - 1), "when the last token has been written"),
    ("cache", cache(tokens=lambda read, written: read + written + 1), "no more tokens than"),
    ("cache", cache(tokens=lambda read, written: max(read, written)), "written tokens are looked at too"),
    ("cache", cache(tokens=lambda read, written: read * written), "not with all their pairs"),
    ("cache", cache(tokens=lambda read, written: (read + written) ** 2), "not with all their pairs"),
    ("cache", cache(batched=False), "a cache of its own"),
    ("cache", batch_of_summaries, "each meeting is read"),
    ("cache", cache(value=False), "count of numbers"),
    ("cache", cache(factor=16), "these are bits"),
    ("cache", cache(layered=False), "every layer"),
    ("cache", cache(headed=False), "every key-value head"),
    ("cache", cache(sized=False), "`size` numbers"),
    ("cache", lambda *given: cache()(*given) / 1e9, "gigabytes"),
    ("price", lambda s, p, b: 1000 * s * p / 3600, "its share"),
    ("price", lambda s, p, b: 1000 * s * b * p / 3600, "divide by it"),
    ("price", lambda s, p, b: 1000 * s / b * p / 60, "3,600 seconds"),
    ("price", lambda s, p, b: 1000 * s / b * p, "time is in seconds"),
    ("price", lambda s, p, b: 1000 * s / b * p * 3600, "divide by 3,600"),
    ("price", lambda s, p, b: s / b * p / 3600, "a thousand are asked for"),
    ("price", lambda s, p, b: s * p / 3600, "one batch"),
    ("price", lambda s, p, b: 1000 * s / b / 3600, "those are hours"),
    ("price", lambda s, p, b: 1000 * s / b / p / 3600, "multiply by the price"),
    ("price", lambda s, p, b: math.ceil(1000 / b) * s * p / 3600, "not a whole one"),
    ("price", lambda s, p, b: 1000 // b * s * p / 3600, "not a whole one"),
    ("price", lambda s, p, b: math.ceil(1000 * s / b / 3600) * p, "whole hours"),
    ("price", lambda s, p, b: round(1000 * s / b * p / 3600, 2), "round nothing"),
    ("price", lambda s, p, b: 1000 * round(s / b * p / 3600, 4), "round nothing"),
    ("price", lambda s, p, b: 1024 * s / b * p / 3600, "expected"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("cache", cache()), ("cache", by_array), ("cache", step_by_step),
    ("cache", lambda *given: torch.tensor(cache()(*given))),
    ("price", lambda seconds, price, batch: 1000 * seconds / batch * price / 3600), ("price", exactly),
    ("price", lambda s, p, b: price_of_seconds(s / b, p)),
    ("price", lambda s, p, b: np.float32(s) / np.float32(b) * np.float32(p / 3.6)),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_the_package_counts_the_same_cache():
    flan = PUBLISHED["flan-t5-large"]
    assert CACHES[0][:3] == (flan.decoder_layers, flan.heads, flan.head_size)
    assert t5_cache_bytes(flan, 2048, 200, bytes_per_value=4) == cache()(*CACHES[0])
