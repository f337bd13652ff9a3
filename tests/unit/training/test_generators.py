"""Modules that nobody draws, and dropout from a generator of one's own: torch's default one stays where it was."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from llmbook.models import Decoder, gemma, initialize_
from llmbook.models.t5 import T5
from llmbook.models.t5_config import tiny
from llmbook.training.generators import DropoutFrom, undrawn


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def moves(act):
    """Whether the default generator is another one afterward."""
    before = torch.get_rng_state()
    act()
    return not torch.equal(torch.get_rng_state(), before)


BUILT = {
    "linear": (nn.Linear, 3, 2), "embedding": (nn.Embedding, 3, 2),
    "decoder": (Decoder, gemma.tiny()), "t5": (T5, tiny()),
}  # fmt: skip


@pytest.mark.parametrize("name", BUILT)
def test_nobody_draws(name):
    kind, *sizes = BUILT[name]
    assert not moves(lambda: undrawn(kind, *sizes))
    assert moves(lambda: kind(*sizes))  # the twin: as torch builds it


def test_matrices_are_zero_and_gains_are_set():
    linear, norm = undrawn(lambda: nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2)))
    assert not linear.weight.any() and not linear.bias.any() and (norm.weight == 1).all()
    assert linear.weight.requires_grad


def test_a_generator_of_ones_own_draws():
    drawn = undrawn(lambda: nn.init.normal_(torch.empty(5), generator=seeded()))
    assert torch.equal(drawn, torch.empty(5).normal_(generator=seeded()))
    assert not undrawn(lambda: nn.init.normal_(torch.empty(5))).any()


def test_what_is_drawn_afterward_is_the_same():
    ours, theirs = (initialize_(model, seeded()) for model in (undrawn(Decoder, gemma.tiny()), Decoder(gemma.tiny())))
    assert all(map(torch.equal, ours.parameters(), theirs.parameters()))


@pytest.mark.parametrize("p", [0.1, 0.3, 0.9])
@pytest.mark.parametrize("shape", [(7,), (8, 33, 96)])
def test_dropout_is_that_of_a_default_generator_in_the_same_state(p, shape):
    """Two masks in a row, and the gradients; the twin has another seed."""

    def dropped():
        x = torch.randn(shape, generator=seeded(5)).requires_grad_()
        first, second = F.dropout(x, p), F.dropout(x, p, True)
        return first, second, *torch.autograd.grad((first * second).sum(), x)

    with torch.random.fork_rng():
        torch.manual_seed(3)
        theirs = dropped()
    ours = []

    def use(seed):
        with DropoutFrom(seeded(seed)):
            ours.append(dropped())

    assert not moves(lambda: use(3)) and moves(dropped)
    assert all(map(torch.equal, ours[0], theirs))
    use(4)
    assert p == 0.9 or not torch.equal(ours[1][0], theirs[0])


def test_dropout_that_is_off_draws_nothing():
    x, generator = torch.ones(5), seeded()
    before = generator.get_state()
    with DropoutFrom(generator):
        assert F.dropout(x, 0.5, training=False) is x and F.dropout(x, 0.0) is x
        assert torch.equal(nn.Dropout(0.5).eval()(x), x)
    assert torch.equal(generator.get_state(), before)
    with DropoutFrom(generator):
        F.dropout(x, 0.5)
    assert not torch.equal(generator.get_state(), before)
