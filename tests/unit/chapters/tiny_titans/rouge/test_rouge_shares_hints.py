"""Wrong answers on shares, on the union and on several references fail, and the hint names the misconception."""

import contextlib
from collections import Counter
from functools import reduce
from operator import add, or_

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import exercises
from llmbook.metrics.rouge import make_score

PREFIX = "tt-ex-rouge-"


def shares(mean=lambda p, r: 2 * p * r / (p + r) if p + r else 0.0, swapped=False, careful=True):
    """Precision, recall and F with their usual slips."""
    def three(hits, reference, candidate):
        sizes = (candidate, reference) if not swapped else (reference, candidate)
        precision, recall = (hits / (max(size, 1) if careful else size) for size in sizes)
        return precision, recall, mean(precision, recall)
    return three


def shown(change):
    """The three shares, changed at the end."""
    return lambda *sizes: tuple(map(change, shares()(*sizes)))


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


def in_all(*parts):
    return set.intersection(*map(set, parts))


def from_candidate(reference, places, candidate):
    """Words of the candidate at places of the reference."""
    words = [word for sentence in candidate for word in sentence]
    return sum(place < len(words) for each in places for place in set().union(*each))


def sentence_by_sentence(reference, places, candidate):
    """Each reference sentence clipped on its own."""
    return sum(union()([sentence], [each], candidate) for sentence, each in zip(reference, places, strict=True))


def spent(reference, places, candidate):
    """Each word of the union takes one of the candidate away."""
    left = [word for sentence in candidate for word in sentence]
    before = len(left)
    for sentence, each in zip(reference, places, strict=True):
        for place in {place for part in each for place in part}:
            if sentence[place] in left:
                left.remove(sentence[place])
    return before - len(left)


def best(key=lambda triple: triple[2]):
    """One reference for each kind, chosen by something."""
    return lambda scores: [max(kind, key=key) for kind in zip(*scores, strict=True)]


def mixed(scores):
    """The best precision, the best recall, and their F."""
    table = torch.tensor(scores).amax(0)[:, :2]
    return torch.cat([table, 2 * table.prod(1, keepdim=True) / table.sum(1, keepdim=True)], 1)


def in_place(scores):
    kept = scores[0]
    for other in scores[1:]:
        for kind, triple in enumerate(other):
            if triple[2] > kept[kind][2]:
                kept[kind] = triple
    return kept


WRONG = [
    ("f", shares(swapped=True), "precision divides by the size of the candidate"),
    ("f", shares(mean=lambda p, r: (p + r) / 2), "arithmetic mean"),
    ("f", shares(mean=lambda p, r: (p * r) ** 0.5), "geometric mean"),
    ("f", shares(mean=lambda p, r: p * r / (p + r) if p + r else 0.0), "factor 2"),
    ("f", shares(mean=lambda p, r: 1 / (1 / p + 1 / r - 1) if p else 0.0), "counts the shared ones twice"),
    ("f", shares(mean=lambda p, r: 2 * p * r / (p + r)), "ZeroDivisionError"),
    ("f", shares(mean=min), "the smaller of the two"),
    ("f", shares(mean=lambda p, r: 5 * p * r / (4 * p + r) if p else 0.0), "both alike"),
    ("f", shares(mean=lambda p, r: round(2 * round(p, 2) * round(r, 2) / (p + r), 4) if p else 0.0), "round nothing"),
    ("f", shares(careful=False), "ZeroDivisionError"),
    ("f", shown(lambda share: round(share, 4)), "round nothing"),
    ("f", shown(lambda share: 100 * share), "percent"),
    ("f", lambda h, r, c: (h // max(c, 1), h // max(r, 1), 0), "whole division"),
    ("f", lambda h, r, c: shares()(h, r, c)[2], "precision, recall and F"),
    ("f", lambda h, r, c: shares()(h, r, c) if h else (0.0, 0.0, 1.0), "F = 0"),
    ("f", lambda h, r, c: shares()(h, r, c) if h else (1.0, 1.0, 1.0), "no share of 1"),
    ("f", lambda h, r, c: shares()(h, r, c) if h else (float("nan"),) * 3, "nan"),
    ("union", union(clipped=False), "not clipped"),
    ("union", union(join=concatenated, clipped=False), "sums, not unions"),
    ("union", union(join=concatenated), "a place counts once"),
    ("union", union(join=longest), "not of one"),
    ("union", union(join=in_all), "what all have"),
    ("union", union(join=lambda *parts: parts[0]), "not of the first one alone"),
    ("union", union(join=lambda *parts: {*parts[0], *parts[-1]}), "all sentences"),
    ("union", lambda r, p, c: union()(r, [each[:2] for each in p], c), "all sentences"),
    ("union", union(count=set), "distinct words"),
    ("union", union(pool=lambda counts: counts[0]), "clip by the words of the whole candidate"),
    ("union", union(pool=lambda counts: counts[-1]), "clip by the words of the whole candidate"),
    ("union", union(pool=lambda counts: reduce(or_, counts)), "clip by the words of the whole candidate"),
    ("union", union(pool=lambda counts: Counter({*reduce(add, counts)})), "as often as the candidate has it"),
    ("union", sentence_by_sentence, "over all reference sentences together"),
    ("union", lambda r, p, c: union()(r[:1], p[:1], c), "every sentence of the reference"),
    ("union", from_candidate, "expected"),
    ("union", lambda r, p, c: min(union(clipped=False)(r, p, c), sum(map(len, c))), "word by word"),
    ("union", lambda r, p, c: union()(r, p, c) / sum(map(len, r)), "not a share"),
    ("best", lambda scores: max(scores, key=lambda kinds: sum(kind[2] for kind in kinds)), "not one for all"),
    ("best", lambda scores: max(scores, key=lambda kinds: kinds[0][2]), "not one for all|not that of the first kind"),
    ("best", lambda scores: [list(map(max, zip(*kind, strict=True))) for kind in zip(*scores, strict=True)],
     "three numbers of one reference"),
    ("best", mixed, "three numbers of one reference"),
    ("best", lambda scores: [[sum(x) / len(x) for x in zip(*kind, strict=True)] for kind in zip(*scores, strict=True)],
     "the mean over the references"),
    ("best", best(key=lambda triple: triple[1]), "not by recall"),
    ("best", best(key=lambda triple: triple[0]), "not by precision"),
    ("best", best(key=sum), "not by the sum"),
    ("best", best(key=lambda triple: triple[0] + triple[1]), "not by the sum"),
    ("best", best(key=lambda triple: min(triple[:2])), "choose by F"),
    ("best", best(key=lambda triple: triple[0] * triple[1]), "choose by F"),
    ("best", best(key=lambda triple: -triple[2]), "the smallest"),
    ("best", lambda scores: scores[0], "the first reference"),
    ("best", lambda scores: best()(scores[:2]), "every reference"),
    ("best", lambda scores: [max(kinds, key=lambda triple: triple[2]) for kinds in scores], "for each kind"),
    ("best", lambda scores: [triple[2] for triple in best()(scores)], "shape"),
    ("best", lambda scores: [[triple[2]] * 3 for triple in best()(scores)], "expected"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("f", shares()), ("f", lambda *sizes: np.array(shares()(*sizes))), ("f", lambda *sizes: list(shares()(*sizes))),
    ("f", lambda *sizes: torch.tensor(shares()(*sizes)).double()), ("f", lambda *sizes: torch.tensor(shares()(*sizes))),
    ("f", lambda hits, reference, candidate: make_score(hits, reference, candidate)),
    ("f", lambda h, r, c: (h and h / c, h and h / r, h and 2 * h / (r + c))),
    ("union", union()), ("union", spent), ("union", lambda *given: float(spent(*given))),
    ("union", lambda reference, places, candidate: torch.tensor(union()(reference, places, candidate))),
    ("best", best()), ("best", in_place), ("best", lambda scores: np.array(best()(scores))),
    ("best", lambda scores: np.array(best()(scores), dtype="float32")),
    ("best", lambda table: torch.tensor(table)[torch.tensor(table)[..., 2].argmax(0), torch.arange(len(table[0]))]),
    ("best", lambda scores: [sorted(kind, key=lambda triple: triple[2])[-1] for kind in zip(*scores, strict=True)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_every_example_of_references_is_made_of_precision_recall_and_their_f():
    """Who computes F anew from the first two must not be refused. Twin: a third number that is another mean."""
    given = []
    for check in exercises()["tt-ex-rouge-best"]:
        with contextlib.suppress(Exception):
            check.run(lambda scores: given.append(torch.tensor(scores, dtype=torch.float64)))
    assert len(given) == 3
    for table in given:
        precision, recall, f = table.unbind(-1)
        harmonic = torch.nan_to_num(2 * precision * recall / (precision + recall))
        assert torch.allclose(f, harmonic) and not torch.allclose(f, (precision + recall) / 2)
