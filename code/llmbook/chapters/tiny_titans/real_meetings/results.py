"""What the stored answers say: scores by system, intervals over meetings, and what any fitting text would score.

Queries of one meeting are not independent, so meetings are resampled, each with all its queries. The seeds of a tuned
system are averaged before, query by query; how far they differ is shown beside it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llmbook.chapters.tiny_titans.real_meetings.settings import INSTRUCTIONS, MAIN
from llmbook.experiments.results import read_result, select
from llmbook.meetings.qmsum_spans import SpanQuery, stored_span_queries
from llmbook.metrics.bootstrap import SAMPLES, draw_counts, percentiles
from llmbook.metrics.intervals import Interval
from llmbook.metrics.rouge import clipped_overlap, make_score
from llmbook.metrics.rouge_tokens import rouge_tokens

Rows = Sequence[Mapping[str, Any]]
OTHERS = [name for name in INSTRUCTIONS if name != MAIN]
SYSTEMS: dict[str, dict[str, Any]] = {
    "lead": {"system": "lead"},
    "zero-shot": {"system": "zero-shot", "instruction": MAIN},
    **{f"zero-shot, {name}": {"system": "zero-shot", "instruction": name} for name in OTHERS},
    "LoRA": {"system": "lora"},
    "DoRA": {"system": "dora"},
    "oracle": {"system": "oracle"},
}
"""Name to what its rows have; zero-shot without an addition has the instruction of the tuning."""


def stored_rows() -> Rows:
    """All rows of the stored result."""
    return read_result("real_meetings")["rows"]


def queries_of_test() -> list[SpanQuery]:
    """The test queries, in the order of the scores."""
    return [query for query in stored_span_queries() if query.split == "test"]


def rows_of(rows: Rows, name: str) -> Rows:
    """The rows of a system, one for each seed.

    Args:
        rows: of a result.
        name: a key of ``SYSTEMS``.
    """
    return select(rows, part="test", **SYSTEMS[name])


def scores_of(rows: Rows, name: str, measure: str = "rouge1") -> np.ndarray:
    """Scores ``(seeds, queries)`` of a system.

    Args:
        rows: of a result.
        name: a key of ``SYSTEMS``.
        measure: a kind of ROUGE; ``words`` for the length; ``tokens`` for that in tokens, where a model wrote.
    """
    if measure == "words":
        return np.array([[len(text.split()) for text in row["texts"]] for row in rows_of(rows, name)])
    return np.array([row[measure] for row in rows_of(rows, name)])


def over_meetings(
    values: np.ndarray, meetings: Sequence[int], *, seed: int = 0, samples: int = SAMPLES, level: float = 0.95
) -> Interval:
    """The mean of some values with its percentile interval, where whole meetings are drawn again.

    Args:
        values: ``(queries,)``, such as differences between two systems.
        meetings: which meeting each query is of.
        seed: of the draws.
        samples: how often meetings are drawn.
        level: of confidence.

    Raises:
        ValueError: not as many values as meetings, or all of one meeting.
    """
    values = np.asarray(values, dtype=float)
    names, places = np.unique(meetings, return_inverse=True)
    if values.shape != places.shape or len(names) < 2:
        raise ValueError(f"{values.shape} values of {len(names)} meetings and {places.shape} queries cannot be drawn")
    sums, sizes = np.bincount(places, weights=values), np.bincount(places)
    drawn = draw_counts(len(names), samples, seed)
    low, high = percentiles(drawn @ sums / (drawn @ sizes), level)
    return Interval(float(values.mean()), float(low), float(high))


def any_other(queries: Sequence[SpanQuery], texts: Sequence[str]) -> np.ndarray:
    """ROUGE-1 F of each text against the references of all *other* meetings, on average, ``(queries,)``.

    It is what a text gets for being an answer in the manner of the references, whatever it says: the null of "it says
    what was said".
    """
    references = [rouge_tokens(query.answer) for query in queries]
    counts = [Counter(tokens) for tokens in references]
    found = []
    for query, text in zip(queries, texts, strict=True):
        tokens = rouge_tokens(text)
        counted = Counter(tokens)
        scores = [make_score(clipped_overlap(count, counted), len(reference), len(tokens)).fmeasure
                  for other, reference, count in zip(queries, references, counts, strict=True)
                  if other.meeting != query.meeting]  # fmt: skip
        found.append(np.mean(scores))
    return np.array(found)


def manner_of(rows: Rows, name: str, queries: Sequence[SpanQuery]) -> np.ndarray:
    """The scores above for the texts of a system, ``(seeds, queries)``."""
    return np.array([any_other(queries, row["texts"]) for row in rows_of(rows, name)])


def beyond_question(queries: Sequence[SpanQuery], texts: Sequence[str]) -> np.ndarray:
    """ROUGE-1 F with the own reference less that with those of other meetings, without the question's words.

    The words of a text's question are left out of the text and of every reference, so a text that says the question
    again gets nothing for it. ``(queries,)``.
    """
    references = [rouge_tokens(query.answer) for query in queries]
    found = []
    for place, (query, text) in enumerate(zip(queries, texts, strict=True)):
        asked = set(rouge_tokens(query.query))
        said, *kept = ([word for word in words if word not in asked] for words in (rouge_tokens(text), *references))
        counted = Counter(said)
        scores = [make_score(clipped_overlap(Counter(each), counted), len(each), len(said)).fmeasure for each in kept]
        others = [score for other, score in zip(queries, scores, strict=True) if other.meeting != query.meeting]
        found.append(scores[place] - np.mean(others))
    return np.array(found)


def copied_share(queries: Sequence[SpanQuery], texts: Sequence[str], length: int = 4) -> np.ndarray:
    """How much of each text stands in the span word for word: the share of its runs of so many words, ``(queries,)``.

    A text that is shorter than one run has the share 0.
    """
    found = []
    for query, text in zip(queries, texts, strict=True):
        there, here = (_runs(rouge_tokens(each), length) for each in (query.span, text))
        found.append(np.mean([run in set(there) for run in here]) if here else 0.0)
    return np.array(found)


def repeats(texts: Sequence[str], length: int = 6) -> np.ndarray:
    """Whether each text says a run of so many words twice, ``(queries,)``."""
    runs = [_runs(rouge_tokens(text), length) for text in texts]
    return np.array([len(set(each)) < len(each) for each in runs])


def _runs(tokens: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(tokens[start : start + length]) for start in range(len(tokens) - length + 1)]
