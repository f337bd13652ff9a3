"""The explorer of truncation shows the stored reading of its controls, and says its numbers."""

import numpy as np
import pytest
from drawing import bars, curves, errorbars, limits, redrawn, rules

from llmbook.chapters.tiny_titans.truncation import explorer as widget
from llmbook.chapters.tiny_titans.truncation.experiment import CHATTER, CONTEXTS, stored_reading

FIRST = {"length": "long", "context": 160, "method": "cut off"}


@pytest.mark.parametrize("changes", [{}, {"length": "short"}, {"context": 320}, {"method": "in pieces"}])
def test_a_frame_shows_the_reading_of_its_controls(changes):
    values = FIRST | changes
    way = {"cut off": "cut", "in pieces": "chunks"}[values["method"]]
    row = stored_reading(values["length"], values["context"], way)
    left, right = redrawn(widget.draw_reading, **values)[0].axes
    edges = widget.EDGES[values["length"]]
    where = np.digitize(row["ends"], edges) - 1
    shares = [row["kept"][where == place].mean() for place in range(len(edges) - 1) if (where == place).any()]
    assert [bar.height for bar in bars(left)] == pytest.approx(shares, rel=1e-4)
    assert len(errorbars(left)["0"][1]) == len(shares) and limits(left)[0] == (edges[0], edges[-1])
    assert [rule.at for rule in rules(left)] == ([values["context"]] if values["context"] < edges[-1] else [])
    assert [curve.x[0] for curve in curves(right)[1::2]] == pytest.approx([row["kept"].mean(), row["facts_f1"].mean()],
                                                                          rel=1e-4)  # fmt: skip


def test_the_explorer_says_what_it_shows():
    assert widget.explore_truncation().defaults == FIRST
    _, sentence = widget.draw_reading(**FIRST)
    row = stored_reading("long", 160, "cut")
    assert f"{row['kept'].mean():.0%} are kept" in sentence and f"{row['wrong'].mean():.1f} wrong" in sentence
    other = widget.draw_reading(**FIRST | {"method": "in pieces"})[1]
    assert other != sentence != widget.draw_reading(**FIRST | {"context": 320})[1]


def test_every_fact_has_a_bar():
    """Positions beyond the last border would be left out of the picture."""
    for length in CHATTER:
        ends = stored_reading(length, CONTEXTS[0], "cut")["ends"]
        assert widget.EDGES[length][0] <= ends.min() and ends.max() < widget.EDGES[length][-1]
    assert stored_reading("long", 80, "cut")["ends"].max() > widget.EDGES["medium"][-1]  # so the check can fail


def test_the_frames_answer_the_question_that_is_asked_first():
    explorer = widget.explore_truncation()
    assert explorer.predict is widget.ASKED and "It falls" in widget.ASKED.answers
    assert {160, 640} <= set(explorer.controls["context"].frames)
    short, long = (stored_reading("long", context, "chunks") for context in (160, 640))
    assert short["kept"].mean() > long["kept"].mean() + 0.1
    assert np.mean(short["wrong"]) > np.mean(long["wrong"]) and np.mean(short["facts_f1"]) < np.mean(long["facts_f1"])
