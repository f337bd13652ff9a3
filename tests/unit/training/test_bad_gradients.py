"""One gradient that is not finite costs one step: nothing is changed by it, and nothing that is saved is spoiled."""

import copy
import math
import re

import pytest
import torch
from nested_states import equal
from torch import nn

from llmbook.training import loop
from llmbook.training.loop import build_optimizer, train


def squares(model, batch):
    return (model(batch) - 3).square().mean()


def draw_batches():
    return list(torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0)))


class Overflow(nn.Linear):
    """A layer whose gradient is spoiled in one pass."""

    def __init__(self, bad_pass, value=math.inf):
        super().__init__(3, 2)
        self.passes = 0
        self.weight.register_hook(lambda g: g * value if self.passes == bad_pass else g)

    def forward(self, x):
        self.passes += 1
        return super().forward(x)


def spoiled(value=math.inf, **options):
    """A run whose third step has a bad gradient; the state before the error and after it, and the error."""
    model, batches = Overflow(3, value), draw_batches()
    optimizer = build_optimizer(model, weight_decay=0.1, betas=(0.9, 0.95))
    records = train(model, batches, steps=5, learning_rate=0.01, loss=squares, optimizer=optimizer, **options)
    next(records), next(records)
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict()])
    with pytest.raises(FloatingPointError) as error:
        next(records)
    return before, [model.state_dict(), optimizer.state_dict()], str(error.value), (model, optimizer, batches)


@pytest.mark.parametrize("clip", [1.0, math.inf])
@pytest.mark.parametrize(("value", "said"), [
    (math.inf, r"norm is (inf|nan) at step 2 \(not finite in weight\)"), (math.nan, "norm is nan at step 2"),
    (1e30, r"norm is inf at step 2 \(its square overflows\)"),
])
def test_a_step_with_a_gradient_that_is_not_finite_is_not_taken(value, said, clip):
    before, after, error, (model, optimizer, batches) = spoiled(value, clip_norm=clip)
    assert equal(before, after)
    assert re.search(said, error) and "smaller learning rate or another batch" in error
    rest = train(model, batches[3:], steps=5, first_step=3, learning_rate=0.01, loss=squares, optimizer=optimizer)
    assert [record.step for record in rest] == [3, 4] and all(p.isfinite().all() for p in model.parameters())


def test_a_loop_that_takes_the_step_all_the_same_is_caught(monkeypatch):
    """The twin: a loop that does not look at the norm makes all weights NaN."""
    monkeypatch.setattr(loop.math, "isfinite", lambda norm: True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        spoiled()
    model, batches = Overflow(1), draw_batches()
    list(train(model, batches, steps=1, learning_rate=0.01, loss=squares))
    assert model.weight.isnan().any()


def test_only_the_adapter_is_named_where_only_it_has_a_gradient():
    model = nn.Sequential(nn.Linear(3, 2).requires_grad_(False), nn.Linear(2, 2))
    model[1].bias.register_hook(lambda g: g / 0)
    with pytest.raises(FloatingPointError, match=r"not finite in 1\.bias\)"):
        list(train(model, draw_batches(), steps=1, learning_rate=0.01, loss=squares))
