"""Checks for the page on T5: buckets of distances, shifted labels, the numbers of a block, one step of beam search."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from llmbook.exercises.compare import Mistake, as_tensor, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.relative_bias import relative_buckets

STEPS = (0, -1, -7, -9, -31, -100, -500, 1, 7, 20, 100, 500)


def found(step: int, **options: int | bool) -> int:
    """The package's bucket of one relative position."""
    return int(relative_buckets(torch.tensor([step]), **options))


def slipped(step: int, both_ways: bool, buckets: int, max_distance: int, *, whole: Callable = math.floor,
            exact: int | None = None, unit: int | None = None, last: float | None = None) -> int:  # fmt: skip
    """The bucket by the formula, with another rounding, other exact buckets, another unit or another last bucket."""
    per_direction = buckets // 2 if both_ways else buckets
    ahead = per_direction if both_ways and step > 0 else 0
    exact = per_direction // 2 if exact is None else exact
    unit, last = unit or exact, per_direction - 1 if last is None else last
    distance = abs(step) if both_ways else max(-step, 0)
    if distance < exact:
        return ahead + distance
    growth = math.log(distance / unit) / math.log(max_distance / unit)
    return ahead + min(exact + whole(growth * (per_direction - exact)), last)


def bucket_mistakes(step: int, both_ways: bool, buckets: int, max_distance: int) -> list[tuple[int, str]]:
    """Wrong buckets with their hints."""
    options = {"bidirectional": both_ways, "buckets": buckets, "max_distance": max_distance}
    given, n = (step, both_ways, buckets, max_distance), buckets // 2 if both_ways else buckets
    ahead, one_way = n if both_ways and step > 0 else 0, buckets if both_ways else 0
    halves = ("both ways, each direction gets half of the buckets" if both_ways else
              "back only, all buckets are for keys up to the query, and keys ahead are in bucket 0")  # fmt: skip
    logarithm = "only the first half of a direction's buckets is exact, the other half grows with the logarithm"
    straight = n // 2 + int((abs(step) - n // 2) / (max_distance - n // 2) * (n - n // 2))
    mistakes = [
        (found(-step, **options), "the sign: a step is key minus query, so a negative one looks back"),
        (found(step, **options | {"bidirectional": not both_ways}), halves),
        (min(abs(step), n - 1) + ahead, logarithm), (min(straight, n - 1) + ahead, logarithm),
        (slipped(*given, last=math.inf), "whatever is farther shares the last bucket"),
        (slipped(*given, last=n), "whatever is farther is in the last bucket: there are n, the last is n - 1"),
        (slipped(*given, whole=round), "round down to a whole bucket"),
        (slipped(*given, whole=math.ceil), "round down to a whole bucket"),
        (slipped(*given, exact=n), "one half of a direction's own buckets is exact, n / 2 of them"),
        (slipped(*given, exact=n // 4), "one half of a direction's own buckets is exact, n / 2 of them"),
        (slipped(*given, unit=1), "divide both distances by m before the logarithm"),
        (slipped(*given[:3], 128), "use the largest distance that is given"),
        (-found(step, **options), "a bucket is a row of a table, so it is never below 0"),
        ((found(step, **options) + n) % one_way if one_way else -1, "keys up to the query are in the first half"),
    ]
    return [(n, "the query itself belongs to the keys up to the query"), *mistakes] if step == 0 else mistakes


def expect_bucket(f, both_ways: bool, buckets: int, max_distance: int, steps=STEPS) -> None:
    """Compare with the package, distance by distance."""
    options = {"bidirectional": both_ways, "buckets": buckets, "max_distance": max_distance}
    for step in steps:
        right = found(step, **options)
        mistakes = [each for each in bucket_mistakes(step, both_ways, buckets, max_distance) if each[0] != right]
        try:
            expect_number(f(step, buckets, max_distance, both_ways), right, mistakes)
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


@exercise("tt-ex-t5-bucket")
def buckets_of_other_sizes(f):
    """Both ways, 16 buckets with max distance 60, and 24 with max distance 200"""
    expect_bucket(f, True, 16, 60)
    expect_bucket(f, True, 24, 200)


def expect_shifted(f, labels: Tensor, start_id: int, pad_id: int) -> None:
    """Compare with start, then the labels without their last, -100 read as padding."""
    start, pads = torch.full_like(labels[:, :1], start_id), torch.full_like(labels[:, :1], pad_id)
    moved = torch.cat([start, labels[:, :-1]], 1)
    filled = lambda each, pad=pad_id: each.masked_fill(each == -100, pad)  # noqa: E731
    right, first = filled(moved), torch.arange(labels.shape[1]) == 0
    left, around = torch.cat([labels[:, 1:], pads], 1), labels.roll(1, 1)
    turned = "that is a step to the left: the decoder would read the answer it has to give"
    mistakes = [
        (moved, "-100 is no token: let the decoder read padding there"),
        (left, turned), (filled(left), turned),
        (labels, "those are the labels themselves: the decoder would read the answer it has to give"),
        (filled(labels), "the labels did not move: the decoder would read the answer"),
        (filled(torch.cat([start, labels[:, 1:]], 1)), "only the first label changed: move the others too"),
        (filled(torch.cat([torch.full_like(labels[:1], start_id), labels[:-1]])), "move along the rows, not down"),
        (filled(torch.cat([start, start, labels[:, :-2]], 1)), "move one place, not two"),
        (around, "the last label came around to the front: a start token belongs there"),
        (filled(around), "the last label came around to the front: a start token belongs there"),
        (torch.cat([start, labels], 1), "one token too long: leave out the last label"),
        (filled(torch.cat([start, labels], 1)), "one token too long: leave out the last"),
        (right.masked_fill(first, 1), "the decoder starts with its start id, not with the stop token"),
        (right.masked_fill(first, pad_id), "the first token is start_id, which is not the padding here"),
        (filled(moved, start_id), "ignored labels are read as padding there, not the start"),
        (right.masked_fill(first, 0), "use the ids that are given; they are 0 in T5 alone"),
        (filled(moved, 0), "use the ids that are given; they are 0 in T5 alone"),
        (right.masked_fill(right == 1, pad_id), "the end token is a token like any other: the decoder reads it"),
    ]  # fmt: skip
    mistakes = [each for each in mistakes if not torch.equal(each[0], right)]
    expect_tensor(as_tensor(f(labels, start_id, pad_id)), right, mistakes)


@exercise("tt-ex-t5-shift")
def shifted_as_in_t5(f):
    """Start and padding 0, as in T5"""
    expect_shifted(f, torch.tensor([[17, 23, 9, 1], [40, 1, -100, -100]]), 0, 0)


@exercise("tt-ex-t5-shift")
def shifted_with_other_ids(f):
    """Start 3, padding 2, and more rows"""
    expect_shifted(f, torch.tensor([[5, 6, 7, 8, 1], [9, 4, 1, -100, -100], [7, 1, -100, -100, -100]]), 3, 2)


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
        (count(norms=1), "each sublayer has a norm with a gain of D numbers"),
        (count(biases=attention_biases), "no linear map of T5 has a bias"),
        (count(biases=hidden), "no linear map of T5 has a bias"),
        (count(biases=32 * heads), "the table of relative positions is not a part of a block"),
        (count(inner=head_size), "the projections are those of all heads"),
        (count() + kinds * heads * head_size * (heads * head_size - width), "the output matrix leads back to D"),
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
    ranks = scores.argsort(descending=True).argsort()
    astray = (scores.sort(descending=True).values[:, None] + log_p).flatten().topk(beams).values
    mistakes = [
        (alone, "those are the best single steps: add what the beginning scored so far"),
        (one_each, "each beginning kept its best child: the N best of all continuations count, whoever the parent is"),
        (best[(flat // vocabulary).argsort(stable=True)], "sort all of them, the best first, not parent by parent"),
        (scores.max() + log_p[scores.argmax()].topk(beams).values, "the continuations of all beginnings compete"),
        (scores[flat // vocabulary], "those are the scores before this step: add the token's log-probability"),
        ((total / 2).flatten().topk(beams).values, "the score of a text is the sum, not the mean"),
        (((scores[:, None].exp() + log_p.exp()).log()).flatten().topk(beams).values,
         "log-probabilities are added: probabilities are not, they multiply"),
        (one_each.sort(descending=True).values, "each beginning kept its best child: take the N best of all"),
        (mixed, "log-probabilities are added, not multiplied"),
        (astray, "add a beginning's score to its row of the table, each with its own row"),
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
        (ranks[flat // vocabulary], "the parent is its row, not its rank among the scores"),
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


@exercise("tt-ex-t5-beam")
def beam_step_of_unsorted_beginnings(f):
    """Three beginnings, the best of which is not the first"""
    scores, log_p = beginnings(5, 3, 7)
    expect_beam_step(f, scores[[2, 0, 1]], log_p)
