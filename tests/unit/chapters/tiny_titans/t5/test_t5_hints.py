"""Wrong answers on buckets of distances and the numbers of a block fail, and the hint names the misconception."""

import math
from bisect import bisect_right

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.layers.relative_bias import relative_buckets
from llmbook.models.t5_blocks import T5Block
from llmbook.models.t5_config import T5Config

PREFIX = "tt-ex-t5-"


def bucket(sign=1, halves=True, log=math.log, last=True, ahead=True, whole=int, exact=lambda count, buckets: count // 2,
           far=lambda distance, exact: distance / exact, limit=lambda most: most):  # fmt: skip
    """The bucket of a distance with its usual slips."""
    def find(step, buckets, max_distance, both_ways):
        step, most = sign * step, limit(max_distance)
        split = both_ways if halves else not both_ways
        count = buckets // 2 if split else buckets
        distance = abs(step) if split or not ahead else max(-step, 0)
        offset, own = (count if split and step > 0 else 0), exact(count, buckets)
        if distance < own or not log:
            return offset + min(distance, count - 1)
        place = own + whole(log(far(distance, own)) / log(far(most, own)) * (count - own))
        return offset + (min(place, count - 1) if last else place)
    return find


def one_more(step, buckets, max_distance, both_ways):
    """The last bucket is one too far."""
    count = buckets // 2 if both_ways else buckets
    found = bucket(last=False)(step, buckets, max_distance, both_ways)
    ahead = count if both_ways and step > 0 else 0
    return min(found, ahead + count)


def zero_ahead(step, buckets, max_distance, both_ways):
    """The query itself among the keys ahead."""
    return bucket()(step, buckets, max_distance, both_ways) + (buckets // 2 if both_ways and step == 0 else 0)


def turned_halves(step, buckets, max_distance, both_ways):
    """Keys ahead in the first half, in the order of the second."""
    found = bucket()(step, buckets, max_distance, both_ways)
    return (found + buckets // 2) % buckets if both_ways else found


def signed(step, buckets, max_distance, both_ways):
    """A negative number for keys before the query."""
    found = bucket()(step, buckets, max_distance, both_ways)
    return -found if step < 0 else found


def by_edges(step, size, farthest, two_sided):
    """The first distance of each bucket, and where the distance belongs among them."""
    size = size // 2 if two_sided else size
    half = size // 2
    edges = [*range(half), *(half * (farthest / half) ** (k / (size - half)) for k in range(size - half))]
    distance = abs(step) if two_sided else max(-step, 0)
    return bisect_right(edges, distance) - 1 + (size if two_sided and step > 0 else 0)


def by_array(step, buckets, max_distance, both_ways):
    n = buckets // 2 if both_ways else buckets
    m, d = n // 2, np.abs(step) if both_ways else np.maximum(-step, 0)
    far = m + np.floor(np.log(np.maximum(d, 1) / m) / np.log(max_distance / m) * (n - m))
    return np.where(d < m, d, np.minimum(far, n - 1)) + n * (both_ways and step > 0)


def count(inner=True, cross=True, gate=True, norms=True, bias=0, matrices=4, gains=None, table=0, more=0):
    """The numbers of a block with its parts open."""
    def numbers(width, heads, head_size, hidden, gated, is_decoder):
        kinds = 2 if is_decoder and cross else 1
        inside = heads * head_size if inner else width
        rows = kinds + 1 if gains is None else gains
        biases = bias * kinds * (3 * heads * head_size + width)
        feed_forward = (2 + (gated if gate else not gated)) * width * hidden + more * hidden
        return kinds * matrices * width * inside + feed_forward + rows * norms * width + biases + table * heads
    return numbers


def squares(width, heads, head_size, hidden, gated, is_decoder):
    """An output matrix of the heads' size on both sides."""
    inside, kinds = heads * head_size, 1 + is_decoder
    return count()(width, heads, head_size, hidden, gated, is_decoder) + kinds * (inside**2 - width * inside)


def by_shapes(width, heads, head_size, hidden, gated, is_decoder):
    inside = heads * head_size
    attention = [(inside, width)] * 3 + [(width, inside), (width,)]
    feed_forward = [(hidden, width)] * (1 + gated) + [(width, hidden), (width,)]
    return sum(map(math.prod, attention * (1 + is_decoder) + feed_forward))


def package_bucket(step, buckets, max_distance, both_ways):
    options = {"buckets": buckets, "max_distance": max_distance, "bidirectional": both_ways}
    return relative_buckets(torch.tensor(step), **options)


def package_count(width, heads, head_size, hidden, gated, is_decoder):
    config = T5Config(vocab_size=9, width=width, layers=1, decoder_layers=1, heads=heads, head_size=head_size,
                      feedforward_width=hidden, gated=gated)
    return sum(tensor.numel() for tensor in T5Block(config, has_cross=is_decoder).parameters())


WRONG = [
    ("bucket", bucket(sign=-1), "looks back"),
    ("bucket", bucket(halves=False), "half of the buckets|keys ahead are in bucket 0"),
    ("bucket", bucket(log=None), "grows with the logarithm"),
    ("bucket", bucket(last=False), "shares the last bucket"),
    ("bucket", bucket(ahead=False), "looks back|keys ahead"),
    ("bucket", bucket(whole=round), "round down"),
    ("bucket", bucket(whole=math.ceil), "round down"),
    ("bucket", bucket(whole=float), "expected"),
    ("bucket", bucket(exact=lambda count, buckets: buckets // 2), "grows with the logarithm"),
    ("bucket", bucket(exact=lambda count, buckets: count // 4), "half of a direction's own buckets"),
    ("bucket", bucket(far=lambda distance, exact: max(distance, 1)), "divide both distances by m"),
    ("bucket", bucket(log=lambda ratio: ratio - 1), "grows with the logarithm"),
    ("bucket", bucket(limit=lambda most: 128), "the largest distance that is given"),
    ("bucket", one_more, "there are n, the last is n - 1"),
    ("bucket", zero_ahead, "the query itself"),
    ("bucket", turned_halves, "up to the query are in the first half"),
    ("bucket", signed, "a bucket is a row of a table"),
    ("bucket", lambda step, buckets, max_distance, both_ways: abs(step), "grows with the logarithm"),
    ("count", count(inner=False), "H E is not D"),
    ("count", count(cross=False), "cross-attention too"),
    ("count", count(gate=False), "three matrices with a gate"),
    ("count", count(norms=False), "norm with a gain"),
    ("count", count(bias=1), "no linear map"),
    ("count", count(matrices=3), "four matrices"),
    ("count", count(cross=False, gains=3), "two kinds of attention"),
    ("count", count(gains=2), "a norm of its own"),
    ("count", count(gains=1), "each sublayer has a norm"),
    ("count", count(more=1), "no linear map"),
    ("count", count(table=32), "table of relative positions"),
    ("count", squares, "leads back to D"),
    ("count", lambda *sizes: count()(*sizes[:-1], True), "only the decoder has cross-attention"),
    ("count", lambda *sizes: count(gains=2 * (2 + sizes[-1]))(*sizes), "no bias, only a gain"),
    ("count", lambda width, heads, size, *rest: count()(width, 1, size, *rest), "all heads"),
    ("count", lambda *sizes: 136, "expected"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("bucket", bucket()), ("bucket", by_edges), ("bucket", by_array), ("bucket", package_bucket),
    ("bucket", bucket(log=math.log2)), ("bucket", lambda *given: float(bucket(whole=math.floor)(*given))),
    ("count", count()), ("count", by_shapes), ("count", package_count),
    ("count", lambda *sizes: torch.tensor(count()(*sizes))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
