"""The figures of the comparison page draw the numbers that they are given; so does its explorer."""

import numpy as np
import pytest
from drawing import bars, curves, legend, limits, redrawn, scales, ticks, titles, words
from drawn import DASHED, Curve, Key

from llmbook.accounting import flops_per_token, kv_cache_bytes, total_parameters
from llmbook.chapters.olmo.comparison.explorer import CACHE, CONTEXTS, PARAMETERS, WORK, draw_comparison
from llmbook.chapters.olmo.comparison.plots import plot_by_context, plot_routing
from llmbook.models import PUBLISHED
from llmbook.plots.diagram import tint

ROWS = {"a": ([512, 2048, 8192], [1.0, 2.0, 5.0], 2048), "b": ([512, 4096], [4.0, 3.0], 8192)}


def test_lines_keep_the_context_they_were_given():
    ax = redrawn(plot_by_context, ROWS, ylabel="things").axes[0]
    second = Curve((512, 4096), (4, 3), "vermillion", DASHED, "", "")  # trained beyond all that is drawn
    assert curves(ax) == [
        Curve((512, 2048, 8192), (1, 2, 5), "blue", "-", "", ""), Curve((512, 2048), (1, 2), "blue", "-", "", ""),
        Curve((2048,), (2,), "blue", "", "o", "blue"),
        second, second, Curve((4096,), (3,), "vermillion", "", "s", "vermillion"),
    ]  # fmt: skip
    thin, thick = (line.get_linewidth() for line in ax.lines[:2])
    assert thin < thick and {line.get_alpha() for line in ax.lines} == {None}
    assert legend(ax) == {"a": Key("blue", "-"), "b": Key("vermillion", DASHED)}
    assert scales(ax) == ("log", "linear") and limits(ax)[1] == (0, 5.6)
    assert titles(ax)[1:] == ("context in tokens", "things")
    assert ticks(ax.xaxis) == {512: "512", 2048: "2,048", 8192: "8,192", 32_768: "32,768"}


def test_a_logarithmic_axis_is_the_same_in_every_figure():
    ax = redrawn(plot_by_context, ROWS, ylabel="things", logarithmic=True).axes[0]
    assert scales(ax) == ("log", "log") and limits(ax)[1] == (0.003, 40)
    assert ticks(ax.yaxis) == {0.01: "0.01", 0.1: "0.1", 1: "1", 10: "10"}


SCORES = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.25]])
WEIGHTS = np.array([[0.62, 0, 0.38], [0, 1.0, 0]])
CHOSEN = {(0, 0), (2, 0), (1, 1)}  # column, row


def test_routing_fills_only_what_runs():
    ax = redrawn(plot_routing, SCORES, WEIGHTS).axes[0]
    cells = {(bar.x + 0.46, bar.y + 0.42): bar for bar in bars(ax)}
    assert cells.keys() == {(column, row) for row in range(2) for column in range(3)} and len(bars(ax)) == 6
    for place, cell in cells.items():
        look = (tint("orange", 0.45), "ink") if place in CHOSEN else ("none", "gray")
        assert (cell.color, cell.edge, cell.width, cell.height) == (*look, 0.92, 0.84)
    dotted = [patch.get_linestyle() for patch in ax.patches]
    assert dotted == ["-", ":", "-", ":", "-", ":"]


def test_routing_writes_each_score_into_its_cell_and_the_weight_below_it():
    ax = redrawn(plot_routing, SCORES, WEIGHTS).axes[0]
    said = {(word.x, word.y): word.text for word in words(ax)}
    assert said == {(0, -0.14): "+1.00", (0, 0.18): "weight 0.62", (1, 0): "\N{MINUS SIGN}2.00", (2, -0.14): "+0.50",
                    (2, 0.18): "weight 0.38", (0, 1): "+0.00", (1, 0.86): "+3.00", (1, 1.18): "weight 1.00",
                    (2, 1): "\N{MINUS SIGN}1.25"}  # fmt: skip
    chosen = [word for word in words(ax) if (word.x, round(word.y)) in CHOSEN]
    assert {word.color for word in chosen} == {"ink"} != {word.color for word in words(ax) if word not in chosen}
    assert ticks(ax.xaxis) == {0: "expert 0", 1: "expert 1", 2: "expert 2"}
    assert ticks(ax.yaxis) == {0: "token 0", 1: "token 1"}
    assert limits(ax) == ((-0.55, 2.55), (1.5, -0.5)), "the first token at the top"


# --- the explorer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("GPT-2", "Mistral 7B"), ("Gemma 2B", "Phi-2")])
@pytest.mark.parametrize("view", [CACHE, WORK])
def test_a_frame_draws_the_two_models_of_its_controls_by_context(first, second, view):
    figure, _ = redrawn(draw_comparison, first=first, second=second, view=view)
    (ax,) = figure.axes
    assert list(legend(ax)) == [first, second]
    keys = {"GPT-2": "gpt2", "Mistral 7B": "mistral-7b", "Gemma 2B": "gemma-2b", "Phi-2": "phi-2"}
    for name, whole in zip((first, second), curves(ax)[::3], strict=True):
        config = PUBLISHED[keys[name]]
        seen = [min(context, config.window or context) for context in CONTEXTS]
        values = [kv_cache_bytes(config, each) / 2**30 if view == CACHE else flops_per_token(config, each) / 1e9
                  for each in seen]  # fmt: skip
        assert (whole.x, whole.y) == (tuple(CONTEXTS), pytest.approx(values, rel=1e-5))
    assert scales(ax)[1] == ("log" if view == CACHE else "linear")
    assert titles(ax)[2] == ("GiB of cache in bfloat16" if view == CACHE else "billion FLOPs for one token")


def test_a_frame_of_parameters_has_a_bar_for_each_model():
    figure, _ = redrawn(draw_comparison, first="Gemma 2B", second="Mistral 7B", view=PARAMETERS)
    (ax,) = figure.axes
    assert ticks(ax.yaxis) == {0: "Gemma 2B", 1: "Mistral 7B"}
    assert max(ax.get_position().max) < 1 and min(ax.get_position().min) > 0, "inside the figure"
    for row, name in enumerate(("gemma-2b", "mistral-7b")):
        drawn = sum(bar.width for bar in bars(ax) if round(bar.y + bar.height / 2) == row)
        assert drawn == pytest.approx(total_parameters(PUBLISHED[name]) / 1e9, rel=1e-3), "norms are not drawn"
