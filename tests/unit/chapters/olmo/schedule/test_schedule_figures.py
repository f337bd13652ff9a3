"""The figures and the explorer of the page "AdamW and the learning-rate schedule"."""

import math

import numpy as np
import pytest

from llmbook.chapters.olmo.schedule import plots
from llmbook.chapters.olmo.schedule.explorer import describe, explore_schedule
from llmbook.training.schedule import SHAPES, Schedule

OLMO = Schedule(3e-4, 476_837, 5000, 3e-5)


# --- figures -------------------------------------------------------------------------------------------------------


def test_sampled_area_is_the_area():
    for shape in SHAPES:
        schedule = Schedule(1.0, 3000, 200, 0.1, shape)
        steps, rates = plots.sample(schedule)
        assert np.trapezoid(rates, steps) == pytest.approx(schedule.area(), rel=2e-3)
        assert (steps[0], steps[-1]) == (1, 3000)
        assert rates.max() == 1.0


@pytest.mark.parametrize(("number", "text"), [(2e12, "2 T"), (20_971_520_000, "21 B"), (4_194_304, "4.19 M"),
                                              (2500, "2.5 k"), (7, "7")])
def test_short_counts(number, text):
    assert plots.short_count(number) == text


def test_shapes_differ_without_color():
    assert len({str(plots.shape_style(shape)["linestyle"]) for shape in SHAPES}) == len(SHAPES)


def test_the_second_axis_counts_tokens():
    figure = plots.plot_schedules({"a": OLMO}, tokens_per_step=2048 * 2048)
    (top,) = figure.axes[0].child_axes
    figure.draw_without_rendering()
    assert top.get_xlim()[1] == pytest.approx(476_837 * 2048 * 2048)


PATH = np.array([[4.0, 1.0], [2.0, -1.0], [0.0, 0.5]])


@pytest.mark.parametrize("figure", [
    lambda: plots.plot_paths(lambda a, b: a**2 + b**2, {"x": PATH, "y": PATH, "z": PATH}, limits=(-2, 5, -2, 2)),
    lambda: plots.plot_decay({"t": {"a": [1.0, 0.5], "b": [1.0, 0.9]}}),
    lambda: plots.plot_eps([1e-6, 1e-5, 1e-4], {"eps": [0.1, 0.5, 0.9]}, {"here": 1e-5}),
    lambda: plots.plot_schedules({"a": OLMO, "b": Schedule(3e-4, 476_837, 5000)}, tokens_per_step=4e6, highlight="a"),
    lambda: plots.plot_schedules({"a": OLMO}, tokens_per_step=4e6, zoom=10_000),
    lambda: plots.plot_run({"a": (0, 10, 1.0, 2.0)}, marks={"here": 5}, zoom=(4, 10), ymax=2.0),
    lambda: plots.plot_clipping({"A": [2.0, 1.0]}, {"r": lambda g: np.clip(g, -1, 1)}, limit=1.0),
    lambda: plots.plot_gradient_norms([3.0, 1.5, 0.5], {"1": [1.0] * 3, "10": [10.0, 1.0, 1.0]}),
])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(figure):
    first, second = (figure()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second
    assert first.startswith("<svg")


RUN = {"up": (0, 5, 0.1, 1.0), "down": (5, 90, 1.0, 0.2), "anneal": (90, 100, 0.2, 0.0)}


def drawn_run(phases) -> list[list[tuple]]:
    """The lines of every panel as pairs of points, without the marks."""
    figure = plots.plot_run(phases, marks={"epoch": 60}, zoom=(50, 100), ymax=0.3)
    return [[tuple(map(tuple, line.get_xydata())) for line in ax.lines if line.get_label() in phases]
            for ax in figure.axes]  # fmt: skip


def test_a_run_is_drawn_from_phase_to_phase():
    expected = [((first, before), (last, after)) for first, last, before, after in RUN.values()]
    assert drawn_run(RUN) == [expected, expected]
    figure = plots.plot_run(RUN, marks={"epoch": 60}, zoom=(50, 100), ymax=0.3)
    for ax in figure.axes:
        assert [line.get_xdata()[0] for line in ax.lines if line.get_label() not in RUN] == [60]
    assert figure.axes[1].get_xlim() == (50, 100)
    assert figure.axes[1].get_ylim() == (0, 0.3)


def test_a_run_with_exchanged_ends_is_drawn_otherwise():
    """Twin of the test above."""
    assert drawn_run(RUN | {"anneal": (90, 100, 0.0, 0.2)}) != drawn_run(RUN)


# --- the explorer --------------------------------------------------------------------------------------------------


def test_the_sentence_tells_tokens_area_and_decay():
    said = describe(OLMO, 2048 * 2048, 0.1)
    assert "5,000 steps of warm-up (21 B tokens)" in said
    assert f"{OLMO.area() / OLMO.total_steps / 3e-4:.1%} of the peak" in said
    assert f"{math.exp(-0.1 * OLMO.area()):.2g} of itself" in said


def test_the_explorer_has_few_frames_and_each_says_something_else():
    explorer = explore_schedule(total_steps=10**6, tokens_per_step=10**6)
    frames = explorer.frames()
    assert len(frames) <= 64
    assert len({frame.sentence for frame in frames}) == len(frames)
    assert len({frame.svg for frame in frames}) == len(frames)


def test_the_sentence_tells_the_anneal():
    said = describe(Schedule(3e-4, 477_837, 5000, 3e-5, anneal_steps=1000), 2048 * 2048, 0.1)
    assert "the last one falls from 3.0e-05 to 0 in 1,000 steps" in said
    assert "falls" not in describe(OLMO, 2048 * 2048, 0.1)
