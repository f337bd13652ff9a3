"""Which words a ROUGE score counts, in the reference and in the candidate: for pictures, and to check one by eye.

Both lists that come back are as long as the number of hits, so the score follows from them.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from llmbook.metrics.lcs import Tokens, check_sentences, lcs_table, lcs_walk
from llmbook.metrics.rouge import ROUGE_TYPES

Places = list[int]


def matched_places(kind: str, reference: Sequence[Tokens], candidate: Sequence[Tokens]) -> tuple[Places, Places]:
    """Positions of what is counted, over the whole text, from 0 and rising.

    Where a word occurs more often than it is counted, its first occurrences are taken; for ROUGE-Lsum in the
    candidate, those that lie on a subsequence come first.

    Args:
        kind: one of ``ROUGE_TYPES``.
        reference: sentences, each a list of tokens.
        candidate: likewise.

    Returns:
        Positions in the reference and in the candidate, equally many: of words, or for "rouge2" of the first words
        of pairs.

    Raises:
        TypeError: a str instead of tokens.
        ValueError: an unknown kind.
    """
    if kind not in ROUGE_TYPES:
        raise ValueError(f"unknown kind {kind!r}; choose one of {', '.join(ROUGE_TYPES)}")
    check_sentences(reference, candidate)
    ours, theirs = ([token for sentence in text for token in sentence] for text in (reference, candidate))
    if kind == "rougeL":
        pairs = list(_pairs(ours, theirs))
        return sorted(i for i, _ in pairs), sorted(j for _, j in pairs)
    if kind == "rougeLsum":
        return _union_places(reference, candidate, ours, theirs)
    ours, theirs = (list(pairwise(text)) if kind == "rouge2" else text for text in (ours, theirs))
    common = Counter(ours) & Counter(theirs)
    return _take(enumerate(ours), common), _take(enumerate(theirs), common)


def _union_places(reference: Sequence[Tokens], candidate: Sequence[Tokens], ours: Tokens, theirs: Tokens) -> tuple:
    """The places of ROUGE-Lsum: the union of the walks, each word at most as often as the candidate has it."""
    pairs = [
        (start + i, other_start + j)
        for start, sentence in _with_starts(reference)
        for other_start, other in _with_starts(candidate)
        for i, j in _pairs(sentence, other)
    ]
    union, walked = sorted({i for i, _ in pairs}), {j for _, j in pairs}
    kept = _take(((place, ours[place]) for place in union), Counter(theirs))
    order = sorted(range(len(theirs)), key=lambda place: place not in walked)
    counts = Counter(ours[place] for place in kept)
    return kept, sorted(_take(((place, theirs[place]) for place in order), counts))


def _pairs(reference: Tokens, candidate: Tokens) -> Iterable[tuple[int, int]]:
    """Positions, in both texts, of the words of one longest common subsequence."""
    walk = lcs_walk(lcs_table(reference, candidate), reference, candidate)
    return ((i - 1, j - 1) for i, j in walk if reference[i - 1] == candidate[j - 1])


def _with_starts(sentences: Sequence[Tokens]) -> Iterable[tuple[int, Tokens]]:
    """Each sentence with the position of its first word in the text."""
    start = 0
    for sentence in sentences:
        yield start, sentence
        start += len(sentence)


def _take(items: Iterable[tuple[int, Hashable]], counts: Counter) -> Places:
    """The places of the first occurrences of each item, at most as many as its count."""
    left, taken = Counter(counts), []
    for place, item in items:
        if left[item] > 0:
            left[item] -= 1
            taken.append(place)
    return taken
