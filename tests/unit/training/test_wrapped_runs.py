"""A checkpoint of a model in a wrapper goes on in a bare model, and the reverse, with the same numbers."""

import pytest
import torch
from pretraining_runs import losses, short_run
from torch import nn

from llmbook.training import run as runs
from llmbook.training.resume import ResumeError, load_checkpoint, load_model_state, model_state, save_checkpoint

HALF = 6


def compiled(module):
    return torch.compile(module, backend="eager")


def as_it_is(run):
    """A bare model."""


def compile_all(run):
    """The whole model in a wrapper."""
    run.model = run.trained = compiled(run.model)


def compile_blocks(run):
    """Wrappers inside the model."""
    for index, block in enumerate(run.model.layers):
        run.model.layers[index] = compiled(block)


WAYS = [as_it_is, compile_all, compile_blocks]


@pytest.fixture(scope="module")
def uninterrupted():
    return losses(short_run().advance())


def in_two_parts(folder, first, second):
    """The losses of a run that was stored half-way with one wrapper and goes on with another."""
    before, after = short_run(), short_run()
    first(before)
    list(before.advance(HALF))
    save_checkpoint(folder, before.step, before.state())
    second(after)
    after.restore(load_checkpoint(folder))
    return losses(before.points) + losses(after.advance())


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_a_run_goes_on_in_another_wrapper(tmp_path, uninterrupted, first, second):
    assert in_two_parts(tmp_path, first, second) == uninterrupted


@pytest.mark.parametrize(("first", "second"), [(compile_all, as_it_is), (as_it_is, compile_blocks)])
def test_with_the_names_of_wrappers_it_does_not(tmp_path, monkeypatch, first, second):
    """The twin: torch's own names."""
    monkeypatch.setattr(runs, "model_state", lambda model: model.state_dict())
    monkeypatch.setattr(runs, "load_model_state", lambda model, state: model.load_state_dict(state))
    with pytest.raises(ResumeError, match="_orig_mod"):
        in_two_parts(tmp_path, first, second)


def network():
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))


WRAPPERS = [lambda model: model, compiled, nn.DataParallel, lambda model: compiled(nn.DataParallel(model))]


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize("theirs", ["", "module.", "_orig_mod.", "module._orig_mod."])
def test_a_state_with_any_names_is_loaded(wrap, theirs):
    source, bare = network(), network()
    model = wrap(bare)
    load_model_state(model, {theirs + name: tensor for name, tensor in source.state_dict().items()})
    assert all(torch.equal(a, b) for a, b in zip(bare.parameters(), source.parameters(), strict=True))
    assert list(model_state(model)) == list(source.state_dict())


def test_a_state_of_another_model_is_refused():
    state = network().state_dict()
    with pytest.raises(RuntimeError, match="stored twice"):
        load_model_state(network(), state | {"module.0.weight": state["0.weight"]})
    with pytest.raises(RuntimeError, match=r"Missing key.*0\.bias"):
        load_model_state(network(), {"0.weight": state["0.weight"]})
