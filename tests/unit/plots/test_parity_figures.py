"""The figure of faults in a parity test: where each stands, also the one that shows nothing."""

import numpy as np
from drawing import Bar, Curve, Key, Rule, curves, legend, limits, redrawn, rules, scales, spans, ticks, titles, words

from llmbook.plots.parity import plot_faults

FAULTS = ["one", "two", "three"]
DIFFERENCES = {"loud": np.array([0.1, 1e-3, 20.0]), "quiet": np.array([0.0, 2e-7, 0.5])}


def test_each_fault_has_a_row_with_a_mark_for_each_kind_of_weights():
    ax = redrawn(plot_faults, FAULTS, DIFFERENCES).axes[0]
    assert curves(ax) == [Curve((0.1, 1e-3, 20), (-0.12, 0.88, 1.88), "blue", "", "o", "blue"),
                          Curve((1e-8, 2e-7, 0.5), (0.12, 1.12, 2.12), "orange", "", "s", "orange")]
    assert ticks(ax.yaxis) == dict(enumerate(FAULTS)) and limits(ax)[1] == (2.5, -0.5)
    assert scales(ax) == ("log", "linear") and titles(ax)[1] == "relative difference of the logits"
    assert legend(ax.figure) == {"loud": Key("blue", "", "o"), "quiet": Key("orange", "", "s")}


def test_zero_has_a_place_of_its_own_left_of_all_others():
    ax = redrawn(plot_faults, FAULTS, DIFFERENCES).axes[0]
    assert limits(ax)[0] == (2.5e-9, 60)
    assert ticks(ax.xaxis) == {1e-8: "0", 1e-7: "$10^{-7}$", 1e-5: "$10^{-5}$", 1e-3: "$10^{-3}$", 0.1: "$10^{-1}$",
                               10: "$10^{1}$"}
    other = redrawn(plot_faults, ["a"], {"loud": np.array([0.0]), "quiet": np.array([3e-4])}, tolerance=1e-3).axes[0]
    assert [curve.x for curve in curves(other)] == [(1e-5,), (3e-4,)] and limits(other)[0] == (2.5e-6, 10)
    other = redrawn(plot_faults, ["a"], {"loud": np.array([0.3])}, tolerance=1e-4).axes[0]
    assert next(iter(ticks(other.xaxis))) == 1e-5, "the tolerance is on the axis, also where nothing is near it"


def test_what_would_pass_is_shaded_up_to_the_tolerance():
    for tolerance in (1e-5, 1e-3):
        ax = redrawn(plot_faults, FAULTS, DIFFERENCES, tolerance=tolerance).axes[0]
        assert spans(ax) == [Bar(2.5e-9, 0, float(f"{tolerance - 2.5e-9:.6g}"), 1, "vermillion", "", "vermillion")]
        assert rules(ax) == [Rule("x", tolerance, "vermillion", "-")]
        assert [(word.text, word.x, word.y) for word in words(ax)] == [("passes unseen", tolerance, -0.5)]
        assert ax.texts[0].get_ha() == "right", "the words stand in the shade"
