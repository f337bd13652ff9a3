"""Summaries judged by what they keep: the words of the reference, and the facts of the meeting."""

from collections.abc import Sequence

import numpy as np

from llmbook.meetings.fact_check import check_facts
from llmbook.meetings.meeting import Meeting
from llmbook.metrics.rouge import ROUGE_TYPES, rouge_scores
from llmbook.metrics.rouge_tokens import check_texts

MEASURES = (*ROUGE_TYPES, "facts", "facts_f1", "wrong")
"""F of each kind of ROUGE, the share of facts whose keys are kept, F1 of the facts read back
(``meetings/fact_check.py``), and how many statements are wrong."""


def facts_recalled(meeting: Meeting, summary: str, instruction: str = "long") -> float:
    """The share, from 0 to 1, of the facts that a summary should keep and does; 1 if it should keep none.

    Args:
        meeting: with its facts.
        summary: one statement per line, because a fact counts only if one line has all of its keys.
        instruction: which facts are asked for, as in ``Meeting.kept_facts``.
    """
    facts = meeting.kept_facts(instruction)
    return sum(fact.is_in(summary) for fact in facts) / len(facts) if facts else 1.0


def score_summaries(
    meetings: Sequence[Meeting], summaries: Sequence[str], instruction: str = "long"
) -> dict[str, np.ndarray]:
    """Judge one summary for each meeting.

    Returns:
        ``(meetings,)`` numbers for each of ``MEASURES``.

    Raises:
        TypeError: one meeting, or one summary, instead of lists of them.
        ValueError: not as many summaries as meetings.
    """
    summaries = check_texts(summaries, "summaries")
    if isinstance(meetings, Meeting):
        raise TypeError("meetings must be a list of Meeting, not one; put brackets around it, or use score_summary")
    rows = [score_summary(*pair, instruction) for pair in zip(meetings, summaries, strict=True)]
    return {measure: np.array([row[measure] for row in rows]) for measure in MEASURES}


def score_summary(meeting: Meeting, summary: str, instruction: str = "long") -> dict[str, float]:
    """Judge one summary: a number for each of ``MEASURES``."""
    rouge = rouge_scores(meeting.reference(instruction), summary)
    found = check_facts(meeting, summary, instruction)
    return {kind: rouge[kind].fmeasure for kind in ROUGE_TYPES} | {
        "facts": facts_recalled(meeting, summary, instruction), "facts_f1": found.f1, "wrong": float(found.wrong),
    }  # fmt: skip
