"""The explorer of schedules draws the schedule of its controls, and says its numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest
from drawing import lines, redrawn

from llmbook.chapters.olmo.schedule.explorer import describe, explore_schedule
from llmbook.plots.style import PALETTE
from llmbook.training.schedule import Schedule

OLMO = Schedule(3e-4, 476_837, 5000, 3e-5)
FIRST = {"shape": "linear", "warmup": 200, "peak": 6e-4, "floor": 0.5, "anneal": 100}


def drawn_rates(steps, **changes):
    """The rates of the highlighted line at some steps; it is the one that is not faint."""
    figure, _ = redrawn(explore_schedule(total_steps=1000, tokens_per_step=500).draw, **FIRST | changes)
    (strong,) = (line for line in figure.axes[0].lines if line.get_linewidth() > 1.5)
    return [float(np.interp(step, *strong.get_data())) for step in steps], strong.get_color()


@pytest.mark.parametrize(("changes", "rates"), [
    ({}, [3e-4, 6e-4, 4.5e-4, 3e-4, 1.5e-4]),  # half the warm-up, its end, half the way, the floor, half the anneal
    ({"warmup": 400}, [1.5e-4, 3e-4, 5e-4, 3e-4, 1.5e-4]),
    ({"peak": 3e-4}, [1.5e-4, 3e-4, 2.25e-4, 1.5e-4, 0.75e-4]),
    ({"floor": 0.1}, [3e-4, 6e-4, 3.3e-4, 0.6e-4, 0.3e-4]),
    ({"shape": "constant"}, [3e-4, 6e-4, 6e-4, 6e-4, 3e-4]),
])  # fmt: skip
def test_a_frame_draws_the_schedule_of_its_controls(changes, rates):
    assert drawn_rates([100, 200, 600, 1000, 1050], **changes)[0] == pytest.approx(rates, rel=0.01)


def test_without_an_anneal_the_training_ends_at_the_floor():
    found, _ = drawn_rates([1000, 1100], anneal=0)
    assert found == pytest.approx([3e-4, 3e-4]) and drawn_rates([1100])[0] == pytest.approx([0], abs=1e-5)


def test_the_other_shapes_stay_faintly_behind():
    figure, _ = explore_schedule(total_steps=1000, tokens_per_step=500).draw(**FIRST | {"shape": "cosine"})
    (ax,) = figure.axes
    assert set(lines(ax)) == {"linear", "cosine", "inverse square root", "constant"}
    assert [line.get_label() for line in ax.lines if line.get_linewidth() > 1.5] == ["cosine"]
    assert drawn_rates([1], shape="cosine")[1] == PALETTE["vermillion"]
    (top,) = ax.child_axes
    assert figure.draw_without_rendering() is None and top.get_xlim() == pytest.approx((0, 1100 * 500))


def test_the_sentence_tells_tokens_area_and_decay():
    said = describe(OLMO, 2048 * 2048, 0.1)
    assert "5,000 steps of warm-up (21 B tokens)" in said
    assert f"{OLMO.area() / OLMO.total_steps / 3e-4:.1%} of the peak" in said
    assert f"{math.exp(-0.1 * OLMO.area()):.2g} of itself" in said


def test_the_sentence_is_about_the_frame():
    _, said = explore_schedule(total_steps=1000, tokens_per_step=500).draw(**FIRST)
    assert said.startswith("Linear, 200 steps of warm-up (100 k tokens), peak 6.0e-04, floor 3.0e-04")


def test_the_decay_of_the_sentence_is_the_one_that_is_given():
    plain, same, other = (explore_schedule(total_steps=1000, tokens_per_step=500, **options).draw(**FIRST)[1]
                          for options in ({}, {"weight_decay": 0.1}, {"weight_decay": 0.3}))  # fmt: skip
    assert plain == same != other


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


def test_a_warm_up_ten_times_as_long_hardly_changes_the_average_rate():
    def average(warmup, floor=0.1):
        schedule = Schedule(3e-4, 476_837, warmup, floor * 3e-4)
        return schedule.area() / schedule.total_steps / schedule.peak
    explorer = explore_schedule(total_steps=476_837, tokens_per_step=2048 * 2048)
    shown = {key: explorer.defaults[key] for key in ("shape", "warmup", "floor", "anneal")}
    assert shown == {"shape": "linear", "warmup": 5000, "floor": 0.1, "anneal": 0}
    assert "It hardly changes" in explorer.predict.answers and average(50_000) == pytest.approx(average(5000), rel=0.01)
    assert average(50_000, floor=0.5) < 0.97 * average(5000, floor=0.5), "the twin: under a high floor it costs"


@pytest.mark.parametrize(("changes", "missed"), [({}, False), ({"shape": "cosine"}, False), ({"floor": 3e-4}, False),
                                                 ({"shape": "constant"}, True), ({"shape": "inverse_sqrt"}, True),
                                                 ({"shape": "inverse_sqrt", "floor": 9e-5}, False)])  # fmt: skip
def test_a_floor_without_effect_is_said_to_have_none(changes, missed):
    assert ("(not reached)" in describe(replace(OLMO, **changes), 2048 * 2048, 0.1)) == missed
