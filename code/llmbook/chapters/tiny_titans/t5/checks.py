"""Checks for the page on T5: buckets of distances, shifted labels, the numbers of a block, one step of beam search."""

import math

import torch
from torch import Tensor

from llmbook.exercises.compare import Mistake, as_tensor, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.relative_bias import relative_buckets

STEPS = (0, -1, -7, -9, -31, -100, -500, 1, 7, 20, 100, 500)


def found(step: int, **options: int | bool) -> int:
    """The package's bucket of one relative position."""
    return int(relative_buckets(torch.tensor([step]), **options))


def unlimited(step: int, both_ways: bool, buckets: int, max_distance: int) -> int:
    """The bucket by the logarithm alone, without taking the last one for all that is farther."""
    per_direction = buckets // 2 if both_ways else buckets
    exact, distance = per_direction // 2, abs(step)
    growth = math.log(max(distance, exact) / exact) / math.log(max_distance / exact)
    return exact + int(growth * (per_direction - exact)) + (per_direction if both_ways and step > 0 else 0)


def expect_bucket(f, both_ways: bool, buckets: int, max_distance: int) -> None:
    """Compare with the package, distance by distance."""
    options = {"bidirectional": both_ways, "buckets": buckets, "max_distance": max_distance}
    per_direction = buckets // 2 if both_ways else buckets
    for step in STEPS:
        ahead = per_direction if both_ways and step > 0 else 0
        mistakes = [
            (found(-step, **options), "the sign: a step is key minus query, so a negative one looks back"),
            (found(step, **options | {"bidirectional": not both_ways}),
             "both ways, each direction gets half of the buckets" if both_ways else
             "back only, all buckets are for keys up to the query, and keys ahead are in bucket 0"),
            (min(abs(step), per_direction - 1) + ahead,
             "only the first half of a direction's buckets is exact, the other half grows with the logarithm"),
            (unlimited(step, both_ways, buckets, max_distance), "whatever is farther shares the last bucket"),
        ]  # fmt: skip
        try:
            expect_number(f(step, buckets, max_distance, both_ways), found(step, **options), mistakes)
        except Mistake as error:
            raise Mistake(f"step {step}: {error}") from None


@exercise("tt-ex-t5-bucket")
def buckets_both_ways(f):
    """Both ways, 32 buckets, max distance 128"""
    expect_bucket(f, True, 32, 128)


@exercise("tt-ex-t5-bucket")
def buckets_back_only(f):
    """Back only, 32 buckets, and 8 buckets with max distance 20"""
    expect_bucket(f, False, 32, 128)
    expect_bucket(f, False, 8, 20)


def expect_shifted(f, labels: Tensor, start_id: int, pad_id: int) -> None:
    """Compare with start, then the labels without their last, -100 read as padding."""
    start = torch.full_like(labels[:, :1], start_id)
    moved = torch.cat([start, labels[:, :-1]], 1)
    right = moved.masked_fill(moved == -100, pad_id)
    left = torch.cat([labels[:, 1:], torch.full_like(start, pad_id)], 1)
    mistakes = [
        (moved, "-100 is no token: the decoder cannot read it, let it read padding there"),
        (left, "that is a step to the left: the decoder would read the answer it has to give"),
        (left.masked_fill(left == -100, pad_id), "that is a step to the left: the decoder would read the answer"),
        (labels, "those are the labels themselves: the decoder would read the answer it has to give"),
        (labels.masked_fill(labels == -100, pad_id), "the labels did not move: the decoder would read the answer"),
        (labels.roll(1, 1), "the last label came around to the front: a start token belongs there"),
        (labels.roll(1, 1).masked_fill(labels.roll(1, 1) == -100, pad_id), "the last label came around to the front"),
        (torch.cat([start, labels], 1), "one token too long: leave out the last label"),
        (torch.cat([start, labels.masked_fill(labels == -100, pad_id)], 1), "one token too long: leave out the last"),
        (right.masked_fill(torch.arange(labels.shape[1]) == 0, 1), "the decoder starts with its start id, not with "
         "the stop token"),
    ]  # fmt: skip
    expect_tensor(as_tensor(f(labels, start_id, pad_id)), right, mistakes)


@exercise("tt-ex-t5-shift")
def shifted_as_in_t5(f):
    """Start and padding 0, as in T5"""
    expect_shifted(f, torch.tensor([[17, 23, 9, 1], [40, 1, -100, -100]]), 0, 0)


@exercise("tt-ex-t5-shift")
def shifted_with_other_ids(f):
    """Start 3, padding 2"""
    expect_shifted(f, torch.tensor([[5, 6, 7, 8, 1], [9, 4, 1, -100, -100]]), 3, 2)


def expect_block(f, width: int, heads: int, head_size: int, hidden: int, gated: bool, is_decoder: bool) -> None:
    """Compare with 4 D H E a kind of attention, 2 or 3 D F, and a gain of D for each norm."""
    def count(inner=heads * head_size, kinds=2 if is_decoder else 1, matrices=3 if gated else 2, norms=None, biases=0):
        gains = (kinds + 1 if norms is None else norms) * width
        return kinds * 4 * width * inner + matrices * width * hidden + gains + biases

    kinds = 2 if is_decoder else 1
    attention_biases = kinds * (3 * heads * head_size + width)
    mistakes = [
        (count(inner=width), "H E is not D here: the projections are D x H E"),
        *([(count(kinds=1), "a decoder's block has cross-attention too, with a norm of its own"),
           (count(kinds=1, norms=3), "a decoder's block has two kinds of attention"),
           (count(norms=2), "cross-attention has a norm of its own")] if is_decoder else
          [(count(kinds=2), "only the decoder has cross-attention")]),
        (count(matrices=2 if gated else 3), "three matrices with a gate, two without"),
        (count(norms=0), "each sublayer has a norm with a gain of D numbers"),
        (count(norms=2 * (kinds + 1)), "T5's norms have no bias, only a gain"),
        (count(biases=attention_biases), "no linear map of T5 has a bias"),
        (count() - kinds * width * heads * head_size, "attention has four matrices: query, key, value and output"),
    ]  # fmt: skip
    expect_number(f(width, heads, head_size, hidden, gated, is_decoder), count(), mistakes)


@exercise("tt-ex-t5-count")
def block_of_the_encoder(f):
    """Encoder of FLAN-T5 small, and a plain one"""
    expect_block(f, 512, 6, 64, 1024, True, False)
    expect_block(f, 40, 4, 8, 96, False, False)


@exercise("tt-ex-t5-count")
def block_of_the_decoder(f):
    """Decoder of FLAN-T5 small, and a plain one"""
    expect_block(f, 512, 6, 64, 1024, True, True)
    expect_block(f, 40, 4, 16, 96, False, True)


def expect_beam_step(f, scores: Tensor, log_p: Tensor) -> None:
    """Compare parents, tokens and sums with the N best of all N V continuations."""
    beams, vocabulary = log_p.shape
    got = expect_items(f(scores, log_p), 3, "parents, tokens and scores")
    parents, tokens, sums = (as_tensor(value, name) for value, name in zip(got, ("parents", "tokens", "scores"),
                                                                           strict=True))  # fmt: skip
    total = scores[:, None] + log_p
    best, flat = total.flatten().topk(beams)
    alone, alone_flat = log_p.flatten().topk(beams)
    mixed, mixed_flat = (scores[:, None] * log_p).flatten().topk(beams)
    one_each, token_each = total.max(1)
    mistakes = [
        (alone, "those are the best single steps: add what the beginning scored so far"),
        (one_each, "each beginning kept its best child: the N best of all continuations count, whoever the parent is"),
        (one_each.sort(descending=True).values, "each beginning kept its best child: take the N best of all"),
        (mixed, "log-probabilities are added, not multiplied"),
        (best.flip(0), "from the best on: yours run from the worst"),
        (best.exp(), "return log-probabilities, not probabilities"),
        (alone_flat, "return scores, not places"), (mixed_flat, "return scores, not places"),
        (total.flatten().topk(beams, largest=False).values, "the largest are wanted"),
    ]  # fmt: skip
    expect_tensor(sums, best, mistakes, name="the scores")
    expect_tensor(tokens, flat % vocabulary, [
        (flat, "that is the place in the flattened table: the token is its remainder by V"),
        (flat // vocabulary, "those are the parents: the token is the remainder by V"),
        (token_each, "those are the best tokens of each beginning")], name="the tokens")  # fmt: skip
    expect_tensor(parents, flat // vocabulary, [
        (torch.arange(beams), "two of the best may have the same parent"),
        (flat % beams, "divide by V, the length of a row, not by N"),
        (flat % vocabulary, "those are the tokens: the parent is the row")], name="the parents")  # fmt: skip


def beginnings(seed: int, beams: int, vocabulary: int) -> tuple[Tensor, Tensor]:
    """Scores of N beginnings, the first far ahead, and the log-probabilities of what may follow."""
    generator = torch.Generator().manual_seed(seed)
    scores = -torch.rand(beams, generator=generator).cumsum(0) - 0.3
    return scores, (2 * torch.randn(beams, vocabulary, generator=generator)).log_softmax(-1)


@exercise("tt-ex-t5-beam", points=2)
def beam_step_of_two(f):
    """Two beginnings, five tokens: Dana overtakes"""
    log_p = torch.tensor([[0.40, 0.35, 0.25, 1e-6, 1e-6], [1e-6, 1e-6, 1e-6, 0.90, 0.10]]).log()
    expect_beam_step(f, torch.tensor([0.55, 0.45]).log(), log_p)


@exercise("tt-ex-t5-beam")
def beam_step_of_four(f):
    """Four beginnings, eleven tokens"""
    expect_beam_step(f, *beginnings(3, 4, 11))
