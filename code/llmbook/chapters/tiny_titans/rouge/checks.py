"""Checks for the page "ROUGE from scratch": clipped counts, the subsequence, three shares, the union, references."""

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import reduce
from operator import or_

import torch

from llmbook.exercises.compare import Mistake, as_number, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.metrics.lcs import lcs_length
from llmbook.metrics.rouge import clipped_overlap, ngram_counts
from llmbook.metrics.rouge_tokens import rouge_tokens

Words = Sequence[str]
PLAN = rouge_tokens("the board approved the plan on monday")
RISKS = rouge_tokens("on monday the board discussed the plan and the risks")
STUCK = rouge_tokens("the plan the plan the plan")


def apart(right: float, mistakes: list) -> list:
    """The mistakes whose result is not right by chance."""
    return [each for each in mistakes if each[0] != right]


def expect_clipped(f, reference: Words, candidate: Words, n: int) -> None:
    """Compare with the sum of the smaller counts."""
    ours, theirs = ngram_counts(reference, n), ngram_counts(candidate, n)
    right, common = clipped_overlap(ours, theirs), ours.keys() & theirs.keys()
    single = clipped_overlap(Counter(reference), Counter(candidate))
    mistakes = [
        (single, "those are single words, not n-grams"),
        (len(common), "those are distinct n-grams: one that both texts have twice counts twice"),
        (sum(theirs[gram] for gram in common), "the candidate's count is not clipped: repeating a word would pay"),
        (sum(ours[gram] for gram in common), "the reference's count is not clipped: the candidate may have fewer"),
    ]
    expect_number(f(list(reference), list(candidate), n), right, apart(right, mistakes))


@exercise("tt-ex-rouge-clip")
def words_of_two_sentences(f):
    """Words, with a stuck candidate and with a stuck reference"""
    expect_clipped(f, PLAN, STUCK, 1)
    expect_clipped(f, STUCK, PLAN, 1)


@exercise("tt-ex-rouge-clip")
def longer_runs(f):
    """Pairs and triples, also of texts that are too short for one"""
    expect_clipped(f, [*PLAN, *PLAN], [*RISKS, *PLAN], 2)
    expect_clipped(f, PLAN, STUCK, 3)
    expect_clipped(f, ["monday"], PLAN, 2)


def substring_length(ours: Words, theirs: Words) -> int:
    """Words of the longest run that both have in one piece."""
    best, lengths = 0, [0] * (len(theirs) + 1)
    for word in ours:
        lengths = [0] + [lengths[j] + 1 if word == other else 0 for j, other in enumerate(theirs)]
        best = max(best, *lengths)
    return best


def greedy_length(ours: Words, theirs: Words) -> int:
    """Words found by looking for each word of ours behind the one that was found last."""
    start = found = 0
    for word in ours:
        if word in theirs[start:]:
            start, found = theirs.index(word, start) + 1, found + 1
    return found


def expect_lcs(f, ours: Words, theirs: Words) -> None:
    """Compare with the last entry of the table."""
    right = lcs_length(ours, theirs)
    greedy = "taking the first match at once can skip many others: at each word, compare taking it with leaving it"
    both = max(greedy_length(ours, theirs), greedy_length(theirs, ours))
    starts = [(ours[i:], theirs[j:]) for i in range(len(ours)) for j in range(len(theirs))]
    every = max((max(greedy_length(a, b), greedy_length(b, a)) for a, b in starts), default=0)
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    longest = "taking the longest common run first, as difflib does, can cross out a longer subsequence"
    mistakes = [
        (substring_length(ours, theirs), "that is the longest substring, in one piece: gaps are allowed"),
        (clipped_overlap(Counter(ours), Counter(theirs)), "the order is ignored: that is what ROUGE-1 counts"),
        (both, "the better of two greedy scans can still miss one: at each word, compare taking it with leaving it"),
        (every, "the best of many greedy scans can still miss one: at each word, compare taking it with leaving it"),
        (sum(block.size for block in blocks), longest),
        (greedy_length(ours, theirs), greedy),
        (greedy_length(theirs, ours), greedy),
        (lcs_length(list(" ".join(ours)), list(" ".join(theirs))), "those are letters: compare words"),
    ]
    expect_number(f(list(ours), list(theirs)), right, apart(right, mistakes))


@exercise("tt-ex-rouge-lcs")
def subsequence_of_two_sentences(f):
    """The two sentences of the page, and an empty text"""
    expect_lcs(f, PLAN, RISKS)
    expect_lcs(f, PLAN, [])


@exercise("tt-ex-rouge-lcs", points=2)
def subsequence_that_tempts(f):
    """A first match that leads astray, both ways round"""
    expect_lcs(f, rouge_tokens("may ana writes the plan"), rouge_tokens("ana writes the plan in may"))
    expect_lcs(f, rouge_tokens("ana writes the plan in may"), rouge_tokens("may ana writes the plan"))


@exercise("tt-ex-rouge-lcs")
def subsequence_that_tempts_twice(f):
    """First matches that lead astray from either side"""
    expect_lcs(f, list("aaba"), list("baba"))
    expect_lcs(f, list("baba"), list("aaba"))
    expect_lcs(f, list("pQrstvwX"), list("prsQtXvw"))


@exercise("tt-ex-rouge-lcs")
def subsequence_with_gaps(f):
    """Four words with gaps against two in one piece"""
    expect_lcs(f, list("pqabcd"), list("axbyczdpq"))


def expect_shares(f, hits: int, reference: int, candidate: int) -> None:
    """Compare with precision, recall and F."""
    got = [as_number(each) for each in expect_items(f(hits, reference, candidate), 3, "precision, recall and F")]
    precision, recall = hits / candidate if candidate else 0.0, hits / reference if reference else 0.0
    right = 2 * precision * recall / (precision + recall) if hits else 0.0
    names = ("precision", "recall")
    for name, value, wanted, other in zip(names, got, (precision, recall), (recall, precision), strict=False):
        if abs(value - wanted) > 1e-6 and abs(value - other) < 1e-6:
            raise Mistake(f"{name} is {value:.6g}: precision divides by the size of the candidate, recall by the other")
        expect_number(value, wanted, [(1.0, "two texts that share nothing have no share of 1")], rtol=1e-6)
    mistakes = [
        ((precision + recall) / 2, "that is the arithmetic mean: a candidate with every word there is would score 0.5"),
        ((precision * recall) ** 0.5, "that is the geometric mean"),
        (right / 2, "the factor 2 is missing"),
        (right / (2 - right), "that is the shared words over all words of either text: F counts the shared ones twice"),
        (1.0, "two texts that share nothing have F = 0"),
    ]
    expect_number(got[2], right, apart(right, mistakes), rtol=1e-6)


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


def expect_union(f, reference: list[Words], places: list, candidate: list[Words]) -> None:
    """Compare with the clipped count of the union."""
    counts = Counter(word for sentence in candidate for word in sentence)
    unions = [sorted(set().union(*each)) for each in places]
    found = [sentence[place] for sentence, union in zip(reference, unions, strict=True) for place in union]
    right = (Counter(found) & counts).total()
    mistakes = [
        *((sum((Counter(found) & limit).values()), "clip by the words of the whole candidate, not of one sentence")
          for limit in (*map(Counter, candidate), reduce(or_, map(Counter, candidate)))),
        (len(found), "the union is not clipped: no word may count more often than the candidate has it"),
        (sum(len(part) for each in places for part in each), "those are sums, not unions: a place counts once"),
        (sum(max(map(len, each), default=0) for each in places), "take the words of all sentences, not of one"),
        (len(set(found)), "those are distinct words: two places with the same word are two"),
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
    expect_union(f, reference, [[[0, 1, 2, 3]], [[0, 1, 2]], [[]]], [rouge_tokens("the plan is late")])


@exercise("tt-ex-rouge-union")
def union_over_sentences(f):
    """A word that the candidate has once in each of two sentences"""
    reference = [rouge_tokens("the plan and the budget"), rouge_tokens("the plan")]
    candidate = [rouge_tokens("the plan"), rouge_tokens("the budget")]
    expect_union(f, reference, [[[0, 1], [3, 4]], [[0, 1], [0]]], candidate)


def expect_best(f, scores: list) -> None:
    """Compare with the triple of largest F for each kind."""
    table = torch.tensor(scores, dtype=torch.float64)
    chosen = table[..., 2].argmax(0)
    kinds = torch.arange(table.shape[1])
    right = table[chosen, kinds]
    mistakes = [
        (table[table[..., 2].mean(1).argmax()], "each kind chooses its own reference, not one for all"),
        (table[table[:, 0, 2].argmax()], "each kind chooses its own reference, not that of the first kind"),
        (table.amax(0), "take the three numbers of one reference: the best precision and the best recall may come "
                        "from different ones"),
        (table.mean(0), "that is the mean over the references: take the best"),
        (table[table[..., 1].argmax(0), kinds], "choose by F, not by recall"),
        (table[table[..., 0].argmax(0), kinds], "choose by F, not by precision"),
    ]  # fmt: skip
    expect_tensor(f(scores), right, [each for each in mistakes if not torch.equal(each[0], right)])


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
