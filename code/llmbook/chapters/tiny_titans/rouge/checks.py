"""Checks for the page "ROUGE from scratch": clipped counts of n-grams, and the longest common subsequence."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from operator import eq

from llmbook.exercises.compare import expect_number
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


def cut(words: Words, n: int, starts: Iterable[int] | None = None, gram: Callable = tuple) -> Counter:
    """The n-grams that begin at some places, or wherever there is room, each read in some way."""
    starts = range(len(words) - n + 1) if starts is None else starts
    return Counter(gram(words[start : start + n]) for start in starts)


ORDER = "the order of the words in an n-gram counts"
CUTS = (
    (lambda words, n: cut(words, 1), "those are single words, not n-grams"),
    (lambda words, n: cut(words, 2), "those are pairs: count n-grams of size n"),
    (lambda words, n: cut(words, n, range(len(words) - n)), "the last n-gram is missing: m words have m - n + 1"),
    (lambda words, n: cut(words, n, range(len(words))), "what is left at the end is shorter than n, and no n-gram"),
    (lambda words, n: cut(words, n, range(0, len(words) - n + 1, n)), "n-grams overlap: one begins at each word"),
    (lambda words, n: cut(words, n, gram="".join), "words glued together can be other words: keep them apart"),
    (lambda words, n: cut(words, n, gram=frozenset), ORDER),
    (lambda words, n: cut(words, n, gram=lambda words: tuple(sorted(words))), ORDER),
)
"""Wrong ways to cut a text."""


def expect_clipped(f, reference: Words, candidate: Words, n: int) -> None:
    """Compare with the sum of the smaller counts."""
    texts = list(reference), list(candidate)
    ours, theirs = (ngram_counts(words, n) for words in texts)
    right, common = clipped_overlap(ours, theirs), ours.keys() & theirs.keys()
    inside = sum(min(count, " ".join(reference).count(" ".join(gram))) for gram, count in theirs.items())
    mistakes = [
        (len(common), "those are distinct n-grams: one that both texts have twice counts twice"),
        (sum(theirs[gram] for gram in common), "the candidate's count is not clipped: repeating a word would pay"),
        (sum(ours[gram] for gram in common), "the reference's count is not clipped: the candidate may have fewer"),
        ((ours | theirs).total(), "take the smaller of both counts, not the larger"),
        ((ours - theirs).total(), "asked is what both have, not what is missing"),
        (right / max(ours.total(), 1), "asked is how many they share, not a share"),
        *((clipped_overlap(*(slip(words, n) for words in texts)), hint) for slip, hint in CUTS),
        (inside, "a text in one piece has n-grams in parts of longer words too: compare words, not letters"),
    ]
    expect_number(f(*texts, n), right, apart(right, mistakes))


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


@exercise("tt-ex-rouge-clip")
def words_that_look_alike(f):
    """The same words turned round, cut elsewhere, and within longer ones"""
    expect_clipped(f, rouge_tokens("on site we met"), rouge_tokens("met we on site site on"), 2)
    expect_clipped(f, rouge_tokens("a part of the plan a sum"), rouge_tokens("apart of the plan as um"), 2)
    expect_clipped(f, rouge_tokens("bathe planet the plan the"), rouge_tokens("he plan the plan"), 2)
    expect_clipped(f, RISKS, [*PLAN[2:], *RISKS], 4)


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


def table_length(ours: Words, theirs: Words, take: Callable, leave: Callable) -> int:
    """The last entry of a table; an entry is made of the one above on the left, the one above, and the one on the left.

    Args:
        ours: a text.
        theirs: another one.
        take: of the three, where the words are equal.
        leave: of the three, where they are not.
    """
    row = [0] * (len(theirs) + 1)
    for word in ours:
        above, row = row, [0]
        for j, other in enumerate(theirs):
            row.append((take if word == other else leave)(above[j], above[j + 1], row[j]))
    return row[-1]


STEPS = (
    (lambda corner, above, left: left + 1, max, "one word of the reference is taken for several of the candidate"),
    (lambda corner, above, left: above + 1, max, "one word of the candidate is taken for several of the reference"),
    (lambda corner, above, left: corner + 1, lambda corner, above, left: above, ""),
    (lambda corner, above, left: corner + 1, lambda corner, above, left: left, ""),
    (lambda corner, above, left: corner + 1, lambda corner, above, left: corner, ""),
)
"""Wrong steps through the table, each with its hint, or with the one that says to leave out a word of either text."""


def greedy_lengths(ours: Words, theirs: Words) -> list[tuple[int, str]]:
    """What greedy scans find, each with its hint."""
    greedy = "taking the first match at once can skip many others: at each word, compare taking it with leaving it"
    both = max(greedy_length(ours, theirs), greedy_length(theirs, ours))
    starts = [(ours[i:], theirs[j:]) for i in range(len(ours)) for j in range(len(theirs))]
    every = max((max(greedy_length(a, b), greedy_length(b, a)) for a, b in starts), default=0)
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    longest = "taking the longest common run first, as difflib does, can cross out a longer subsequence"
    return [
        (both, "the better of two greedy scans can still miss one: at each word, compare taking it with leaving it"),
        (every, "the best of many greedy scans can still miss one: at each word, compare taking it with leaving it"),
        (sum(block.size for block in blocks), longest),
        (greedy_length(ours, theirs), greedy),
        (greedy_length(theirs, ours), greedy),
    ]


def expect_lcs(f, ours: Words, theirs: Words) -> None:
    """Compare with the last entry of the table."""
    right, either = lcs_length(ours, theirs), "compare leaving out a word of either text, and take the larger"
    mistakes = [
        (substring_length(ours, theirs), "that is the longest substring, in one piece: gaps are allowed"),
        (clipped_overlap(Counter(ours), Counter(theirs)), "the order is ignored: that is what ROUGE-1 counts"),
        *greedy_lengths(ours, theirs),
        (lcs_length(list(" ".join(ours)), list(" ".join(theirs))), "those are letters: compare words"),
        (sum(map(eq, ours, theirs)), "those are equal words at the same place: gaps are allowed"),
        (right / max(len(ours), 1), "asked is how many words they share, not a share"),
        *((table_length(ours, theirs, take, leave), hint or either) for take, leave, hint in STEPS),
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


@exercise("tt-ex-rouge-lcs")
def subsequence_of_repeated_words(f):
    """Texts that say the same words again and again"""
    expect_lcs(f, rouge_tokens("we plan and we plan and we stop"), rouge_tokens("plan we stop and plan we and we plan"))
    expect_lcs(f, rouge_tokens("to be or not to be"), rouge_tokens("be to not or be to be or be"))
    expect_lcs(f, rouge_tokens("no no yes no yes yes"), rouge_tokens("yes no no no yes"))
