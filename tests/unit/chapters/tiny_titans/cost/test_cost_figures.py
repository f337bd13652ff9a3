"""Figures of serving costs show the numbers that they are given; the explorer fits its axes."""

import itertools

import pytest

from llmbook.accounting.serving import WEIGHT_BYTES, Job, Machine, memory_bytes, price_of_a_thousand, reading, writing
from llmbook.chapters.tiny_titans.cost import plots
from llmbook.chapters.tiny_titans.cost.explorer import (
    MEMORY_LIMITS,
    MODELS,
    ROUND,
    TIME_LIMITS,
    describe,
    draw_serving,
    serving_explorer,
)
from llmbook.plots.style import to_svg

FRAME = {"model": "FLAN-T5 large", "read": 2048, "written": 200, "weights": "bfloat16", "batch": 1}


def test_the_prediction_and_the_clock():
    axes = plots.draw_measured([1, 2], {"reading": ([1.0, 2.0], [1.5, 2.5]), "writing": ([3.0, 3.0], [4.0, 5.0])}).axes
    assert [list(line.get_ydata()) for line in axes[1].lines] == [[3, 3], [4, 5]]
    assert axes[0].get_title(loc="left") == "reading" and axes[0].get_ylim()[1] > 2.5


def test_points_lie_under_the_roof():
    ax = plots.draw_roofline(1e12, 1e10, {"reading": [(1000, "large")], "writing": [(2, "small")]}).axes[0]
    heights = {line.get_marker(): line.get_ydata()[0] for line in ax.lines if line.get_marker() in "os"}
    assert heights == {"o": 1e12, "s": 2e10}  # the flat part and the slope


def test_phases_and_lines():
    ax = plots.draw_phases({"a": {"reading": 1.0, "writing": 9.0}}, xlabel="seconds").axes[0]
    assert {line.get_marker(): line.get_xdata()[0] for line in ax.lines[1:]} == {"o": 1.0, "s": 9.0}
    shares = plots.draw_lines([1, 2], {"a": [0.1, 0.5]}, xlabel="x", ylabel="y", percent=True).axes[0]
    prices = plots.draw_lines([1, 2], {"a": [0.1, 0.5]}, xlabel="x", ylabel="y").axes[0]
    assert list(shares.lines[0].get_ydata()) == [0.1, 0.5]
    assert (shares.get_yscale(), prices.get_yscale()) == ("linear", "log")


def test_the_explorer_says_what_it_shows():
    figure, sentence = draw_serving(**FRAME)
    job = Job(2048, 200)
    assert f"{price_of_a_thousand(MODELS['FLAN-T5 large'], job, ROUND):.2g} machine-hours" in sentence
    assert "1.57 GB of weights and 0.22 GB of cache" in sentence and "<svg" in to_svg(figure)
    assert draw_serving(**FRAME | {"weights": "4 bits"})[1] != sentence != draw_serving(**FRAME | {"batch": 32})[1]
    slow = Machine(ROUND.flops / 2, ROUND.bandwidth / 2, ROUND.price)
    assert draw_serving(**FRAME, machine=slow)[1] != sentence
    said = describe("a", {"weights": 2e9, "cache": 1e9}, {"reading": 1.0, "writing": 3.0}, 0.5)
    assert "2.00 GB" in said and "25% of them for reading" in said


def test_the_filled_mark_is_the_slower_one():
    figure = plots.draw_serving_frame({"weights": 1e9, "cache": 1e8}, {"reading": (2.0, 1.0), "writing": (1.0, 3.0)},
                                      memory_limits=(0.01, 10), time_limits=(0.1, 10))
    filled = [line.get_markerfacecolor() != "none" for line in figure.axes[1].lines if line.get_marker() in "os"]
    assert filled == [True, False, False, True]


def test_every_setting_fits_the_axes():
    controls = serving_explorer().defaults
    assert controls == FRAME
    for name, read, written, weights, batch in itertools.product(
        MODELS, (512, 16384), (25, 400), WEIGHT_BYTES.values(), (1, 64)
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
