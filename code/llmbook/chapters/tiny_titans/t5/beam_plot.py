"""The tree of a small beam search: every candidate, which were kept, which ended, which were dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.diagram import box, canvas, note, wire
from llmbook.plots.style import styled

STATES = {"kept": "attention", "ended": "embedding", "dropped": "plain"}  # to a kind of box
BOX, HEIGHT, ACROSS, DOWN = 1.12, 0.46, 1.62, 0.56  # width and height of a box, and the steps between boxes


@dataclass(frozen=True)
class Branch:
    """One candidate of one step."""

    token: str
    """The word that it adds."""
    parent: int
    """Its place in the step before; 0 in the first step."""
    score: float
    """The sum of the log-probabilities up to here."""
    state: str
    """A key of ``STATES``."""


@styled
def draw_beam_tree(steps: Sequence[Sequence[Branch]], *, start: str = "start", ax: Any = None) -> Figure:
    """Draw the steps from left to right; a dashed box was dropped, a green one has ended.

    Args:
        steps: for each step its candidates, in the order in which they are drawn from the top.
        start: what every text begins with.
        ax: axes to draw on; new ones by default.

    Raises:
        ValueError: a branch continues one that is not there, or one that was not kept.
    """
    _check(steps)
    rows = max(len(step) for step in steps)
    width, height = 0.75 + ACROSS * len(steps) + 0.15, DOWN * rows + 0.45
    figure, ax = canvas(ax, width, height)
    middle = DOWN * rows / 2
    box(ax, 0.42, middle, start, width=0.7, height=HEIGHT, kind="norm", fontsize=10.5)
    before = [(0.42 + 0.35, middle)]
    for number, step in enumerate(steps):
        x, heights = 0.75 + ACROSS * (number + 0.66), _heights(len(step), middle)
        note(ax, x, height - 0.2, f"step {number + 1}", align="center", bold=True)
        for branch, y in zip(step, heights, strict=True):
            _branch(ax, before[branch.parent], (x, y), branch)
        before = [(x + BOX / 2, y) for y in heights]
    return figure


Text = tuple[str, ...]


def branches(
    steps: Sequence[tuple[Sequence[tuple[Text, float, int]], Sequence[Text]]], *, end: str = "</s>"
) -> list[list[Branch]]:
    """The steps of a search as branches, ordered so that no two lines cross; what still runs at the end is dropped.

    Args:
        steps: for each step all candidates, as (words, score, place of the parent among those that ran before), and the
            words of those that run on, in their order.
        end: the word that ends a text.
    """
    drawn, parents = [], [0]  # parents: where the running texts are drawn in the step before
    for grown, running in steps:
        grown = sorted(grown, key=lambda item: parents[item[2]])
        words = [item[0] for item in grown]
        is_over = any(text[-1] == end for text in words)
        states = ["ended" if text[-1] == end else "kept" if text in running and not is_over else "dropped"
                  for text in words]  # fmt: skip
        drawn.append([Branch(text[-1], parents[parent], score, state)
                      for (text, score, parent), state in zip(grown, states, strict=True)])  # fmt: skip
        parents = [words.index(text) for text in running]
    return drawn


def _heights(count: int, middle: float) -> list[float]:
    """Places from the top, centered."""
    return [middle + DOWN * ((count - 1) / 2 - place) for place in range(count)]


def _branch(ax: Any, start: tuple[float, float], end: tuple[float, float], branch: Branch) -> None:
    """A box with its word and score, and the line from what it continues."""
    is_dropped = branch.state == "dropped"
    wire(ax, start, (end[0] - BOX / 2, end[1]), arrow=False, dashed=is_dropped)
    box(ax, *end, f"{branch.token}\n{branch.score:.2f}", width=BOX, height=HEIGHT, kind=STATES[branch.state],
        fontsize=10, dashed=is_dropped)


def _check(steps: Sequence[Sequence[Branch]]) -> None:
    """Raise about a tree that no search can have made."""
    for before, step in zip([[Branch("", 0, 0.0, "kept")], *steps], steps, strict=False):
        for branch in step:
            if not 0 <= branch.parent < len(before) or before[branch.parent].state != "kept":
                raise ValueError(f"{branch.token!r} continues place {branch.parent} of the step before, "
                                 "which was not kept")  # fmt: skip
