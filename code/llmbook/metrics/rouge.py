r"""ROUGE: how much of a reference summary's wording a candidate has.

For a count :math:`h` of what both have in common, precision is :math:`P = h / \text{size of the candidate}`, recall is
:math:`R = h / \text{size of the reference}`, and :math:`F = 2 P R / (P + R)`. What is counted differs:

- ROUGE-N: n-grams, each at most as often as in the other text ("clipped"),
  :math:`h = \sum_g \min(\text{count}_\text{ref}(g), \text{count}_\text{cand}(g))`;
- ROUGE-L: words of the longest common subsequence of the two texts, newlines ignored;
- ROUGE-Lsum: sentence by sentence (lines are sentences), words of the union of a reference sentence's subsequences
  with all sentences of the candidate. Each word is counted at most as often as the candidate has it, which the
  program ROUGE-1.5.5 does and the paper does not say.

Source: Lin 2004, https://aclanthology.org/W04-1013/, Sections 2 and 3. The scores are equal to those of the package
rouge-score 0.1.2, as floating-point numbers.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from llmbook.metrics.lcs import check_tokens, lcs_length
from llmbook.metrics.rouge_tokens import check_text, rouge_sentences
from llmbook.metrics.union_lcs import union_hits

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
Tokens = Sequence[Hashable]


class Score(NamedTuple):
    """Three shares from 0 to 1, as ``score.recall`` or as ``score["recall"]``."""

    precision: float
    """The share of the candidate that the reference has too."""
    recall: float
    """The share of the reference that the candidate has too."""
    fmeasure: float
    """The harmonic mean of both; 0 where both are 0."""

    def __getitem__(self, key: str | int | slice) -> float:
        """A share by its name, or by its index as in any tuple."""
        return getattr(self, key) if key in self._fields else tuple.__getitem__(self, key)


def rouge_scores(reference: str | Sequence[str], candidate: str, stemmer: bool = False) -> dict[str, Score]:
    """ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum of a candidate summary.

    Args:
        reference: a reference summary, or several. Of several, each kind of score takes the one that gives it the
            largest F, the first of equals. One sentence per line, which only ROUGE-Lsum cares about.
        candidate: the summary to be judged.
        stemmer: compare stems, so that "decided" equals "decide".

    Returns:
        A score for each of ``ROUGE_TYPES``. An empty text, or one without any letter a to z or digit, scores 0.

    Raises:
        TypeError: a text is not a str.
        ValueError: there is no reference.
    """
    check_text(candidate, "candidate")
    references = _references(reference)
    tokens = rouge_sentences(candidate, stemmer)
    scores = [_scores(rouge_sentences(text, stemmer), tokens) for text in references]
    return scores[0] if len(scores) == 1 else {kind: best([each[kind] for each in scores]) for kind in ROUGE_TYPES}


def best(scores: Sequence[Score]) -> Score:
    """The score with the largest F, the first of equals."""
    return max(scores, key=lambda score: score.fmeasure)


def ngram_counts(tokens: Tokens, n: int) -> Counter:
    """How often each n-gram, a tuple of n neighbors, occurs.

    Raises:
        TypeError: a str instead of tokens.
        ValueError: n is below 1.
    """
    check_tokens(tokens)
    if n < 1:
        raise ValueError(f"an n-gram has at least one token, not {n}")
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def clipped_overlap(reference: Mapping[Hashable, int], candidate: Mapping[Hashable, int]) -> int:
    """The sum of the smaller of both counts, over everything that both have."""
    return sum(min(reference[item], candidate[item]) for item in reference.keys() & candidate.keys())


def rouge_n(reference: Tokens, candidate: Tokens, n: int) -> Score:
    """ROUGE-N of two lists of tokens.

    Raises:
        TypeError: a str instead of tokens.
        ValueError: n is below 1.
    """
    hits = clipped_overlap(ngram_counts(reference, n), ngram_counts(candidate, n))
    return make_score(hits, max(len(reference) - n + 1, 0), max(len(candidate) - n + 1, 0))


def rouge_l(reference: Tokens, candidate: Tokens) -> Score:
    """ROUGE-L of two lists of tokens.

    Raises:
        TypeError: a str instead of tokens.
    """
    return make_score(lcs_length(reference, candidate), len(reference), len(candidate))


def rouge_lsum(reference: Sequence[Tokens], candidate: Sequence[Tokens]) -> Score:
    """ROUGE-Lsum of two lists of sentences, each a list of tokens.

    Raises:
        TypeError: a str instead of tokens.
    """
    return make_score(union_hits(reference, candidate), sum(map(len, reference)), sum(map(len, candidate)))


def make_score(hits: int, reference_size: int, candidate_size: int) -> Score:
    """Precision, recall and F of so many hits; 0 where a text is empty."""
    precision, recall = hits / max(candidate_size, 1), hits / max(reference_size, 1)
    both = precision + recall
    return Score(precision, recall, 2 * precision * recall / both if both > 0 else 0.0)


def _references(reference: str | Sequence[str]) -> Sequence[str]:
    """A list of references, checked."""
    if isinstance(reference, (list, tuple)):
        if not reference:
            raise ValueError("the list of references is empty; a score needs at least one reference")
        for text in reference:
            check_text(text, "each reference")
        return reference
    check_text(reference, "reference")
    return [reference]


def _scores(reference: list[list[str]], candidate: list[list[str]]) -> dict[str, Score]:
    """All kinds of score of one pair, from the words of each line."""
    ours, theirs = ([token for sentence in text for token in sentence] for text in (reference, candidate))
    longest = rouge_l(ours, theirs)
    one_sentence_each = len(reference) == len(candidate) == 1  # then the union is the subsequence itself
    return {
        "rouge1": rouge_n(ours, theirs, 1),
        "rouge2": rouge_n(ours, theirs, 2),
        "rougeL": longest,
        "rougeLsum": longest if one_sentence_each else rouge_lsum(reference, candidate),
    }
