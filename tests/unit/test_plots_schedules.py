"""The experiment, the figures, the explorer and the table of the page "AdamW and the learning-rate schedule"."""

import math

import numpy as np
import pytest
import torch

from llmbook.data import read_table
from llmbook.experiments.results import read_result
from llmbook.experiments.schedules import (
    LENGTH,
    decay_groups,
    draw_windows,
    limit_at,
    looser_start,
    meeting_bytes,
    run_schedule,
    small_olmo,
)
from llmbook.models import olmo
from llmbook.models.decoder import Decoder
from llmbook.plots import schedules as plots
from llmbook.training.schedule import SHAPES, Schedule
from llmbook.widgets.schedules import describe, explore_schedule

OLMO = Schedule(3e-4, 476_837, 5000, 3e-5)


# --- the experiment ------------------------------------------------------------------------------------------------

def test_training_is_repeatable_and_learns():
    schedule = Schedule(0.01, 12, 2, 0.001)
    first, again, other = run_schedule(0, schedule), run_schedule(0, schedule), run_schedule(1, schedule)
    assert first == again
    assert first.losses != other.losses
    assert first.losses[-1] < first.losses[0] - 0.3
    assert len(first.losses) == len(first.norms) == len(first.updates) == 12


def test_a_schedule_changes_only_what_comes_after_it():
    """The same seed starts from the same weights and reads the same batches."""
    warm, cold = (run_schedule(0, Schedule(0.01, 3, warmup, 0.001)) for warmup in (2, 0))
    assert warm.losses[0] == cold.losses[0]
    assert warm.losses[1] != cold.losses[1]
    assert cold.updates[0] == pytest.approx(warm.updates[0] * Schedule(0.01, 3, 0, 0.001)(0) / 0.005, rel=1e-2)


def test_clipping_is_counted_against_the_limit_in_force():
    run = run_schedule(0, Schedule(0.01, 4, 1, 0.001))
    assert run.clipped(0.0) == 4
    assert run.clipped(math.inf) == 0
    assert run.clipped(looser_start(0.0, 3, 1.0)) == 4
    assert run.clipped(lambda step: math.inf if step < 3 else 0.0) == 1


def test_looser_start_is_that_of_olmo():
    limit = looser_start(1.0, 1000)
    assert [limit(step) for step in (0, 999, 1000, 5000)] == [10.0, 10.0, 1.0, 1.0]
    assert limit_at(2.5, 7) == 2.5


@pytest.mark.parametrize("tied", [False, True])
def test_only_linear_layers_are_decayed(tied):
    config = olmo.tiny()
    if tied:
        config = type(config)(**{**vars(config), "tie_embeddings": True})
    model = Decoder(config)
    decayed, free = decay_groups(model, 0.1)
    named = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {named[id(p)] for p in free["params"]} == {"embed_tokens.weight"}
    assert len(decayed["params"]) + 1 == len(named)
    assert ("lm_head.weight" in {named[id(p)] for p in decayed["params"]}) is not tied
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)


def test_windows_are_pieces_of_the_text():
    ids = torch.arange(200)
    windows = draw_windows(ids, 5, torch.Generator().manual_seed(0))
    assert windows.shape == (5, LENGTH + 1)
    assert torch.equal(windows - windows[:, :1], torch.arange(LENGTH + 1).expand(5, -1))
    last = {int(draw_windows(torch.arange(LENGTH + 2), 1, torch.Generator().manual_seed(s))[0, 0]) for s in range(20)}
    assert last == {0, 1}, "the last window is never drawn"


def test_held_out_meetings_are_others():
    assert not torch.equal(meeting_bytes(20, 1)[:500], meeting_bytes(200, 0)[:500])
    assert small_olmo(0).config == olmo.tiny()


def test_the_stored_runs_are_complete_and_the_first_comes_out_again():
    stored = read_result("schedule_runs")
    keys = [tuple(row[key] for key in ("peak", "shape", "warmup", "clip", "seed")) for row in stored["rows"]]
    assert len(set(keys)) == len(keys) == 12 * 8
    row = stored["rows"][0]
    steps = stored["settings"]["steps"]
    schedule = Schedule(row["peak"], steps, row["warmup"], row["peak"] / 10, row["shape"])
    assert run_schedule(row["seed"], schedule).heldout_loss == pytest.approx(row["heldout_loss"], abs=0.02)


# --- the table -----------------------------------------------------------------------------------------------------

def test_the_table_keeps_every_witness():
    rows = read_table("olmo_adamw")
    small = [(row["witness"], row["warmup_steps"], row["lr_schedule"]) for row in rows if row["model"] == "OLMo 1B"]
    assert ("paper, first edition", 5000, "linear") in small
    assert ("paper, final edition", 2000, None) in small
    assert ("released config", 2000, "cosine") in small
    config = next(row for row in rows if row["model"] == "OLMo 1B" and row["witness"] == "released config")
    assert config["tokens_trained"] == 739_328 * 2048 * 2048
    assert config["batch_tokens"] == 2048 * 2048


# --- figures -------------------------------------------------------------------------------------------------------

def test_sampled_area_is_the_area():
    for shape in SHAPES:
        schedule = Schedule(1.0, 3000, 200, 0.1, shape)
        steps, rates = plots.sample(schedule)
        assert np.trapezoid(rates, steps) == pytest.approx(schedule.area(), rel=2e-3)
        assert (steps[0], steps[-1]) == (1, 3000)
        assert rates.max() == 1.0


def test_linear_and_cosine_have_the_same_area_and_others_do_not():
    areas = {shape: Schedule(1.0, 997, 50, 0.1, shape).area() for shape in SHAPES}
    assert areas["linear"] == pytest.approx(areas["cosine"], rel=1e-12)
    assert areas["constant"] > 1.5 * areas["linear"] > 2 * areas["inverse_sqrt"]


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
    lambda: plots.plot_clipping({"A": [2.0, 1.0]}, {"r": lambda g: np.clip(g, -1, 1)}, limit=1.0),
    lambda: plots.plot_gradient_norms([3.0, 1.5, 0.5], {"1": [1.0] * 3, "10": [10.0, 1.0, 1.0]}),
    lambda: plots.plot_warmup({"t": {"a": np.array([[1.0, 2.0], [2.0, 2.5]])}}, block=5, ylabels=["y"]),
])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(figure):
    first, second = (figure()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second
    assert first.startswith("<svg")


# --- the explorer --------------------------------------------------------------------------------------------------

def test_the_sentence_tells_tokens_area_and_decay():
    said = describe(OLMO, 2048 * 2048, 0.1)
    assert "5,000 steps of warm-up (21 B tokens)" in said
    assert f"{OLMO.area() / OLMO.total_steps / 3e-4:.1%} of the peak" in said
    assert f"{math.exp(-0.1 * OLMO.area()):.2g} of itself" in said


def test_the_explorer_has_few_frames_and_each_says_something_else():
    explorer = explore_schedule(total_steps=10**6, tokens_per_step=10**6)
    frames = explorer.frames()
    assert len(frames) <= 60
    assert len({frame.sentence for frame in frames}) == len(frames)
    assert len({frame.svg for frame in frames}) == len(frames)
