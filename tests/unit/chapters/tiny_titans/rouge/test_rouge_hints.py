"""Wrong answers to the exercises on ROUGE fail, and the hint names the misconception behind them."""

from collections import Counter
from difflib import SequenceMatcher
from functools import reduce
from operator import add, or_

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
from llmbook.chapters.tiny_titans.rouge import checks
from llmbook.metrics.lcs import lcs_length
from llmbook.metrics.rouge import clipped_overlap, make_score, ngram_counts

PREFIX = "tt-ex-rouge-"


def clip(count=min, n=lambda n: n):
    """Shared n-grams with their count open."""
    def shared(reference, candidate, size):
        ours, theirs = ngram_counts(reference, n(size)), ngram_counts(candidate, n(size))
        return sum(count(ours[gram], theirs[gram]) for gram in ours.keys() & theirs.keys())
    return shared


def shares(mean=lambda p, r: 2 * p * r / (p + r) if p + r else 0.0, swapped=False, careful=True):
    """Precision, recall and F with their usual slips."""
    def three(hits, reference, candidate):
        sizes = (candidate, reference) if not swapped else (reference, candidate)
        precision, recall = (hits / (max(size, 1) if careful else size) for size in sizes)
        return precision, recall, mean(precision, recall)
    return three


def union(join=set().union, clipped=True, count=Counter, pool=lambda counts: reduce(add, counts)):
    """The union with its parts open."""
    def hits(reference, places, candidate):
        found = count([sentence[place] for sentence, each in zip(reference, places, strict=True)
                       for place in join(*each)])  # fmt: skip
        counts = pool([Counter(sentence) for sentence in candidate])
        return (Counter(found) & counts if clipped else Counter(found)).total()
    return hits


def concatenated(*parts):
    return [place for part in parts for place in part]


def longest(*parts):
    return max(parts, key=len)


def best(key=lambda triple: triple[2]):
    """One reference for each kind, chosen by something."""
    return lambda scores: [max(kind, key=key) for kind in zip(*scores, strict=True)]


WRONG = [
    ("clip", clip(lambda a, b: 1), "distinct n-grams"),
    ("clip", clip(lambda a, b: b), "candidate's count is not clipped"),
    ("clip", clip(lambda a, b: a), "reference's count is not clipped"),
    ("clip", clip(n=lambda n: 1), "single words"),
    ("lcs", checks.substring_length, "longest substring"),
    ("lcs", lambda a, b: clipped_overlap(Counter(a), Counter(b)), "order is ignored"),
    ("lcs", checks.greedy_length, "skip many others"),
    ("lcs", lambda a, b: checks.greedy_length(b, a), "skip many others"),
    ("lcs", lambda a, b: max(checks.greedy_length(a, b), checks.greedy_length(b, a)), "better of two greedy scans"),
    ("lcs", lambda a, b: max((max(checks.greedy_length(a[i:], b[j:]), checks.greedy_length(b[j:], a[i:]))
                              for i in range(len(a)) for j in range(len(b))), default=0), "the best of many greedy"),
    ("lcs", lambda a, b: sum(block.size for block in SequenceMatcher(None, a, b).get_matching_blocks()), "difflib"),
    ("lcs", lambda a, b: lcs_length(list(" ".join(a)), list(" ".join(b))), "those are letters"),
    ("f", shares(swapped=True), "precision divides by the size of the candidate"),
    ("f", shares(mean=lambda p, r: (p + r) / 2), "arithmetic mean"),
    ("f", shares(mean=lambda p, r: (p * r) ** 0.5), "geometric mean"),
    ("f", shares(mean=lambda p, r: p * r / (p + r) if p + r else 0.0), "factor 2"),
    ("f", shares(mean=lambda p, r: 1 / (1 / p + 1 / r - 1) if p else 0.0), "counts the shared ones twice"),
    ("f", shares(mean=lambda p, r: 2 * p * r / (p + r)), "ZeroDivisionError"),
    ("f", shares(careful=False), "ZeroDivisionError"),
    ("f", lambda h, r, c: shares()(h, r, c) if h else (0.0, 0.0, 1.0), "F = 0"),
    ("union", union(clipped=False), "not clipped"),
    ("union", union(join=concatenated, clipped=False), "sums, not unions"),
    ("union", union(join=longest), "not of one"),
    ("union", union(count=set), "distinct words"),
    ("union", union(pool=lambda counts: counts[0]), "clip by the words of the whole candidate"),
    ("union", union(pool=lambda counts: counts[-1]), "clip by the words of the whole candidate"),
    ("union", union(pool=lambda counts: reduce(or_, counts)), "clip by the words of the whole candidate"),
    ("best", lambda scores: max(scores, key=lambda kinds: sum(kind[2] for kind in kinds)), "not one for all"),
    ("best", lambda scores: max(scores, key=lambda kinds: kinds[0][2]), "not one for all|not that of the first kind"),
    ("best", lambda scores: [list(map(max, zip(*kind, strict=True))) for kind in zip(*scores, strict=True)],
     "three numbers of one reference"),
    ("best", lambda scores: [[sum(x) / len(x) for x in zip(*kind, strict=True)] for kind in zip(*scores, strict=True)],
     "the mean over the references"),
    ("best", best(key=lambda triple: triple[1]), "not by recall"),
    ("best", best(key=lambda triple: triple[0]), "not by precision"),
    ("f", lambda h, r, c: shares()(h, r, c) if h else (1.0, 1.0, 1.0), "no share of 1"),
]  # fmt: skip
@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize("name, right", [
    ("clip", clip()), ("lcs", lcs_length), ("f", shares()), ("union", union()), ("best", best()),
    ("f", lambda *sizes: np.array(shares()(*sizes))), ("f", lambda *sizes: torch.tensor(shares()(*sizes)).double()),
    ("best", lambda scores: np.array(best()(scores))), ("clip", lambda *given: np.int64(clip()(*given))),
    ("f", lambda hits, reference, candidate: make_score(hits, reference, candidate)),
])  # fmt: skip
def test_right_answers_pass(name, right):
    assert evaluate(f"tt-ex-rouge-{name}", right).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
