"""Checks for the page on ROUGE: a stuck model, predicted before running, and a list of pairs that finds every fault."""

import re
from collections import Counter
from collections.abc import Callable

import numpy as np

from llmbook.exercises.by_hand import without_loop
from llmbook.exercises.compare import Mistake, expect_items, expect_number
from llmbook.exercises.registry import exercise
from llmbook.metrics.rouge import rouge_l, rouge_n
from llmbook.metrics.rouge_tokens import rouge_tokens

# --- a stuck model ---------------------------------------------------------------------------------------------------


def share(hits: float, ours: float, theirs: float) -> float:
    """F of so many hits."""
    return 2 * hits / (ours + theirs) if hits else 0.0


def expect_stuck(f, n: int, times: int) -> None:
    """Compare with the F of n different words against the same words several times in a row."""
    got = expect_items(f(n, times), 3, "the F of ROUGE-1, ROUGE-2 and ROUGE-L")
    words, pairs = stuck_words(n, times), stuck_pairs(n, times)
    in_order = [(share(1, n, n * times), "the words of one copy stand in order, all of them"),
                (share(n * times, n, n * times), "a common subsequence is no longer than the reference")]  # fmt: skip
    kinds = {"ROUGE-1": words, "ROUGE-2": pairs, "ROUGE-L": (words[0], in_order + words[1])}
    for (kind, (right, mistakes)), value in zip(kinds.items(), got, strict=True):
        try:
            expect_number(value, right, [each for each in mistakes if abs(each[0] - right) > 1e-9], rtol=1e-6)
        except Mistake as error:
            raise Mistake(f"{kind} of {n:,} words, {times:,} times: {error}") from None


def stuck_words(n: int, times: int) -> tuple[float, list]:
    """F of words, and wrong ones."""
    return share(n, n, n * times), [
        (1.0, "that is the recall: nothing is missing, but F also asks what is superfluous"),
        (1 / times, "that is the precision: F takes the recall, which is 1, into account"),
        ((1 + 1 / times) / 2, "that is the arithmetic mean of precision and recall: F is the harmonic one"),
        (share(n * times, n, n * times), "the hits are clipped: the reference has each word once"),
    ]


def stuck_pairs(n: int, times: int) -> tuple[float, list]:
    """F of pairs, and wrong ones."""
    ours, theirs = n - 1, n * times - 1
    return share(ours, ours, theirs), [
        (share(ours, ours, ours * times), "two copies meet: the last word of one and the first of the next are a pair"),
        (share(ours, ours, n * times), "count the pairs of the candidate: one less than it has words"),
        (share(n, n, theirs), "n words in a row have n - 1 pairs"),
        (share(theirs, ours, theirs), "the pairs are clipped too, and those at the seams are in no reference"),
        (1.0, "no pair of the reference is missing, so recall is 1: but the candidate has superfluous ones"),
        (ours / max(theirs, 1), "that is the precision of the pairs"),
        (0.0, "most pairs of the candidate are in the reference"),
    ]


def scored(n: int, times: int) -> tuple[float, float, float]:
    """The same by the package, from texts."""
    ours = [f"w{number}" for number in range(n)]
    theirs = ours * times
    found = rouge_n(ours, theirs, 1), rouge_n(ours, theirs, 2), rouge_l(ours, theirs)
    return tuple(each.fmeasure for each in found)


@exercise("tt-ex-rouge-stuck")
def stuck_in_a_sentence(f):
    """Seven words, three times, and five, twice"""
    expect_stuck(f, 7, 3)
    expect_stuck(f, 5, 2)


@exercise("tt-ex-rouge-stuck")
def stuck_or_not(f):
    """Once is no repetition, and one word has no pair"""
    expect_stuck(f, 6, 1)
    expect_stuck(f, 1, 4)
    expect_stuck(f, 1, 1)


@exercise("tt-ex-rouge-stuck", points=2)
def stuck_for_long(f):
    """Four hundred words, ten times, by formula"""
    expect_stuck(without_loop(f), 400, 10)


# --- pairs that find every fault -------------------------------------------------------------------------------------

MOST_PAIRS, MOST_WORDS = 3, 12
Fault = Callable[[str, str], float]


def by_words(cut: Callable[[str], list[str]]) -> Fault:
    """ROUGE-1 of texts that are cut into words in another way."""
    return lambda reference, candidate: rouge_n(cut(reference), cut(candidate), 1).fmeasure


def by_hits(count: Callable[[Counter, Counter], float]) -> Fault:
    """ROUGE-1 whose hits are counted in another way."""
    def f(reference: str, candidate: str) -> float:
        ours, theirs = Counter(rouge_tokens(reference)), Counter(rouge_tokens(candidate))
        return share(count(ours, theirs), ours.total(), theirs.total())
    return f


def distinct(reference: str, candidate: str) -> float:
    """ROUGE-1 of different words."""
    ours, theirs = set(rouge_tokens(reference)), set(rouge_tokens(candidate))
    return share(len(ours & theirs), len(ours), len(theirs))


def full_when_empty(reference: str, candidate: str) -> float:
    """ROUGE-1 that calls two texts without words equal."""
    empty = not rouge_tokens(reference) and not rouge_tokens(candidate)
    return 1.0 if empty else right_one(reference, candidate)


right_one = by_words(rouge_tokens)
COUNTS = {
    "distinct": (distinct, "give one of the texts a word twice"),
    "unclipped": (by_hits(lambda ours, theirs: sum(theirs[word] for word in ours.keys() & theirs.keys())),
                  "a shared word must stand more often in the candidate than in the reference"),
    "the reference's count": (by_hits(lambda ours, theirs: sum(ours[word] for word in ours.keys() & theirs.keys())),
                              "a shared word must stand more often in the reference than in the candidate"),
}  # fmt: skip
WORDS = {
    "capitals": (by_words(lambda text: re.findall("[a-zA-Z0-9]+", text)),
                 "a shared word must have a capital in one of the texts only"),
    "spaces": (by_words(lambda text: text.lower().split()),
               "a shared word must have a comma or a full stop beside it in one of the texts only"),
    "every letter": (by_words(lambda text: re.findall(r"\w+", text.lower())),
                     "a letter outside of a to z must cut a word into pieces: the right one sees a hole there"),
}  # fmt: skip
SHARES = {
    "recall": (lambda reference, candidate: rouge_n(rouge_tokens(reference), rouge_tokens(candidate), 1).recall,
               "texts of equal size have precision = recall = F: give the two different sizes"),
    "nothing": (full_when_empty, "both texts of a pair must be without any word"),
}  # fmt: skip


def pairs_of(f) -> list[tuple[str, str]]:
    """What came back, as pairs of texts."""
    got = f()
    got = got.tolist() if isinstance(got, np.ndarray) else got
    if not isinstance(got, list | tuple) or not got:
        raise Mistake("return a list of pairs of texts")
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in got):
        raise Mistake("each entry of the list is a pair: a reference and a candidate")
    if not all(isinstance(text, str) for pair in got for text in pair):
        raise Mistake("a text is one string, not a list of words")
    if len(got) > MOST_PAIRS:
        raise Mistake(f"{len(got)} pairs; at most {MOST_PAIRS} are allowed: let one pair find several faults")
    longest = max(len(text.split()) for pair in got for text in pair)
    if longest > MOST_WORDS:
        raise Mistake(f"one of your texts has {longest} words; at most {MOST_WORDS} are allowed")
    return [tuple(pair) for pair in got]


def expect_found(f, faults: dict[str, tuple[Fault, str]]) -> None:
    """Insist on a pair for each fault that gives it away."""
    pairs = pairs_of(f)
    unseen = {name: hint for name, (fault, hint) in faults.items()
              if all(abs(fault(*pair) - right_one(*pair)) < 1e-9 for pair in pairs)}  # fmt: skip
    if unseen:
        told = "; ".join(f"{name!r} scores all your pairs as the right one does: {hint}"
                         for name, hint in unseen.items())  # fmt: skip
        raise Mistake(told)


@exercise("tt-ex-rouge-faults")
def faults_of_counting(f):
    """Three programs that count otherwise"""
    expect_found(f, COUNTS)


@exercise("tt-ex-rouge-faults")
def faults_of_words(f):
    """Three programs that cut words otherwise"""
    expect_found(f, WORDS)


@exercise("tt-ex-rouge-faults")
def faults_of_shares(f):
    """Two programs that divide otherwise"""
    expect_found(f, SHARES)
