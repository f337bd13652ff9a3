"""Wrong answers on clipped counts and on the subsequence fail, and the hint names the misconception behind them."""

from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.rouge import checks
from llmbook.metrics.lcs import lcs_length
from llmbook.metrics.rouge import clipped_overlap, ngram_counts

PREFIX = "tt-ex-rouge-"


def clip(count=min, n=lambda n: n):
    """Shared n-grams with their count open."""
    def shared(reference, candidate, size):
        ours, theirs = ngram_counts(reference, n(size)), ngram_counts(candidate, n(size))
        return sum(count(ours[gram], theirs[gram]) for gram in ours.keys() & theirs.keys())
    return shared


def cut(starts=lambda words, n: range(len(words) - n + 1), gram=tuple, join=lambda a, b: (a & b).total()):
    """Shared n-grams with the cutting of a text open."""
    def shared(reference, candidate, n):
        texts = [Counter(gram(words[i : i + n]) for i in starts(words, n)) for words in (reference, candidate)]
        return join(*texts)
    return shared


def searched(reference, candidate, n):
    """The candidate's n-grams as strings, looked for in the reference as a string."""
    found, text = 0, " ".join(reference)
    for gram, times in ngram_counts(candidate, n).items():
        found += min(times, text.count(" ".join(gram)))
    return found


def crossed_out(reference, candidate, n):
    """N-grams of the reference, each crossed out by one of the candidate."""
    left = [reference[i : i + n] for i in range(len(reference) - n + 1)]
    for i in range(len(candidate) - n + 1):
        if candidate[i : i + n] in left:
            left.remove(candidate[i : i + n])
    return max(len(reference) - n + 1, 0) - len(left)


def table(start=lambda above, row, j: above[j] + 1, other=lambda above, row, j: max(above[j + 1], row[j]),
          last=lambda rows: rows[-1][-1]):  # fmt: skip
    """The table of the subsequence with its steps open."""
    def length(reference, candidate):
        rows = [[0] * (len(candidate) + 1)]
        for ours in reference:
            row = [0]
            for j, theirs in enumerate(candidate):
                row.append((start if ours == theirs else other)(rows[-1], row, j))
            rows.append(row)
        return last(rows)
    return length


def edits(ours, theirs):
    """Half of what insertions, deletions and exchanges leave."""
    row = list(range(len(theirs) + 1))
    for i, word in enumerate(ours, 1):
        above, row = row, [i]
        for j, other in enumerate(theirs):
            row.append(min(above[j] + (word != other), above[j + 1] + 1, row[j] + 1))
    return (len(ours) + len(theirs) - row[-1]) // 2


def rising(ours, theirs, places=lambda theirs, word: [theirs.index(word)] if word in theirs else []):
    """The longest rising row of places; with one place for each word it loses what stands twice."""
    tails = []
    for place in (place for word in ours for place in places(theirs, word)):
        spot = bisect_left(tails, place)
        tails[spot : spot + 1] = [place]
    return len(tails)


def every_place(theirs, word):
    return [place for place in reversed(range(len(theirs))) if theirs[place] == word]


def one_place_each(ours, theirs):
    """Each word's first place that is still free, and the longest rising row of those."""
    free, places = list(range(len(theirs))), []
    for word in ours:
        place = next((place for place in free if theirs[place] == word), None)
        if place is not None:
            free.remove(place)
            places.append(place)
    return rising(places, list(range(len(theirs))))


def four_scans(ours, theirs):
    """Greedy from either end of either text."""
    turned = ours[::-1], theirs[::-1]
    return max(checks.greedy_length(*pair) for pair in ((ours, theirs), (theirs, ours), turned, turned[::-1]))


def recursive(reference, candidate):
    @cache
    def length(i, j):
        if i == len(reference) or j == len(candidate):
            return 0
        return length(i + 1, j + 1) + 1 if reference[i] == candidate[j] else max(length(i + 1, j), length(i, j + 1))
    return length(0, 0)


def by_choices(reference, candidate):
    """The longest of all subsequences of the one that is a subsequence of the other."""
    def has(parts):
        rest = iter(candidate)
        return all(part in rest for part in parts)
    sizes = range(len(reference), -1, -1)
    return next(size for size in sizes if any(map(has, combinations(reference, size))))


def by_array(a, b):
    lengths = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i in range(len(a)):
        for j in range(len(b)):
            better = max(lengths[i, j + 1], lengths[i + 1, j])
            lengths[i + 1, j + 1] = lengths[i, j] + 1 if a[i] == b[j] else better
    return lengths[-1, -1]


WRONG = [
    ("clip", clip(lambda a, b: 1), "distinct n-grams"),
    ("clip", clip(lambda a, b: b), "candidate's count is not clipped"),
    ("clip", clip(lambda a, b: a), "reference's count is not clipped"),
    ("clip", clip(n=lambda n: 1), "single words"),
    ("clip", clip(n=lambda n: 2), "n-grams of size n"),
    ("clip", cut(lambda words, n: range(len(words) - n)), "the last n-gram"),
    ("clip", cut(lambda words, n: range(len(words))), "shorter than n"),
    ("clip", cut(lambda words, n: range(0, len(words) - n + 1, n)), "n-grams overlap"),
    ("clip", cut(gram="".join), "glued together"),
    ("clip", cut(gram=frozenset), "the order of the words"),
    ("clip", cut(gram=lambda words: tuple(sorted(words))), "the order of the words"),
    ("clip", cut(join=lambda a, b: (a | b).total()), "not the larger"),
    ("clip", cut(join=lambda a, b: (a & b).total() / max(a.total(), 1)), "not a share"),
    ("clip", cut(join=lambda a, b: (a - b).total()), "not what is missing"),
    ("clip", searched, "parts of longer words"),
    ("clip", lambda reference, candidate, n: 3, "not what is missing"),
    ("lcs", checks.substring_length, "longest substring"),
    ("lcs", lambda a, b: clipped_overlap(Counter(a), Counter(b)), "order is ignored"),
    ("lcs", checks.greedy_length, "skip many others"),
    ("lcs", lambda a, b: checks.greedy_length(b, a), "skip many others"),
    ("lcs", lambda a, b: max(checks.greedy_length(a, b), checks.greedy_length(b, a)), "better of two greedy scans"),
    ("lcs", lambda a, b: max((max(checks.greedy_length(a[i:], b[j:]), checks.greedy_length(b[j:], a[i:]))
                              for i in range(len(a)) for j in range(len(b))), default=0), "the best of many greedy"),
    ("lcs", lambda a, b: sum(block.size for block in SequenceMatcher(None, a, b).get_matching_blocks()), "difflib"),
    ("lcs", lambda a, b: lcs_length(list(" ".join(a)), list(" ".join(b))), "those are letters"),
    ("lcs", table(start=lambda above, row, j: row[j] + 1), "one word of the reference"),
    ("lcs", table(start=lambda above, row, j: above[j + 1] + 1), "one word of the candidate"),
    ("lcs", table(other=lambda above, row, j: above[j + 1]), "leaving out a word of either text"),
    ("lcs", table(other=lambda above, row, j: row[j]), "leaving out a word of either text"),
    ("lcs", table(other=lambda above, row, j: above[j]), "leaving out a word of either text"),
    ("lcs", table(last=lambda rows: sum(map(max, rows))), "expected"),
    ("lcs", edits, "expected"),
    ("lcs", rising, "expected"),
    ("lcs", one_place_each, "first match"),
    ("lcs", lambda a, b: rising(a, b, lambda words, word: every_place(words, word)[::-1]), "one word of the reference"),
    ("lcs", four_scans, "greedy scans"),
    ("lcs", lambda a, b: sum(x == y for x, y in zip(a, b, strict=False)), "same place"),
    ("lcs", lambda a, b: lcs_length(sorted(a), sorted(b)), "order is ignored"),
    ("lcs", lambda a, b: lcs_length(a, b) / len(a), "not a share"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("clip", clip()), ("clip", cut()), ("clip", crossed_out), ("clip", cut(gram=" ".join)),
    ("clip", lambda *given: np.int64(clip()(*given))),
    ("clip", lambda ref, cand, size: sum(min(count, ngram_counts(cand, size)[gram])
                                         for gram, count in ngram_counts(ref, size).items())),
    ("lcs", lcs_length), ("lcs", table()), ("lcs", recursive), ("lcs", by_choices), ("lcs", by_array),
    ("lcs", lambda ours, theirs: rising(ours, theirs, every_place)), ("lcs", lambda a, b: recursive(a[::-1], b[::-1])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
