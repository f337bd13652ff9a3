r"""Summaries without a model: a few turns of the transcript, copied. Every model has to beat them.

- :func:`lead` takes the first turns. In news the first three sentences are hard to beat; a meeting begins otherwise.
- :func:`central` takes the turns that resemble many others, by LexRank: turns are nodes, the cosine of their word
  weights is the strength of an edge, and a random walk that jumps anywhere with probability 0.15 says how often each
  is visited. Source: Erkan and Radev 2004, https://arxiv.org/abs/1109.2128, Section 3, without a threshold.
- :func:`salient` takes the turns with the most rare words, the sum of :math:`\log(n / n_w)` over the different words
  of a turn, where :math:`n_w` of the :math:`n` turns have the word w.
- :func:`random_turns` takes any turns: whoever scores no better has chosen nothing.
- :func:`stated` looks up which turns state the facts. It is no baseline but a ceiling: the best that copying can do.

All of them give one line per turn, ``Speaker: text``, in the order in which they were said, and equal results for
equal transcripts, the random ones for equal generators: of equally good turns the earlier one wins.
"""

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from llmbook.meetings.meeting import Meeting, Turn

JUMP = 0.15
WORD = re.compile(r"[a-z0-9]+")


class HasTurns(Protocol):
    """A synthetic meeting or one of QMSum."""

    turns: tuple[Turn, ...]


def lead(meeting: HasTurns | Sequence[Turn], turns: int = 3) -> str:
    """The first turns.

    Raises:
        ValueError: there is no turn, or fewer than one is asked for.
    """
    return _pick(meeting, lambda said: -np.arange(len(said), dtype=float), turns)


def central(meeting: HasTurns | Sequence[Turn], turns: int = 3) -> str:
    """The turns that resemble many others.

    Raises:
        ValueError: there is no turn, or fewer than one is asked for.
    """
    return _pick(meeting, lambda said: lexrank(word_weights(said)), turns)


def salient(meeting: HasTurns | Sequence[Turn], turns: int = 3) -> str:
    """The turns with the most rare words.

    Raises:
        ValueError: there is no turn, or fewer than one is asked for.
    """
    return _pick(meeting, lambda said: word_weights(said, repeated=False).sum(1), turns)


def random_turns(meeting: HasTurns | Sequence[Turn], generator: np.random.Generator, turns: int = 3) -> str:
    """Turns at random, each as likely as any other.

    Raises:
        ValueError: there is no turn, or fewer than one is asked for.
    """
    return _pick(meeting, lambda said: generator.random(len(said)), turns)


def stated(meeting: Meeting, instruction: str = "long") -> str:
    """The turns that state the facts which a summary of this length keeps.

    Raises:
        ValueError: there is no such instruction.
    """
    chosen = sorted({fact.turn for fact in meeting.kept_facts(instruction)})
    return "\n".join(line(meeting.turns[number]) for number in chosen)


def line(turn: Turn) -> str:
    """A turn as a line of a summary."""
    return turn.line


def word_weights(said: Sequence[Turn], *, repeated: bool = True) -> np.ndarray:
    """The tf-idf weight of every word in every turn, ``(turns, words)``.

    Args:
        said: the turns; names of speakers do not count as words.
        repeated: a word that stands twice in a turn counts twice.
    """
    texts = [WORD.findall(turn.text.lower()) for turn in said]
    places = {word: index for index, word in enumerate(sorted({word for text in texts for word in text}))}
    counts = np.zeros((len(texts), len(places)))
    for row, text in enumerate(texts):
        np.add.at(counts[row], [places[word] for word in text], 1)
    return (counts if repeated else counts > 0) * np.log(len(texts) / np.maximum((counts > 0).sum(0), 1))


def lexrank(weights: np.ndarray, *, jump: float = JUMP, steps: int = 100) -> np.ndarray:
    """How often a random walk over similar turns visits each, ``(turns,)``, which sums to 1.

    Args:
        weights: ``(turns, words)``.
        jump: the probability to go on from anywhere.
        steps: of the power iteration; the error shrinks by 1 - jump in each.
    """
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    unit = np.divide(weights, lengths, out=np.zeros_like(weights), where=lengths > 0)
    similar = unit @ unit.T
    np.fill_diagonal(similar, 1.0)  # also a turn without any weight leads somewhere
    similar /= similar.sum(1, keepdims=True)
    visits = np.full(len(weights), 1 / len(weights))
    for _ in range(steps):
        visits = jump / len(visits) + (1 - jump) * visits @ similar
    return visits


def _pick(meeting: HasTurns | Sequence[Turn], score, count: int) -> str:
    """The best turns, in the order in which they were said."""
    said = getattr(meeting, "turns", meeting)
    if not said:
        raise ValueError("there is no turn to copy: the transcript is empty")
    if count < 1:
        raise ValueError(f"a summary has at least one turn, not {count}")
    best = np.argsort(-np.round(score(said), 10), kind="stable")[:count]
    return "\n".join(line(said[number]) for number in sorted(best))
