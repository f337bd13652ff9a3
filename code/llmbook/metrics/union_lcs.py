r"""Which words of a reference belong to its longest common subsequences with the sentences of a candidate.

ROUGE-Lsum needs, for every sentence of the reference and every sentence of the candidate, not the length of their
longest common subsequence but its words, and among equally long ones those of a certain walk through the table
(``lcs.lcs_walk``). Their union over the candidate's sentences is the "union LCS" of Lin 2004, Section 3.2.

All sentences of the reference are compared at once. They lie side by side in one long integer, a bit per word, with an
empty bit after each sentence in which the carry of the addition ends. Forward, each word of the candidate makes the
next column of all tables (``lcs.py``). Backward, the walks of all sentences go through the columns together. Where a
walk may still go is a mask, of which only the highest bit in each sentence matters.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

from llmbook.metrics.lcs import Tokens, check_sentences, check_tokens


def union_lcs(reference: Tokens, candidate: Sequence[Tokens]) -> list[int]:
    """Positions in one sentence of the reference of the words that the candidate's sentences share in its order.

    Args:
        reference: one sentence.
        candidate: all sentences of the candidate. With one, the result is one longest common subsequence.

    Returns:
        Positions from 0, rising.

    Raises:
        TypeError: a str instead of tokens.
    """
    check_tokens(reference)
    check_sentences(candidate)
    found = Sentences.of([reference]).union(candidate)
    return [position for position in range(len(reference)) if found >> position & 1]


def union_hits(reference: Sequence[Tokens], candidate: Sequence[Tokens]) -> int:
    """The words of all union subsequences, each counted at most as often as the candidate has it.

    Raises:
        TypeError: a str instead of tokens.
    """
    check_sentences(reference, candidate)
    sentences, counts = Sentences.of(reference), Counter(token for sentence in candidate for token in sentence)
    found = sentences.union(candidate)
    return sum(min((places & found).bit_count(), counts[token]) for token, places in sentences.places.items())


@dataclass(frozen=True)
class Sentences:
    """The sentences of a reference as bits. The lowest bit is the first word of the first sentence."""

    places: dict[Hashable, int]
    """For each token the bits where it stands."""
    words: int
    """The bits of all words; those after the sentences are 0."""
    longest: int
    """Words in the longest sentence."""

    @classmethod
    def of(cls, sentences: Sequence[Tokens]) -> "Sentences":
        """Lay out lists of tokens."""
        places, words, bit = {}, 0, 1
        for sentence in sentences:
            first = bit
            for token in sentence:
                places[token] = places.get(token, 0) | bit
                bit <<= 1
            words |= bit - first
            bit <<= 1
        return cls(places, words, max(map(len, sentences), default=0))

    @cached_property
    def steps(self) -> list[tuple[int, int]]:
        """Shifts 1, 2, 4, ... and the bits that so many places further up have a word of the same sentence."""
        shifts, reachable = [], self.words
        reachable &= reachable >> 1
        shift = 1
        while shift < self.longest:
            shifts.append((shift, reachable))
            reachable &= reachable >> shift
            shift *= 2
        return shifts

    def union(self, candidate: Sequence[Tokens]) -> int:
        """The bits of the words that belong to the subsequence with any sentence of the candidate."""
        found, get = 0, self.places.get
        for sentence in candidate:
            found |= self._read_out(self._columns([get(token, 0) for token in sentence]))
        return found

    def _columns(self, matches: Sequence[int]) -> list[tuple[int, int]]:
        """For each token of the candidate the bits that match, and the column of all tables after it.

        A token that the reference lacks leaves the column as it was. A run of such tokens is walked like one of them.
        """
        words = column = self.words
        columns, in_run = [], True
        for matched in matches:
            if matched:
                new = column & matched
                column = (column + new | column - new) & words
            elif in_run:
                continue
            columns.append((matched, column))
            in_run = not matched
        return columns

    def _read_out(self, columns: Sequence[tuple[int, int]]) -> int:
        """The words on the walks, from the last column to the first."""
        allowed, found, steps = self.words, 0, self.steps
        for matched, column in reversed(columns):
            reached = (matched | ~column) & allowed  # a walk goes up to a match, or until the table would shrink
            for shift, reachable in steps:
                reached |= reached >> shift & reachable  # in the end: the highest bit of a sentence, and all below it
            if matched:
                taken = reached & matched & ~(reached >> 1 & steps[0][1] if steps else 0)
                found |= taken
                reached ^= taken
            if not reached:
                break
            allowed = reached
        return found
