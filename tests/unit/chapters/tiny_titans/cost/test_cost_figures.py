"""Figures of serving costs show the numbers that they are given; the explorer fits its axes."""

import itertools
import math

import pytest
from drawing import curves, legend, limits, lines, redrawn, rules, scales, ticks, titles, words
from drawn import DASHED, Curve, Key, Rule, color, numbers

from llmbook.accounting.serving import WEIGHT_BYTES, Job, Machine, memory_bytes, price_of_a_thousand, reading, writing
from llmbook.chapters.tiny_titans.cost import plots
from llmbook.chapters.tiny_titans.cost.explorer import (
    ASKED,
    MEMORY_LIMITS,
    MODELS,
    ROUND,
    TIME_LIMITS,
    describe,
    draw_serving,
    serving_explorer,
)
from llmbook.plots.style import text_color

FRAME = {"model": "FLAN-T5 large", "read": 2048, "written": 200, "weights": "bfloat16", "batch": 1}
READING, WRITING = ("blue", "", "o", "blue"), ("vermillion", "", "s", "vermillion")


def test_the_prediction_and_the_clock():
    rows = {"reading": ([1.0, 2.0, 3.0], [1.5, 2.5, 4.0]), "writing": ([3.0, 3.5, 4.0], [4.0, 5.0, 7.0])}
    figure = redrawn(plots.draw_measured, [1, 2, 4], rows)
    for ax, (name, (predicted, measured)), look in zip(figure.axes, rows.items(), (READING, WRITING), strict=True):
        assert lines(ax) == {"at least, by formula": Curve((1, 2, 4), tuple(predicted), "ink", "-", "", ""),
                             "measured": Curve((1, 2, 4), tuple(measured), *look)}  # fmt: skip
        assert legend(ax) == {"at least, by formula": Key("ink", "-"), "measured": Key(look[0], "", look[2])}
        assert titles(ax) == (name, "tokens read, S", "seconds" if name == "reading" else "")
    assert [limits(ax) for ax in figure.axes] == [((0, 4.24), (0, 6.4)), ((0, 4.24), (0, 11.2))]


def test_points_lie_under_the_roof():
    points = {"reading": [(1000, "large"), (400, "medium")], "writing": [(2, "small"), (50, "batch")]}
    ax = redrawn(plots.draw_roofline, 1e12, 1e10, points).axes[0]
    roof, *marks = curves(ax)
    assert roof == Curve((0.5, 100, 2e5), (5e9, 1e12, 1e12), "ink", "-", "", "")
    assert marks == [Curve((1000,), (1e12,), *READING), Curve((400,), (1e12,), *READING),
                     Curve((2,), (2e10,), *WRITING), Curve((50,), (5e11,), *WRITING)]  # fmt: skip
    assert rules(ax) == [Rule("x", 100, "gray", (0, (2, 2)))]
    assert [word[:4] for word in words(ax)] == [
        ("large", 1000, 1e12, (0, 11)), ("medium", 400, 1e12, (0, 26)), ("small", 2, 2e10, (9, -5)),
        ("batch", 50, 5e11, (9, -5)), ("fetching decides\nbelow 100", 100, 1.6e12, (-8, 0))]  # fmt: skip
    assert [text.get_ha() for text in ax.texts] == ["center", "center", "left", "left", "right"]
    said = [color(text_color(name)) for name in ("blue", "blue", "vermillion", "vermillion")]
    assert [word.color for word in words(ax)[:4]] == said
    assert scales(ax) == ("log", "log") and limits(ax) == ((0.5, 2e5), (5e9, 6e12))
    assert titles(ax)[1:] == ("FLOPs for each fetched byte", "FLOPs a second")


def test_phases_are_joined_from_the_smaller_to_the_larger():
    rows = {"a": {"reading": 9.0, "writing": 1.0}, "b": {"reading": 2.0, "writing": 30.0}}
    ax = redrawn(plots.draw_phases, rows, xlabel="seconds").axes[0]
    assert curves(ax) == [Curve((1, 9), (0, 0), "gray", "-", "", ""), Curve((9,), (0,), *READING),
                          Curve((1,), (0,), *WRITING), Curve((2, 30), (1, 1), "gray", "-", "", ""),
                          Curve((2,), (1,), *READING), Curve((30,), (1,), *WRITING)]  # fmt: skip
    assert legend(ax) == {"reading": Key("blue", "", "o"), "writing": Key("vermillion", "", "s")}
    assert ticks(ax.yaxis) == {0: "a", 1: "b"} and limits(ax)[1] == (1.5, -0.5), "the first at the top"
    assert scales(ax) == ("log", "linear") and titles(ax)[1] == "seconds"


def test_lines_of_shares_and_of_prices():
    values = {"a": [0.1, 0.5, 0.75], "b": [0.9, 0.3, 0.2]}
    shares, prices = (redrawn(plots.draw_lines, [1, 2, 8192], values, xlabel="batch", ylabel="share", percent=percent)
                      for percent in (True, False))  # fmt: skip
    for (ax,) in (shares.axes, prices.axes):
        assert lines(ax) == {"a": Curve((1, 2, 8192), (0.1, 0.5, 0.75), "blue", "-", "o", "blue"),
                             "b": Curve((1, 2, 8192), (0.9, 0.3, 0.2), "vermillion", DASHED, "s", "vermillion")}
        assert ticks(ax.xaxis) == {1: "1", 2: "2", 8192: "8,192"} and titles(ax)[1:] == ("batch", "share")
    assert [scales(figure.axes[0]) for figure in (shares, prices)] == [("log", "linear"), ("log", "log")]
    assert limits(shares.axes[0])[1] == (0, 1) and ticks(shares.axes[0].yaxis)[0.4] == "40%"
    assert legend(shares) == {"a": Key("blue", "-", "o"), "b": Key("vermillion", DASHED, "s")}
    assert scales(plots.draw_lines([1, 2], {"a": [1, 2]}, xlabel="", ylabel="").axes[0]) == ("log", "log")


def stems(ax):
    """By row: what the stem and its mark stand for, from logarithms, with color, marker, and whether it is filled."""
    pairs = zip(curves(ax)[::2], curves(ax)[1::2], strict=True)
    found = {}
    for stem, mark in pairs:
        assert stem.y == mark.y * 2 and stem.x[1] == mark.x[0] and stem.color == mark.color
        assert (stem.dash == "-") == (mark.fill == mark.color)
        found[mark.y[0]] = (*(10**end for end in stem.x), mark.color, mark.marker, mark.fill != "none")
    return found


def test_the_filled_mark_is_the_slower_one():
    times = {"reading": (2.0, 1.0), "writing": (1.0, 3.0)}
    figure = redrawn(plots.draw_serving_frame, {"weights": 4e9, "cache": 1e8}, times, memory_limits=(0.01, 10),
                     time_limits=(0.1, 10))  # fmt: skip
    top, bottom = figure.axes
    assert 0 < bottom.get_position().y0 < bottom.get_position().y1 < top.get_position().y0 < top.get_position().y1 < 1
    near = pytest.approx
    assert stems(top) == {0: (0.01, near(4, rel=1e-4), "gray", "D", True), 1: (0.01, near(0.1), "gray", "D", True)}
    assert stems(bottom) == {0: (0.1, near(2, rel=1e-4), "blue", "o", True), 1: (0.1, near(1), "blue", "o", False),
                             2: (0.1, near(1), "vermillion", "s", False),
                             3: (0.1, near(3, rel=1e-4), "vermillion", "s", True)}  # fmt: skip
    assert ticks(top.yaxis) == {0: "weights", 1: "cache"}
    assert list(ticks(bottom.yaxis).values()) == ["reading: multiply", "reading: fetch", "writing: multiply",
                                                  "writing: fetch"]  # fmt: skip
    assert ticks(top.xaxis) == {-2: "0.01", -1: "", 0: "1", 1: ""} and ticks(bottom.xaxis) == {-1: "", 0: "1", 1: ""}
    assert [limits(ax) for ax in figure.axes] == [((-2, 1), (1.5, -0.5)), ((-1, 1), (3.5, -0.5))]
    assert [titles(ax)[1] for ax in figure.axes] == ["GB", "seconds for the batch"]


# --- the explorer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"model": "Llama 2 7B"}, {"read": 8192}, {"written": 50},
                                     {"weights": "4 bits"}, {"batch": 32}])
def test_a_frame_shows_what_its_controls_need(changes):
    values = FRAME | changes
    config, job = MODELS[values["model"]], Job(values["read"], values["written"], values["batch"],
                                               {"bfloat16": 2.0, "4 bits": 0.5}[values["weights"]])  # fmt: skip
    top, bottom = redrawn(draw_serving, **values)[0].axes
    memory = [size / 1e9 for size in memory_bytes(config, job).values()]
    times = [part for phase in (reading(config, job), writing(config, job))
             for part in (phase.flops / 1e14, phase.bytes / 1e12)]  # fmt: skip
    drawn = [[mark.x[0] for mark in curves(ax)[1::2]] for ax in (top, bottom)]
    assert drawn == [list(numbers(map(math.log10, memory))), list(numbers(map(math.log10, times)))]
    assert (limits(top)[0], limits(bottom)[0]) == tuple(numbers(map(math.log10, ends)) for ends in
                                                        (MEMORY_LIMITS, TIME_LIMITS))  # fmt: skip


def test_the_explorer_says_what_it_shows():
    _, sentence = draw_serving(**FRAME)
    job = Job(2048, 200)
    assert f"{price_of_a_thousand(MODELS['FLAN-T5 large'], job, ROUND):.2g} machine-hours" in sentence
    assert "1.57 GB of weights and 0.22 GB of cache" in sentence
    assert draw_serving(**FRAME | {"weights": "4 bits"})[1] != sentence != draw_serving(**FRAME | {"batch": 32})[1]
    slow = Machine(ROUND.flops / 2, ROUND.bandwidth / 2, ROUND.price)
    assert draw_serving(**FRAME, machine=slow)[1] != sentence
    said = describe("a", {"weights": 2e9, "cache": 1e9}, {"reading": 1.0, "writing": 3.0}, 0.5)
    assert "2.00 GB" in said and "25% of them for reading" in said


def test_every_setting_fits_the_axes():
    assert serving_explorer().defaults == FRAME
    ends = {name: (control.values[0], control.values[-1]) for name, control in serving_explorer().controls.items()}
    assert (ends["read"], ends["written"], ends["batch"]) == ((512, 16384), (25, 400), (1, 64))
    for name, read, written, weights, batch in itertools.product(
        MODELS, ends["read"], ends["written"], WEIGHT_BYTES.values(), ends["batch"]
    ):
        job = Job(read, written, batch, weights)
        memory = [size / plots.GIGA for size in memory_bytes(MODELS[name], job).values()]
        assert MEMORY_LIMITS[0] < min(memory) < max(memory) < MEMORY_LIMITS[1]
        for phase in (reading(MODELS[name], job), writing(MODELS[name], job)):
            for taken in (phase.flops / ROUND.flops, phase.bytes / ROUND.bandwidth):
                assert TIME_LIMITS[0] < taken < TIME_LIMITS[1]


@pytest.mark.parametrize("bad", [{"read": 0}, {"batch": 0}])
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ValueError, match="at least 1"):
        draw_serving(**FRAME | bad)


def test_the_frames_answer_the_question_that_is_asked_first():
    explorer = serving_explorer()
    assert explorer.predict is ASKED and "It falls to about a third" in ASKED.answers
    assert {50, 200} <= set(explorer.controls["written"].frames) and FRAME["written"] == 200
    short, long = (price_of_a_thousand(MODELS["FLAN-T5 large"], Job(2048, written), ROUND) for written in (50, 200))
    assert 0.28 < short / long < 0.38
