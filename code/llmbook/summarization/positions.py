"""Where in the tokens of a transcript its facts stand, and which of them a summary states: what truncation is about."""

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from llmbook.summarization.fact_check import read_lines
from llmbook.summarization.meeting import Meeting
from llmbook.summarization.phrasings import read_claim
from llmbook.summarization.seq2seq import encode, prompt


def fact_ends(tokenizer: Tokenizer, meeting: Meeting, instruction: str = "long") -> list[int]:
    """For each fact that the instruction keeps: how many tokens of the prompt must be read to have heard it whole."""
    lines = [f"{turn.speaker}: {turn.text}" for turn in meeting.turns]
    parts = ("\n".join(lines[: fact.turn + 1]) for fact in meeting.kept_facts(instruction))
    return [len(encode(tokenizer, prompt(part, instruction))) for part in parts]


def facts_stated(meeting: Meeting, summary: str, instruction: str = "long") -> list[bool]:
    """For each fact that the instruction keeps: whether the summary states it, with the right values."""
    stated = {claim for _, claim in read_lines(summary)}
    return [read_claim(fact.text) in stated for fact in meeting.kept_facts(instruction)]


def recall_by_position(
    positions: Sequence[float], stated: Sequence[bool], edges: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """The share of facts that are stated, for each interval of positions.

    Args:
        positions: of the facts, in any unit.
        stated: of the same facts.
        edges: n + 1 rising borders; a position belongs to the interval whose lower border it reaches.

    Returns:
        ``(n,)`` shares, NaN where no fact stands, and ``(n,)`` numbers of facts.

    Raises:
        ValueError: positions and facts do not pair, or the borders do not rise.
    """
    if len(positions) != len(stated):
        raise ValueError(f"{len(positions)} positions for {len(stated)} facts; give one to each")
    if len(edges) < 2 or np.any(np.diff(edges) <= 0):
        raise ValueError("edges must be at least two borders that rise")
    total, _ = np.histogram(positions, edges)
    kept, _ = np.histogram(positions, edges, weights=np.asarray(stated, dtype=float))
    return np.divide(kept, total, out=np.full(len(total), np.nan), where=total > 0), total
