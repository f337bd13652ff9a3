"""The figure of measurements by blocks of steps: means over seeds, each at the middle of its block."""

import numpy as np
from drawing import Curve, Key, Rule, bands, legend, lines, numbers, redrawn, rules, titles
from drawn import T95, same_dash

from llmbook.chapters.olmo.schedule.blocks_plot import plot_blocks
from llmbook.plots.style import DASHES

FALLING = np.array([[9.0, 6.0, 3.0, 3.0], [11.0, 8.0, 5.0, 1.0]])  # two seeds: they are one from their mean
RISING = np.array([[1.0, 2.0, 3.0, 7.0], [1.0, 2.0, 3.0, 7.0]])
BROKEN = (0, (4, 2))


def test_blocks_stand_at_their_middle():
    curves_of = {"a": FALLING[:, :3], "b": RISING[:, :3]}
    ax = redrawn(plot_blocks, {"t": curves_of}, block=5, ylabels=["y"]).axes[0]
    assert lines(ax) == {"a": Curve((2, 7, 12), (10, 7, 4), "blue", "-", "o", "blue"),
                         "b": Curve((2, 7, 12), (1, 2, 3), "vermillion", same_dash(DASHES[1]), "s", "vermillion")}
    assert [band.high for band in bands(ax)] == [numbers(np.array([10, 7, 4]) + T95), (1, 2, 3)]
    assert lines(plot_blocks({"t": curves_of}, block=4, ylabels=["y"]).axes[0])["a"].x == (1.5, 5.5, 9.5)
    assert titles(ax) == ("t", "step", "y") and rules(ax) == []


def test_panels_of_blocks_have_their_own_null_and_one_legend_if_their_settings_are_the_same():
    panels = {"t": {"a": FALLING}, "u": {"a": RISING}, "v": {"b": FALLING}}
    axes = redrawn(plot_blocks, panels, block=5, ylabels=["x", "y", "z"], nulls=[None, 0.5, 2.0]).axes
    assert [rules(ax) for ax in axes] == [[], [Rule("y", 0.5, "ink", BROKEN)], [Rule("y", 2, "ink", BROKEN)]]
    assert [titles(ax) for ax in axes] == [("t", "", "x"), ("u", "", "y"), ("v", "step", "z")]
    assert [next(iter(lines(ax).values())).y for ax in axes] == [(10, 7, 4, 2), (1, 2, 3, 7), (10, 7, 4, 2)]
    assert legend(axes[0]) == {"a": Key("blue", "-", "o")} and list(legend(axes[2])) == ["b"]
    assert axes[1].get_legend() is None
