"""Figures of the page about truncation show the numbers that they are given, and its explorer says them."""

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba

from llmbook.chapters.tiny_titans.truncation import explorer as widget
from llmbook.chapters.tiny_titans.truncation import plots
from llmbook.chapters.tiny_titans.truncation.experiment import CHATTER, CONTEXTS, stored_reading
from llmbook.metrics.intervals import Interval
from llmbook.plots.style import PALETTE


def interval(*means, half=0.1):
    means = np.array(means)
    return Interval(means, means - half, means + half)


def faces(figure):
    """Fill of each turn of the figure, row after row."""
    return ["none" if patch.get_facecolor()[3] == 0 else to_hex(patch.get_facecolor())
            for patch in figure.axes[0].patches]


def test_unread_turns_are_hollow():
    figure = plots.plot_meeting([0, 10, 30, 60], [1], {"cut off": [(0, 20)], "in pieces": [(0, 30), (30, 60)]})
    found = faces(figure)
    assert found[2] == "none" and found.count("none") == 1
    assert [index for index, face in enumerate(found) if face == PALETTE["orange"].lower()] == [1, 4]
    stops = [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert stops == [20, 30, 60]
    shorter = faces(plots.plot_meeting([0, 10, 30, 60], [1], {"cut off": [(0, 10)]}))
    assert shorter.count("none") == 2


def test_scores_stand_in_their_panels():
    ways = {"cut": interval(0.2, 0.4), "chunks": interval(0.6, 0.5)}
    panels = {"recall": {"short": ways, "long": ways}, "F1": {"short": ways, "long": ways}}
    ceilings = {name: {"short": [0.5, 1.0], "long": [0.3, 0.9]} for name in panels}
    figure = plots.plot_scores([80, 160], panels, ceilings)
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["short meetings", "long meetings"]
    ax = figure.axes[3]
    assert list(ax.lines[0].get_ydata()) == [0.3, 0.9]
    bars = {bar.get_label(): list(bar.lines[0].get_ydata()) for bar in ax.containers}
    assert bars == {"cut off": [0.2, 0.4], "in pieces": [0.6, 0.5]}
    swapped = plots.plot_scores([80, 160], panels | {"F1": {"short": ways, "long": {"cut": ways["chunks"]}}}, ceilings)
    assert list(swapped.axes[3].containers[0].lines[0].get_ydata()) == [0.6, 0.5]


def test_recall_leaves_out_what_is_not_there():
    found = Interval(np.array([1.0, 0.5, np.nan]), np.array([0.9, 0.3, np.nan]), np.array([1.0, 0.7, np.nan]))
    figure = plots.plot_recall([0, 10, 20, 30], {15: (found, 0.7), 40: (found, 0.2)})
    cut, whole = figure.axes
    bars = next(each for each in cut.containers if hasattr(each, "patches"))
    assert [bar.get_height() for bar in bars.patches] == [1.0, 0.5]
    shaded = [ax for ax in (cut, whole) if any(list(line.get_xdata()) == [15, 15] for line in ax.lines)]
    assert shaded == [cut]
    assert [ax.lines[-1].get_ydata()[0] for ax in (cut, whole)] == [0.7, 0.2]


def test_differences():
    panels = {"recall": {"short": interval(0.1, 0.0), "long": interval(0.5, 0.4)}}
    ax = plots.plot_differences([80, 160], panels).axes[0]
    assert {bar.get_label(): list(bar.lines[0].get_ydata()) for bar in ax.containers} == {
        "short": [0.1, 0.0], "long": [0.5, 0.4]}  # fmt: skip
    colors = [to_rgba(bar.lines[0].get_color()) for bar in ax.containers]
    assert colors[0] != colors[1]
    with pytest.raises(KeyError):
        plots.plot_differences([80, 160], {"recall": {"endless": interval(0.1, 0.0)}})


def test_tunings_stand_beside_each_other_with_their_seeds():
    def cells(cut, whole):
        return {"cut": Interval(cut, cut - 0.1, cut + 0.1), "whole": Interval(whole, whole - 0.05, whole + 0.05)}

    found = {"short": cells(0.3, 0.1), "long": cells(0.35, 0.5)}
    seeds = {way: {read: [each.mean - 0.02, each.mean + 0.02] for read, each in row.items()}
             for way, row in found.items()}  # fmt: skip

    def drawn(found):
        [ax] = plots.plot_tunings(found, seeds, {"large": 0.2}, ylabel="F1").axes
        bars = {bar.get_label(): list(bar.lines[0].get_ydata()) for bar in ax.containers}
        dots = [list(line.get_ydata()) for line in ax.lines if line.get_marker() == "."]
        levels = [line.get_ydata()[0] for line in ax.lines if list(line.get_xdata()) == [0, 1]]
        return bars, dots, levels, [tick.get_text() for tick in ax.get_xticklabels()]

    bars, dots, levels, names = drawn(found)
    assert bars == {"read cut": [0.3, 0.35], "read whole": [0.1, 0.5]} and levels == [0.2] and names == list(found)
    assert sorted(map(np.mean, dots)) == pytest.approx([0.1, 0.3, 0.35, 0.5])
    assert drawn(found | {"long": cells(0.5, 0.35)})[0] != bars


def test_the_explorer_says_what_it_shows():
    first = {"length": "long", "context": 160, "method": "cut off"}
    assert widget.explore_truncation().defaults == first
    figure, sentence = widget.draw_reading(**first)
    row = stored_reading("long", 160, "cut")
    assert f"{row['kept'].mean():.0%} are kept" in sentence and f"{row['wrong'].mean():.1f} wrong" in sentence
    dots = [line.get_xdata()[0] for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert dots == pytest.approx([row["kept"].mean(), row["facts_f1"].mean()])
    other = widget.draw_reading(**first | {"method": "in pieces"})[1]
    assert other != sentence != widget.draw_reading(**first | {"context": 320})[1]


def test_every_fact_has_a_bar():
    """Positions beyond the last border would be left out of the picture."""
    for length in CHATTER:
        ends = stored_reading(length, CONTEXTS[0], "cut")["ends"]
        assert widget.EDGES[length][0] <= ends.min() and ends.max() < widget.EDGES[length][-1]
    assert stored_reading("long", 80, "cut")["ends"].max() > widget.EDGES["medium"][-1]  # so the check can fail
