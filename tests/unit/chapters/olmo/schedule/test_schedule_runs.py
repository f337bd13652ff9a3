"""The experiment of the page "AdamW and the learning-rate schedule", and its stored runs."""

import math

import pytest
import torch

from llmbook.chapters.olmo.schedule.experiment import (
    LENGTH,
    draw_windows,
    ending_schedule,
    fresh_tiny_olmo,
    looser_start,
    meeting_bytes,
    run_schedule,
)
from llmbook.experiments.results import read_result
from llmbook.models import olmo
from llmbook.training.loop import limit_at
from llmbook.training.schedule import Schedule


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
    assert run.clipped() == run.clipped(1.0) and run.clipped(min(run.norms)) == 3
    assert run == run_schedule(0, Schedule(0.01, 4, 1, 0.001), clip=1.0)
    assert run != run_schedule(0, Schedule(0.01, 4, 1, 0.001), clip=0.1)
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


def test_windows_are_pieces_of_the_text():
    ids = torch.arange(200)
    windows = draw_windows(ids, 5, torch.Generator().manual_seed(0))
    assert windows.shape == (5, LENGTH + 1)
    assert torch.equal(windows - windows[:, :1], torch.arange(LENGTH + 1).expand(5, -1))
    last = {int(draw_windows(torch.arange(LENGTH + 2), 1, torch.Generator().manual_seed(s))[0, 0]) for s in range(20)}
    assert last == {0, 1}, "the last window is never drawn"


def test_held_out_meetings_are_others():
    assert not torch.equal(meeting_bytes(20, 1)[:500], meeting_bytes(200, 0)[:500])
    assert fresh_tiny_olmo(0).config == olmo.tiny()


def test_the_stored_runs_are_complete_and_the_first_comes_out_again():
    stored = read_result("schedule_runs")
    keys = [tuple(row[key] for key in ("peak", "shape", "warmup", "clip", "seed")) for row in stored["rows"]]
    assert len(set(keys)) == len(keys) == 20 * 8
    row = stored["rows"][0]
    steps = stored["settings"]["steps"]
    schedule = Schedule(row["peak"], steps, row["warmup"], row["peak"] / 10, row["shape"])
    assert run_schedule(row["seed"], schedule).heldout_loss == pytest.approx(row["heldout_loss"], abs=0.02)
