"""A loop trains in training mode whatever the mode of its model is, and gives that mode back: dropout runs."""

import contextlib
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from llmbook.adapters import inject, load_adapter, save_adapter
from llmbook.layers.quantized_linear import quantize_linears_
from llmbook.models import Decoder, initialize_, llama
from llmbook.training import loop
from llmbook.training.generators import DropoutFrom
from llmbook.training.loop import train
from llmbook.training.modes import switched
from llmbook.training.run import mean_loss

CONFIG = replace(llama.tiny(), layers=1)
TARGETS = ["q_proj", "up_proj"]


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def base():
    """A decoder as ``load_pretrained`` gives it: in evaluation mode."""
    return initialize_(Decoder(CONFIG), seeded(0)).eval()


def adapted(dropout, kind="lora", quantized=False):
    model = quantize_linears_(base(), TARGETS) if quantized else base()
    return inject(model, TARGETS, kind=kind, rank=2, dropout=dropout, generator=seeded(1))


def loaded(dropout, folder):
    save_adapter(adapted(dropout), folder)
    return load_adapter(base(), folder)


def losses(model):
    rows = torch.randint(0, 256, (4, 4, 17), generator=seeded(2))
    with DropoutFrom(seeded(3)):
        return [record.loss for record in train(model, rows, steps=4, learning_rate=0.05)]


WAYS = {"lora": {}, "dora": {"kind": "dora"}, "quantized": {"quantized": True},
        "quantized dora": {"kind": "dora", "quantized": True}}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_dropout_runs_in_a_model_that_came_in_evaluation_mode(way):
    evaluating, training = adapted(0.5, **WAYS[way]), adapted(0.5, **WAYS[way]).train()
    assert losses(evaluating) == losses(training) != losses(adapted(0.0, **WAYS[way]))
    assert not any(module.training for module in evaluating.modules())
    assert all(module.training for module in training.modules())


def test_dropout_runs_in_a_loaded_adapter(tmp_path):
    assert losses(loaded(0.5, tmp_path / "a")) == losses(adapted(0.5)) != losses(loaded(0.0, tmp_path / "b"))


def test_a_loop_that_leaves_the_mode_alone_is_caught(monkeypatch):
    """The twin: what the loop did once. Not a digit differs from no dropout."""
    monkeypatch.setattr(loop, "switched", lambda model, training: contextlib.nullcontext())
    assert losses(adapted(0.5)) == losses(adapted(0.0))


class Watched(nn.Module):
    """Writes down the mode of each pass."""

    def __init__(self):
        super().__init__()
        self.frozen, self.linear, self.seen = nn.Dropout(), nn.Linear(2, 1), []

    def forward(self, x):
        self.seen.append((self.training, self.frozen.training))
        return self.linear(x)


def watched():
    """Half in one mode, half in the other."""
    model = Watched()
    model.frozen.eval()
    return model


def modes(model):
    return model.training, model.frozen.training, model.linear.training


def steps(model, batches, loss=lambda model, x: model(x).sum()):
    return train(model, batches, steps=2, learning_rate=0.1, loss=loss)


def test_the_caller_has_the_model_in_its_own_mode_between_the_steps():
    model = watched()
    for _ in steps(model, [torch.ones(1, 2)] * 2):
        assert modes(model) == (True, False, True)
    assert model.seen == [(True, True)] * 2


def test_a_mode_that_is_changed_between_the_steps_stays():
    model = watched()
    for _ in steps(model, [torch.ones(1, 2)] * 2):
        model.eval()
    assert modes(model) == (False, False, False) and model.seen[-1] == (True, True)


@pytest.mark.parametrize("error", [FloatingPointError, KeyboardInterrupt])
def test_the_mode_is_given_back_after_an_error(error):
    def interrupted(model, x):
        assert modes(model) == (True, True, True)
        raise error

    model = watched()
    with pytest.raises(error):
        next(steps(model, [torch.ones(1, 2)], loss=interrupted))
    assert modes(model) == (True, False, True)


def test_the_mode_is_given_back_when_the_loop_is_left_half_way():
    model = watched()
    records = steps(model, [torch.ones(1, 2)] * 2)
    next(records)
    assert modes(model) == (True, False, True)  # nobody has closed it yet
    records.close()
    assert modes(model) == (True, False, True)


def test_a_module_may_keep_parts_of_itself_as_they_are():
    class Stubborn(Watched):
        def train(self, mode=True):
            super().train(mode)
            self.frozen.eval()
            return self

    model = Stubborn().eval()
    list(steps(model, [torch.ones(1, 2)] * 2))
    assert model.seen == [(True, False)] * 2 and modes(model) == (False, False, False)


def test_a_measurement_is_without_dropout_in_any_mode():
    rows, model = torch.randint(0, 256, (3, 17), generator=seeded(4)), adapted(0.5).train()
    losses(model)
    measured = mean_loss(model, rows)
    assert all(module.training for module in model.modules())
    assert measured == mean_loss(model.eval(), rows)
    with torch.no_grad(), DropoutFrom(seeded(5)), switched(model, training=True):
        dropped = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()).item()
    assert measured != dropped  # the twin
