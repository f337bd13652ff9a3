"""The zero-shot table, what its explorer computes, and the log in which two things went wrong."""

import dataclasses

import pytest
import torch

from llmbook.chapters.olmo.evidence.experiment import (
    DAMAGED_STEP,
    SEED,
    STEPS,
    WRONG_STEP,
    Slip,
    batch_rows,
    damaged_rows,
    spoiled_run,
)
from llmbook.chapters.olmo.evidence.explorer import (
    BENCHMARKS,
    NONE,
    OURS,
    draw_means,
    explore_left_out,
    means_without,
    zero_shot_scores,
)
from llmbook.chapters.olmo.evidence.plots import plot_log
from llmbook.data import read_table
from llmbook.experiments.pretraining import meeting_corpus
from llmbook.experiments.results import read_result
from llmbook.training.schedule import Schedule

SCORES = {"a": {"x": 10.0, "y": 20.0}, "b": {"x": 30.0, "y": 10.0}, "c": {"x": 1.0, "y": 2.0}}


# --- the tables ----------------------------------------------------------------------------------------------------


def wrong_averages(rows):
    """Models whose printed average is not the mean of their scores, up to rounding."""
    means = {row["model"]: sum(row[name] for name in BENCHMARKS) / len(BENCHMARKS) for row in rows}
    return [row["model"] for row in rows if abs(means[row["model"]] - row["average_printed"]) > 0.0501]


def test_printed_averages_are_the_means():
    rows = read_table("olmo_zero_shot")
    assert len(rows) == 11 and wrong_averages(rows) == []
    assert wrong_averages([rows[0] | {"boolq": rows[0]["boolq"] + 1}]) == [rows[0]["model"]]


# --- the explorer's numbers ------------------------------------------------------------------------------------------


def test_leaving_out():
    assert means_without(SCORES, NONE) == {"a": 15.0, "b": 20.0, "c": 1.5}
    assert means_without(SCORES, "x") == {"a": 20.0, "b": 10.0, "c": 2.0}
    sentences = {draw_means(left_out=value)[1] for value in [NONE, *BENCHMARKS.values()]}
    assert len(sentences) == 9 and len(explore_left_out().controls["left_out"].values) == 9


def test_who_is_level_is_said_to_be_level():
    assert draw_means(left_out="WinoGrande")[1].endswith("number 4 of 7 with 69.47, level with LLaMA 7B.")
    assert "level" not in draw_means(left_out=NONE)[1]
    assert len(zero_shot_scores()) == 7 and len(zero_shot_scores("1B")) == 4


# --- the log -------------------------------------------------------------------------------------------------------


def test_the_log_is_drawn_as_it_is_stored():
    rows = read_result("spoiled_run")["rows"]
    assert len(rows) == STEPS
    for ax, key in zip(plot_log(rows).axes, ("loss", "gradient_norm", "learning_rate"), strict=True):
        assert list(ax.lines[0].get_ydata()) == [row[key] for row in rows]


def test_the_slip_is_one_step_long():
    plain = Schedule(0.01, 20, 2, 0.001)
    slip = Slip(**dataclasses.asdict(plain), slip_step=7, slip_factor=5.0)
    ratios = [slip(step) / plain(step) for step in range(20)]
    assert ratios == pytest.approx([1.0] * 7 + [5.0] + [1.0] * 12)


def test_only_the_damaged_batch_is_damaged():
    corpus = meeting_corpus()
    rows, clean = damaged_rows(corpus), corpus.training
    different = (rows != clean).any(1).nonzero().flatten().tolist()
    assert sorted(batch_rows(len(rows), DAMAGED_STEP).tolist()) == different
    assert torch.equal(rows.sort(1).values, clean.sort(1).values), "the same tokens in another order"


def test_the_rows_of_a_step_are_those_that_the_run_reads():
    run, step = spoiled_run(), 3
    for _ in range(step):
        run.batches.draw()
    rows = batch_rows(len(run.training), step, seed=SEED)
    assert torch.equal(run.batches.draw(), run.training[rows])
    assert not torch.equal(rows, batch_rows(len(run.training), step, seed=SEED + 1))


def test_the_stored_run_begins_as_it_does_today():
    stored = read_result("spoiled_run")["rows"]
    for point, row in zip(spoiled_run().advance(2), stored, strict=False):
        assert (point.loss, point.learning_rate) == pytest.approx((row["loss"], row["learning_rate"]), abs=1e-3)
    assert stored[WRONG_STEP]["learning_rate"] > 10 * stored[WRONG_STEP - 1]["learning_rate"]


def test_no_benchmark_alone_keeps_the_model_from_the_first_place():
    def firsts(model):
        return [name for name in BENCHMARKS.values()
                if (means := means_without(zero_shot_scores(), name))[model] == max(means.values())]
    assert "No" in explore_left_out().predict.answers and firsts("OLMo 7B") == []
    assert firsts("Falcon 7B") == ["BoolQ"] and len(firsts("Llama 2 7B")) == 7, "the twin: another model does profit"
    assert all(f"{OURS} is number 1 " not in draw_means(left_out=name)[1] for name in BENCHMARKS.values())
