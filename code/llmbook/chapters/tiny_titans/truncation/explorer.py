"""The explorer of the page "Truncation": what is kept of a meeting, by how much of it is read at once and how."""

import numpy as np
from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.truncation.experiment import (
    CHATTER,
    CONTEXTS,
    expected_by_reading,
    per_meeting,
    recall_intervals,
    stored_reading,
)
from llmbook.chapters.tiny_titans.truncation.plots import NAMES, draw_reading_frame
from llmbook.metrics.intervals import Interval
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

EDGES = {"short": tuple(range(0, 181, 30)), "medium": tuple(range(0, 421, 70)), "long": tuple(range(0, 841, 120))}
"""Borders of the positions that are taken together, for each length of meeting."""
METHODS = {name: method for method, name in NAMES.items()}
ASKED = Prediction(
    "Long meetings are read in pieces, and the pieces grow from 160 tokens to 640. What happens to the share of facts "
    "that are kept?",
    {
        "It rises": "Then a longer context would help whenever there is one. Choose in pieces, and move the context "
        "from 160 to 640.",
        "It stays": "Then it would be enough that every fact is read at all. Choose in pieces, move the context from "
        "160 to 640, and read the share that is kept.",
        "It falls": "Then this model would read long pieces worse than short ones. Choose in pieces, move the context "
        "from 160 to 640, and read the wrong statements and F1, too: they tell another story.",
    },
)


def draw_reading(*, length: str, context: int, method: str) -> tuple[Figure, str]:
    """One frame: recall by position and two scores, from the stored result, and a sentence with the numbers."""
    row = stored_reading(length, context, METHODS[method])
    scores = {"recall": per_meeting(row, "recall").mean(), "F1": per_meeting(row, "facts_f1").mean()}
    figure = draw_reading_frame(EDGES[length], found_recall(length, context, METHODS[method]), context, scores)
    readable = expected_by_reading(row["ends"], context)
    return figure, describe(length, context, method, readable, scores, float(np.mean(row["wrong"])))


def found_recall(length: str, context: int, method: str) -> Interval:
    """Recall by position of a stored row."""
    return recall_intervals(stored_reading(length, context, method), EDGES[length])


def describe(length: str, context: int, method: str, readable: float, scores: dict[str, float], wrong: float) -> str:
    """What a frame shows, in words."""
    return (f"{length[:1].upper()}{length[1:]} meetings, context {context}, {method}: {readable:.0%} of the facts end "
            f"within the first {context} tokens, {scores['recall']:.0%} are kept, and a summary states {wrong:.1f} "
            f"wrong things; F1 {scores['F1']:.2f}.")  # fmt: skip


def explore_truncation() -> Explorer:
    """Move the context, the length of the meetings and the way to read, and compare what is kept with what is made up.

    Needs ``data/results/truncation.json``.
    """
    return explore(
        draw_reading, name="truncation", predict=ASKED,
        caption="The share of facts that are kept, by where they end, with 95 % intervals; the shaded part lies beyond "
                "the context. Recall counts what is kept, F1 also what is made up. Go from cut off to in pieces and "
                "watch both.",
        length=Choice("Meetings", list(CHATTER), "long"),
        context=Slider("Context", list(CONTEXTS), 160, "{} tokens", frames=[80, 160, 320, 640]),
        method=Choice("Read", list(METHODS), "cut off"),
    )  # fmt: skip
