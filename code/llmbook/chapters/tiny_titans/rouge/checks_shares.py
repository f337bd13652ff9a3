"""Checks for the page "ROUGE from scratch": three shares, the union of places, and several references."""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from operator import add, or_

import torch

from llmbook.chapters.tiny_titans.rouge.checks import Words, apart
from llmbook.exercises.compare import Mistake, as_number, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.metrics.rouge_tokens import rouge_tokens


def expect_shares(f, hits: int, reference: int, candidate: int) -> None:
    """Compare with precision, recall and F."""
    got = [as_number(each) for each in expect_items(f(hits, reference, candidate), 3, "precision, recall and F")]
    precision, recall = hits / candidate if candidate else 0.0, hits / reference if reference else 0.0
    for name, value, right, other in zip(("precision", "recall"), got, (precision, recall), (recall, precision),
                                         strict=False):  # fmt: skip
        if abs(value - right) > 1e-6 and abs(value - other) < 1e-6:
            raise Mistake(f"{name} is {value:.6g}: precision divides by the size of the candidate, recall by the other")
        mistakes = [
            (1.0, "two texts that share nothing have no share of 1"),
            (round(right, 4), "round nothing: a rounded share is another number"),
            (100 * right, "a share is a number from 0 to 1, not percent"),
            (right // 1, "// is whole division: a share needs /"),
        ]
        expect_number(value, right, apart(right, mistakes), rtol=1e-6)
    expect_f(got[2], precision, recall)


def expect_f(got: float, precision: float, recall: float) -> None:
    """Compare with the harmonic mean."""
    right, total = 2 * precision * recall / (precision + recall or 1), precision + recall
    rounded = 2 * round(precision, 2) * round(recall, 2) / (total or 1)
    mistakes = [
        (total / 2, "that is the arithmetic mean: a candidate with every word there is would score 0.5"),
        ((precision * recall) ** 0.5, "that is the geometric mean"),
        (right / 2, "the factor 2 is missing"),
        (right / (2 - right), "that is the shared words over all words of either text: F counts the shared ones twice"),
        (1.0, "two texts that share nothing have F = 0"),
        (min(precision, recall), "that is the smaller of the two: F is near it, and lets the other count too"),
        (5 * precision * recall / (4 * precision + recall or 1), "that F favors recall: this one counts both alike"),
        (round(rounded, 4), "round nothing, neither F nor what it is made of"),
    ]
    expect_number(got, right, apart(right, mistakes), rtol=1e-6)


@exercise("tt-ex-rouge-f")
def shares_of_the_example(f):
    """6 shared words of 7 and 10, and all of 4"""
    expect_shares(f, 6, 7, 10)
    expect_shares(f, 4, 4, 4)


@exercise("tt-ex-rouge-f")
def shares_of_nothing(f):
    """No shared word, no candidate, no text at all"""
    for sizes in ((0, 7, 10), (0, 7, 0), (0, 0, 10), (0, 0, 0)):
        expect_shares(f, *sizes)


def hits(reference: list[Words], places: list, limit: Counter, join: Callable = set().union) -> int:
    """Words at the places that each sentence's parts are joined to, each at most as often as the limit has it."""
    joined = [sorted(join(*parts)) for parts in places]
    found = [sentence[place] for sentence, each in zip(reference, joined, strict=True) for place in each]
    return (Counter(found) & limit).total()


JOINS = (
    (lambda *parts: [place for part in parts for place in part], "those are sums, not unions: a place counts once"),
    (lambda *parts: max(parts, key=len), "take the words of all sentences, not of one"),
    (lambda *parts: {*parts[0], *parts[-1]}, "take the words of all sentences, not of two"),
    (lambda *parts: set().union(*parts[:2]), "take the words of all sentences, not of two"),
    (lambda *parts: parts[0], "take the words of all sentences, not of the first one alone"),
    (lambda *parts: set.intersection(*map(set, parts)), "asked is the union, not what all have"),
)
"""Wrong ways to put the places of one sentence together."""


def expect_union(f, reference: list[Words], places: list, candidate: list[Words]) -> None:
    """Compare with the clipped count of the union."""
    each, words = [Counter(sentence) for sentence in candidate], sum(map(len, candidate))
    counts, never = reduce(add, each), Counter({word: words * 9 for sentence in reference for word in sentence})
    right, loose = hits(reference, places, counts), hits(reference, places, never)
    alone = [hits([sentence], [parts], counts) for sentence, parts in zip(reference, places, strict=True)]
    distinct = {sentence[place] for sentence, parts in zip(reference, places, strict=True)
                for place in set().union(*parts)}  # fmt: skip
    mistakes = [
        *((hits(reference, places, limit), "clip by the words of the whole candidate, not of one sentence")
          for limit in (*each, reduce(or_, each))),
        (loose, "the union is not clipped: no word may count more often than the candidate has it"),
        (sum(alone), "the candidate's words are spent over all reference sentences together"),
        *((hits(reference, places, limit, join), hint) for join, hint in JOINS for limit in (never, counts)),
        (len(distinct), "those are distinct words: two places with the same word are two"),
        (hits(reference, places, Counter({*counts})), "a word counts as often as the candidate has it, not only once"),
        (alone[0], "every sentence of the reference counts, not the first one alone"),
        (min(loose, words), "clip word by word, not the sum by the candidate's size"),
        (right / sum(map(len, reference)), "asked is the number of hits, not a share"),
    ]  # fmt: skip
    expect_number(f(reference, places, candidate), right, apart(right, mistakes))


@exercise("tt-ex-rouge-union", points=2)
def union_of_one_sentence(f):
    """One reference sentence whose words come from two sentences, some of them from both"""
    reference = [rouge_tokens("ana writes the plan and the budget")]
    candidate = [rouge_tokens("ana writes the plan"), rouge_tokens("the budget and the plan")]
    expect_union(f, reference, [[[0, 1, 2, 3], [2, 4, 5]]], candidate)


@exercise("tt-ex-rouge-union")
def union_that_needs_clipping(f):
    """Two reference sentences that ask for the same words"""
    reference = [rouge_tokens("the plan is late"), rouge_tokens("the plan is good"), rouge_tokens("we stop")]
    expect_union(f, reference, [[[0, 1, 2, 3]], [[0, 1, 2]], [[]]], [rouge_tokens("the plan is late again")])


@exercise("tt-ex-rouge-union")
def union_over_sentences(f):
    """A word that the candidate has once in each of two sentences"""
    reference = [rouge_tokens("the plan and the budget"), rouge_tokens("the plan")]
    candidate = [rouge_tokens("the plan"), rouge_tokens("the budget")]
    expect_union(f, reference, [[[0, 1], [3, 4]], [[0, 1], [0]]], candidate)


@exercise("tt-ex-rouge-union")
def union_of_many(f):
    """Words that the candidate has, and too few times; a sentence in which nothing matches"""
    reference = [rouge_tokens("we met and we talked"), rouge_tokens("we met and we agreed"), rouge_tokens("it rained")]
    candidate = [rouge_tokens("and so we met"), rouge_tokens("we agreed and it rained all day long")]
    expect_union(f, reference, [[[0, 1], [2, 3]], [[0, 1], [2, 3, 4]], [[], [0, 1]]], candidate)
    expect_union(f, [["so", "we", "met"], ["so"]], [[[0, 1], [1]], [[], []]], [["so", "we", "meet"], ["we"]])
    spoken = [rouge_tokens("so we plan"), rouge_tokens("and we build"), rouge_tokens("and then test")]
    expect_union(f, [rouge_tokens("we plan and build and test")], [[[0, 1], [2, 3], [4, 5]]], spoken)


CHOICES = (
    (lambda table: table[..., 1], "choose by F, not by recall"),
    (lambda table: table[..., 0], "choose by F, not by precision"),
    (lambda table: table.sum(-1), "choose by F, not by the sum"),
    (lambda table: table[..., :2].sum(-1), "choose by F, not by the sum"),
    (lambda table: table[..., :2].amin(-1), "choose by F itself, not by the smaller of precision and recall"),
    (lambda table: table[..., :2].prod(-1), "choose by F itself, not by the product"),
    (lambda table: -table[..., 2], "that is the reference with the smallest F"),
)
"""Wrong ways to choose."""


def expect_best(f, scores: list) -> None:
    """Compare with the triple of largest F for each kind."""
    table = torch.tensor(scores, dtype=torch.float64)
    kinds = torch.arange(table.shape[1])
    chosen = lambda value, table=table: table[value.argmax(0), kinds]  # noqa: E731
    right, tops = chosen(table[..., 2]), table.amax(0)
    one = "take the three numbers of one reference: the best precision and the best recall may come from different ones"
    their_f = 2 * tops[:, 0] * tops[:, 1] / (tops[:, 0] + tops[:, 1])
    mistakes = [
        (table[table[..., 2].mean(1).argmax()], "each kind chooses its own reference, not one for all"),
        (table[table[:, 0, 2].argmax()], "each kind chooses its own reference, not that of the first kind"),
        (tops, one),
        (torch.cat([tops[:, :2], their_f[:, None]], 1), one),
        (table.mean(0), "that is the mean over the references: take the best"),
        (table[0], "that is the first reference, whether it is best or not"),
        (chosen(table[:2, :, 2]), "look at every reference, not at two"),
        (table[torch.arange(len(table)), table[..., 2].argmax(1)], "one triple for each kind, not for each reference"),
        *((chosen(value(table)), hint) for value, hint in CHOICES),
    ]
    mistakes = [each for each in mistakes if each[0].shape != right.shape or not torch.equal(each[0], right)]
    expect_tensor(f(scores), right, mistakes)


@exercise("tt-ex-rouge-best")
def best_of_two(f):
    """Two references, two kinds, and no reference that is best for both"""
    expect_best(f, [[[0.9, 0.45, 0.6], [0.3, 0.3, 0.3]], [[0.5, 0.5, 0.5], [0.35, 0.7, 7 / 15]]])


@exercise("tt-ex-rouge-best")
def best_of_three(f):
    """Three references, where the largest recall is not the largest F"""
    low = [[0.125, 1.0, 2 / 9], [0.25, 0.25, 0.25], [0.0, 0.0, 0.0]]
    middle = [[0.5, 0.5, 0.5], [0.5, 0.4, 4 / 9], [0.2, 0.2, 0.2]]
    expect_best(f, [low, middle, [[1.0, 0.25, 0.4], [1.0, 0.2, 1 / 3], [0.1, 0.4, 0.16]]])


@exercise("tt-ex-rouge-best")
def best_of_four(f):
    """Four references and five kinds, drawn at random"""
    generator = torch.Generator().manual_seed(144)
    pairs = torch.rand(4, 5, 2, generator=generator, dtype=torch.float64)
    table = torch.cat([pairs, 2 * pairs.prod(-1, keepdim=True) / pairs.sum(-1, keepdim=True)], -1)
    expect_best(f, table.tolist())
