"""Wrong answers to the exercises on T5 fail, and the hint names the misconception behind them."""

import math

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
from llmbook.layers.relative_bias import relative_buckets
from llmbook.models.t5_blocks import T5Block
from llmbook.models.t5_config import T5Config
from llmbook.models.t5_training import shift_right

PREFIX = "tt-ex-t5-"


def bucket(sign=1, halves=True, log=True, last=True, ahead=True):
    """The bucket of a distance with its usual slips."""
    def find(step, buckets, max_distance, both_ways):
        step = sign * step
        split = both_ways if halves else not both_ways
        count = buckets // 2 if split else buckets
        distance = abs(step) if split or not ahead else max(-step, 0)
        offset, exact = (count if split and step > 0 else 0), count // 2
        if distance < exact or not log:
            return offset + min(distance, count - 1)
        place = exact + int(math.log(distance / exact) / math.log(max_distance / exact) * (count - exact))
        return offset + (min(place, count - 1) if last else place)
    return find


def shift(start=True, drop=True, ignored=True):
    """Labels moved right with their usual slips."""
    def move(labels, start_id, pad_id):
        first = torch.full_like(labels[:, :1], start_id if start else 1)
        moved = torch.cat([first, labels[:, :-1] if drop else labels], 1)
        return moved.masked_fill(moved == -100, pad_id) if ignored else moved
    return move


def shift_left(labels, start_id, pad_id):
    return torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], pad_id)], 1)


def count(inner=True, cross=True, gate=True, norms=True, bias=0, matrices=4, gains=None):
    """The numbers of a block with its parts open."""
    def numbers(width, heads, head_size, hidden, gated, is_decoder):
        kinds = 2 if is_decoder and cross else 1
        inside = heads * head_size if inner else width
        rows = kinds + 1 if gains is None else gains
        biases = bias * kinds * (3 * heads * head_size + width)
        feed_forward = (2 + (gated if gate else not gated)) * width * hidden
        return kinds * matrices * width * inside + feed_forward + rows * norms * width + biases
    return numbers


def beam(combine=lambda scores, log_p: scores[:, None] + log_p, value=lambda x: x, order=lambda x: x,
         split=lambda flat, beams, size: (flat // size, flat % size)):  # fmt: skip
    """A step of beam search with its usual slips."""
    def step(scores, log_p):
        best, flat = combine(scores, log_p).flatten().topk(len(scores))
        parents, tokens = split(flat, *log_p.shape)
        return order(parents), order(tokens), value(order(best))
    return step


def one_child_each(scores, log_p):
    best, tokens = (scores[:, None] + log_p).max(1)
    return torch.arange(len(scores)), tokens, best


WRONG = [
    ("bucket", bucket(sign=-1), "looks back"),
    ("bucket", bucket(halves=False), "half of the buckets|keys ahead are in bucket 0"),
    ("bucket", bucket(log=False), "grows with the logarithm"),
    ("bucket", bucket(last=False), "shares the last bucket"),
    ("bucket", bucket(ahead=False), "looks back|keys ahead"),
    ("shift", shift(start=False), "stop token"),
    ("shift", shift(drop=False), "one token too long"),
    ("shift", shift(ignored=False), "-100 is no token"),
    ("shift", shift_left, "step to the left"),
    ("shift", lambda labels, start_id, pad_id: labels, "labels themselves"),
    ("shift", lambda labels, start_id, pad_id: labels.roll(1, 1), "came around"),
    ("shift", lambda labels, start_id, pad_id: (left := shift_left(labels, start_id, pad_id)).masked_fill(
        left == -100, pad_id), "step to the left: the decoder would read the answer"),
    ("shift", lambda labels, start_id, pad_id: (around := labels.roll(1, 1)).masked_fill(around == -100, pad_id),
     "came around to the front"),
    ("count", count(inner=False), "H E is not D"),
    ("count", count(cross=False), "cross-attention too"),
    ("count", count(gate=False), "three matrices with a gate"),
    ("count", count(norms=False), "norm with a gain"),
    ("count", count(bias=1), "no linear map"),
    ("count", count(matrices=3), "four matrices|expected"),
    ("beam", beam(combine=lambda scores, log_p: log_p), "add what the beginning scored"),
    ("beam", one_child_each, "each beginning kept its best child|same parent"),
    ("beam", beam(value=torch.exp), "not probabilities"),
    ("beam", beam(order=lambda x: x.flip(0)), "from the best on"),
    ("beam", beam(split=lambda flat, beams, size: (flat // size, flat)), "remainder by V"),
    ("beam", beam(split=lambda flat, beams, size: (flat % beams, flat % size)), "divide by V"),
    ("shift", lambda labels, start_id, pad_id: labels.masked_fill(labels == -100, pad_id), "did not move"),
    ("shift", shift(drop=False, ignored=False), "leave out the last label"),
    ("count", count(cross=False, gains=3), "two kinds of attention"),
    ("count", count(gains=2), "a norm of its own"),
    ("count", lambda *sizes: count()(*sizes[:-1], True), "only the decoder has cross-attention"),
    ("count", lambda *sizes: count(gains=2 * (2 + sizes[-1]))(*sizes), "no bias, only a gain"),
    ("beam", beam(combine=lambda scores, log_p: scores[:, None] * log_p), "added, not multiplied"),
    ("beam", lambda s, log_p: (*one_child_each(s, log_p)[:2], one_child_each(s, log_p)[2].sort(descending=True).values),
     "take the N best of all"),
    ("beam", lambda s, log_p: (*beam()(s, log_p)[:2], log_p.flatten().topk(len(s)).indices), "not places"),
    ("beam", lambda s, log_p: (*beam()(s, log_p)[:2], (s[:, None] * log_p).flatten().topk(len(s)).indices),
     "not places"),
    ("beam", beam(lambda scores, log_p: -scores[:, None] - log_p, value=torch.neg), "the largest are wanted"),
    ("beam", beam(split=lambda flat, beams, size: (flat // size, flat // size)), "those are the parents"),
    ("beam", beam(split=lambda flat, beams, size: (flat % size, flat % size)), "the parent is the row"),
    ("beam", lambda s, log_p: (beam()(s, log_p)[0], one_child_each(s, log_p)[1], beam()(s, log_p)[2]),
     "best tokens of each beginning"),
    ("beam", lambda s, log_p: (torch.arange(len(s)), *beam()(s, log_p)[1:]), "may have the same parent"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("slug", "right"), [
    ("bucket", bucket()), ("shift", shift()), ("count", count()), ("beam", beam()),
])  # fmt: skip
def test_the_sound_twins_pass(slug, right):
    assert evaluate(f"tt-ex-t5-{slug}", right).passed


def test_the_package_passes():
    def package_bucket(step, buckets, max_distance, both_ways):
        options = {"buckets": buckets, "max_distance": max_distance, "bidirectional": both_ways}
        return relative_buckets(torch.tensor(step), **options)

    def package_count(width, heads, head_size, hidden, gated, is_decoder):
        config = T5Config(vocab_size=9, width=width, layers=1, decoder_layers=1, heads=heads, head_size=head_size,
                          feedforward_width=hidden, gated=gated)
        return sum(tensor.numel() for tensor in T5Block(config, has_cross=is_decoder).parameters())

    assert evaluate("tt-ex-t5-bucket", package_bucket).passed
    assert evaluate("tt-ex-t5-count", package_count).passed
    assert evaluate("tt-ex-t5-shift", lambda labels, start, pad: shift_right(labels, start_id=start, pad_id=pad)).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
