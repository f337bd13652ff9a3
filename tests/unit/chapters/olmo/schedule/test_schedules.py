"""The experiment, the figures, the explorer and the table of the page "AdamW and the learning-rate schedule"."""

import itertools
import math

import numpy as np
import pytest
import torch

from llmbook.chapters.olmo.schedule import plots
from llmbook.chapters.olmo.schedule.experiment import (
    LENGTH,
    decay_groups,
    draw_windows,
    ending_schedule,
    limit_at,
    looser_start,
    meeting_bytes,
    run_schedule,
    small_olmo,
)
from llmbook.chapters.olmo.schedule.explorer import describe, explore_schedule
from llmbook.data import read_table
from llmbook.experiments.results import read_result
from llmbook.models import olmo
from llmbook.models.decoder import Decoder
from llmbook.plots.training import plot_blocks
from llmbook.training.schedule import SHAPES, Schedule

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


def test_three_endings_are_one_run_until_they_part():
    stop, stay, anneal = (ending_schedule(ending, 0.01, 10, 0.1, extra)
                          for ending, extra in (("stop", 0), ("stay", 4), ("anneal", 4)))
    assert [[each(step) for step in range(10)] for each in (stay, anneal)] == [stop.rates()] * 2
    assert [stay(step) for step in range(10, 14)] == pytest.approx([0.001] * 4)
    assert [anneal(step) for step in range(10, 14)] == pytest.approx([0.00075, 0.0005, 0.00025, 0.0], abs=1e-12)
    runs = [run_schedule(0, each, steps=14) for each in (stay, anneal)]
    assert runs[0].losses[:11] == runs[1].losses[:11], "the loss of step 10 is measured before its update"
    assert runs[0].losses[12] != runs[1].losses[12]
    assert runs[1].updates[-1] == 0.0 < runs[0].updates[-1]


def test_the_stored_endings_are_complete():
    stored = read_result("anneal_runs")
    keys = [tuple(row[key] for key in ("peak", "steps", "floor", "extra", "ending", "seed")) for row in stored["rows"]]
    assert len(set(keys)) == len(keys) == 21 * 8
    assert {key[4] for key in keys} == {"stop", "stay", "anneal"}
    row = next(row for row in stored["rows"] if row["ending"] == "anneal")
    schedule = ending_schedule("anneal", row["peak"], row["steps"], row["floor"], row["extra"])
    assert run_schedule(row["seed"], schedule).heldout_loss == pytest.approx(row["heldout_loss"], abs=0.02)


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
    assert len(set(keys)) == len(keys) == 20 * 8
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


def test_the_run_of_the_7b_has_no_gap():
    rows = read_table("olmo_7b_run")
    for before, after in itertools.pairwise(rows):
        assert before["last_step"] == after["first_step"]
        assert before["rate_last"] == pytest.approx(after["rate_first"], rel=0.03)
    second = rows[3]
    share = (second["last_step"] - second["first_step"]) / (700_000 - second["first_step"])
    assert second["rate_last"] == pytest.approx(second["rate_first"] * (1 - 0.9 * share), rel=1e-4)


def fitting(instances: int) -> set[str]:
    """Models whose every checkpoint is named after the tokens of that many windows of 2,048 a step."""
    rows = read_table("olmo_checkpoints")
    wrong = {row["model"] for row in rows if abs(row["step"] * instances * 2048 / 1e9 - row["tokens_billion"]) > 0.5}
    return {row["model"] for row in rows} - wrong


def test_names_of_checkpoints_decide_the_batch():
    assert fitting(2160) == {"OLMo 7B"}
    assert fitting(2048) == {"OLMo 1B"}
    for row in read_table("olmo_checkpoints"):
        assert row["checkpoint"] == f"step{row['step']}-tokens{row['tokens_billion']}B"


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
    lambda: plots.plot_run({"a": (0, 10, 1.0, 2.0)}, marks={"here": 5}, zoom=(4, 10), ymax=2.0),
    lambda: plots.plot_clipping({"A": [2.0, 1.0]}, {"r": lambda g: np.clip(g, -1, 1)}, limit=1.0),
    lambda: plots.plot_gradient_norms([3.0, 1.5, 0.5], {"1": [1.0] * 3, "10": [10.0, 1.0, 1.0]}),
    lambda: plot_blocks({"t": {"a": np.array([[1.0, 2.0], [2.0, 2.5]])}}, block=5, ylabels=["y"]),
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


def test_blocks_stand_at_their_middle_and_the_null_is_drawn():
    values = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 0.0]])
    figure = plot_blocks({"t": {"a": values}, "u": {"b": values}}, block=5, ylabels=["y", "z"], nulls=[None, 0.5])
    curves = [[line for line in ax.lines if line.get_label() in "ab"] for ax in figure.axes]
    for (curve,) in curves:
        assert list(curve.get_xdata()) == [2, 7, 12]
        assert list(curve.get_ydata()) == [2, 2, 2]
    nulls = [[line.get_ydata()[0] for line in ax.lines if line.get_label() not in "ab"] for ax in figure.axes]
    assert nulls == [[], [0.5]]
    late = plot_blocks({"t": {"a": values}}, block=4, ylabels=["y"])
    assert list(late.axes[0].lines[0].get_xdata()) != [2, 7, 12]


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
