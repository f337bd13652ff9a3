"""Wrong answers to the exercises on cost fail with a hint that names the misconception; the package's answers pass."""

import math

import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.accounting.serving import Machine, Phase, price_of_seconds
from llmbook.accounting.t5 import t5_cache_bytes
from llmbook.chapters import evaluate
from llmbook.chapters.tiny_titans.cost.checks import BANDWIDTH, CACHES, FLOPS, smallest_batch
from llmbook.models.t5_config import PUBLISHED

PREFIX = "tt-ex-cost-"


def cache(factor=2, tokens=lambda read, written: read + written, batched=True, value=True, layered=True):
    """Bytes of a cache with each part open."""
    def count(layers, heads, size, read, written, batch, value_bytes):
        parts = (layers if layered else 1, heads, size, batch if batched else 1, value_bytes if value else 1)
        return factor * tokens(read, written) * math.prod(parts)
    return count


def seconds(join=lambda times: sum(map(max, times))):
    """Seconds of a summary from the pairs of times of its phases."""
    return lambda phases, flops, bandwidth: join([(work / flops, data / bandwidth) for work, data in phases])


def by_trying(most):
    """The smallest batch among the first ones."""
    def smallest(small, large, flops, machine_flops, bandwidth):
        pays = lambda size: max(large / bandwidth, size * flops / machine_flops) / size < small / bandwidth  # noqa: E731
        return next(filter(pays, range(1, most + 1)), None)
    return smallest


def batch(whole=lambda ratio: math.floor(ratio) + 1, never=None):
    """The smallest batch with its rounding open."""
    def smallest(small, large, flops, machine_flops, bandwidth):
        impossible = flops / machine_flops >= small / bandwidth
        return never if impossible and never != "ignored" else whole(large / small)
    return smallest


RIGHT = [
    ("cache", cache()),
    ("price", lambda seconds, price, batch: 1000 * seconds / batch * price / 3600),
    ("roofline", seconds()),
    ("batch", batch()),
]
WRONG = [
    ("cache", cache(factor=1), "a key and a value"),
    ("cache", cache(tokens=lambda read, written: read), "written tokens are looked at too"),
    ("cache", cache(tokens=lambda read, written: written), "belongs to what was read"),
    ("cache", cache(tokens=lambda read, written: read * written), "not with all their pairs"),
    ("cache", cache(batched=False), "a cache of its own"),
    ("cache", cache(value=False), "count of numbers"),
    ("cache", cache(factor=16), "these are bits"),
    ("cache", cache(layered=False), "every layer"),
    ("price", lambda s, p, b: 1000 * s * p / 3600, "its share"),
    ("price", lambda s, p, b: 1000 * s * b * p / 3600, "divide by it"),
    ("price", lambda s, p, b: 1000 * s / b * p / 60, "3,600 seconds"),
    ("price", lambda s, p, b: 1000 * s / b * p, "time is in seconds"),
    ("price", lambda s, p, b: s / b * p / 3600, "a thousand are asked for"),
    ("price", lambda s, p, b: 1000 * s / b / 3600, "those are hours"),
    ("roofline", seconds(lambda times: sum(map(sum, times))), "not the sum"),
    ("roofline", seconds(lambda times: max(map(sum, zip(*times, strict=True)))), "each has its own bottleneck"),
    ("roofline", seconds(lambda times: sum(map(min, times))), "not the faster"),
    ("roofline", seconds(lambda times: sum(time for time, _ in times)), "wait for memory"),
    ("roofline", seconds(lambda times: sum(time for _, time in times)), "wait for arithmetic"),
    ("roofline", seconds(lambda times: max(map(max, times))), "the longest phase"),
    ("batch", batch(lambda ratio: ratio), "a whole number"),
    ("batch", batch(math.floor), "the next one is cheaper"),
    ("batch", batch(math.ceil), "cheaper, not equal"),
    ("batch", batch(lambda ratio: math.floor(ratio) + 2), "one meeting less"),
    ("batch", batch(lambda ratio: 1), "fetches more than the small one"),
    ("batch", batch(never="ignored"), "no batch is large enough"),
    ("batch", by_trying(100), "pays: a step fetches the weights once for all its meetings, however many"),
    ("batch", by_trying(1000), "a batch of 100,001 pays"),
    ("batch", lambda *arguments: None, "fetches the weights once"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_the_package_gives_the_same_answers():
    flan = PUBLISHED["flan-t5-large"]
    assert CACHES[0][:3] == (flan.decoder_layers, flan.heads, flan.head_size)
    assert t5_cache_bytes(flan, 2048, 200, bytes_per_value=4) == cache()(*CACHES[0])
    machine = Machine(FLOPS, BANDWIDTH)
    phases = lambda pairs, flops, bandwidth: sum(Phase(*pair).seconds(machine) for pair in pairs)  # noqa: E731
    assert evaluate("tt-ex-cost-roofline", phases).passed
    assert evaluate("tt-ex-cost-price", lambda s, p, b: price_of_seconds(s / b, p)).passed


@pytest.mark.parametrize(("large", "flops"), [(7e9, 7e9), (8e9, 8e9), (1.9e11, 1.9e11), (3e11, 3e11)])
def test_the_smallest_batch_is_found_by_trying(large, flops):
    alone = 2e9 / BANDWIDTH
    paying = [size for size in range(1, 1000)
              if max(large / BANDWIDTH, size * flops / FLOPS) / size < alone]
    assert smallest_batch(2e9, large, flops, FLOPS, BANDWIDTH) == (min(paying) if paying else None)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
