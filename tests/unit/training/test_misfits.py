"""A stored state that no run has written is refused with the name of its file, and the run is as it was."""

import copy
import math

import pytest
import torch
from nested_states import equal
from pretraining_runs import short_run

from llmbook.training.resume import ResumeError, save_checkpoint
from llmbook.training.run import pretrain

WEIGHT, GENERATOR = "layers.0.mlp.up_proj.weight", "generator"


def at(*path):
    """The holder of a place in a state, and its name there."""
    def find(state):
        for part in path[:-1]:
            state = state[part]
        return state, path[-1]

    return find


FIRST = ("optimizer", "state", 0)
CHANGES = {  # a place, what becomes of the value there, and what is said
    "another shape": (at("model", WEIGHT), lambda value: value[:-1], f"{WEIGHT} is another kind of tensor"),
    "another dtype": (at("model", WEIGHT), torch.Tensor.double, f"{WEIGHT} is another kind of tensor"),
    "a weight of NaN": (at("model", WEIGHT), lambda value: value * math.nan, "not finite"),
    "no tensor": (at("model", WEIGHT), lambda value: 1.0, f"{WEIGHT} is another kind of tensor"),
    "no weights": (at("model"), lambda value: {}, "other names, first "),
    "flat moments": (at(*FIRST, "first"), torch.flatten, "the moments of parameter 0"),
    "a square below 0": (at(*FIRST, "second"), lambda value: value - 1, "a square below 0"),
    "no moment": (at(*FIRST), lambda value: {"step": 1}, "other moments"),
    "step 0": (at(*FIRST, "step"), lambda value: 0, "count from 1"),
    "fewer parameters": (at("optimizer", "state"), lambda value: {0: value[0]}, "other parameters"),
    "two rates": (at("optimizer", "param_groups", 0, "lr"), lambda value: 2 * value, "the learning rates"),
    "no rate": (at("optimizer", "param_groups", 0, "lr"), lambda value: None, "the learning rates"),
    "other betas": (at("optimizer", "param_groups", 1, "betas"), lambda value: (0.9, 0.5), "other groups or settings"),
    "groups of nothing": (at("optimizer", "param_groups"), lambda value: 3, "does not fit"),
    "rows left out": (at("batches", "order"), lambda value: value[:-2], "its order is not of 26 rows"),
    "a row twice": (at("batches", "order"), lambda value: value.clone().fill_(3), "its order is not of 26 rows"),
    "a place behind the end": (at("batches", "position"), lambda value: 27, "its place is not in its order"),
    "a place before the start": (at("batches", "position"), lambda value: -4, "its place is not in its order"),
    "no generator": (at("batches", GENERATOR), lambda value: value[:9], "the state of its generator"),
    "a point more": (at("points"), lambda value: [*value, value[-1]], "not in their order at step 4"),
    "a loss of text": (at("points", 1, "loss"), lambda value: "2.0", "point 1 has no such numbers"),
    "a field less": (at("points", 2), lambda value: {"step": 2}, "point 2 has other fields"),
    "points of nothing": (at("points"), lambda value: 7, "it lacks points"),
    "no config": (at("config"), lambda value: "olmo", "it lacks config"),
}  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    """The state of a run after four of its twelve steps."""
    run = short_run()
    list(run.advance(4))
    return copy.deepcopy(run.state())


@pytest.mark.parametrize(("find", "change", "said"), CHANGES.values(), ids=CHANGES)
def test_what_no_run_has_written_is_refused(tmp_path, whole, find, change, said):
    state = copy.deepcopy(whole)
    holder, name = find(state)
    holder[name] = change(holder[name])
    save_checkpoint(tmp_path, 4, state)
    run = short_run()
    before = copy.deepcopy(run.state())
    with pytest.raises(ResumeError, match=rf"step-00000004\.pt: .*{said}"):
        next(pretrain(run, tmp_path))
    assert equal(run.state(), before)


def test_what_a_run_has_written_is_taken(tmp_path, whole):
    run = short_run()
    save_checkpoint(tmp_path, 4, whole)
    next(pretrain(run, tmp_path, save_every=99))
    assert [point.loss for point in run.points[:4]] == [point["loss"] for point in whole["points"]] and run.step == 5


@pytest.mark.parametrize("name", ["rows left out", "a place before the start", "two rates", "a square below 0"])
def test_torch_alone_takes_it(whole, name, monkeypatch):
    """The twin: without the comparison the run goes on, with other batches or other numbers."""
    monkeypatch.setattr("llmbook.training.run.refuse_misfit", lambda *_: None)
    find, change, _ = CHANGES[name]
    state = copy.deepcopy(whole)
    holder, part = find(state)
    holder[part] = change(holder[part])
    run = short_run()
    run.restore(state)
    assert run.step == 4
