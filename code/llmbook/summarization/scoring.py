"""Summaries judged by what they keep: the words of the reference, and the facts of the meeting."""

from collections.abc import Sequence

import numpy as np

from llmbook.summarization.meeting import Meeting
from llmbook.summarization.rouge import ROUGE_TYPES, rouge_scores


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
        ``(meetings,)`` numbers from 0 to 1 for each of ``ROUGE_TYPES`` (F against the reference) and for ``"facts"``.

    Raises:
        ValueError: not as many summaries as meetings.
    """
    pairs = list(zip(meetings, summaries, strict=True))
    rouge = [rouge_scores(meeting.reference(instruction), summary) for meeting, summary in pairs]
    scores = {kind: np.array([each[kind].fmeasure for each in rouge]) for kind in ROUGE_TYPES}
    return scores | {"facts": np.array([facts_recalled(meeting, summary, instruction) for meeting, summary in pairs])}
