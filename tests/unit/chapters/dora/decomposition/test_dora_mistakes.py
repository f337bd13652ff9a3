"""The experiment of the page "DoRA from scratch": one layer that is right, and each way in which it can be wrong."""

import pytest
import torch
from torch import nn

from llmbook.adapters import DoRALinear, LoRALinear
from llmbook.chapters.dora.decomposition import experiment
from llmbook.chapters.dora.decomposition.experiment import (
    KINDS,
    MISTAKES,
    REORDERED,
    SHIFTS,
    Variant,
    distances,
    draw_masks,
    make_task,
    shifted,
    trained_numbers,
    tune,
)
from llmbook.debug import relative_difference

S, OUT, IN, RANK, ALPHA = 3, 5, 4, 2, 8.0
INVISIBLE_IN_THE_FORWARD_PASS = ("norm in the graph",)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def variant(kind, *, dropout=0.0, moved=True):
    layer = Variant(draw(S, OUT, IN), draw(S, 1, OUT, seed=1), kind, torch.Generator().manual_seed(2), rank=RANK,
                    alpha=ALPHA, dropout=dropout)
    if moved:
        with torch.no_grad():
            layer.B.copy_(draw(S, OUT, RANK, seed=3))
            layer.m.mul_(1 + 0.3 * torch.arange(layer.m[0].numel()).reshape(layer.m[0].shape))
    return layer


def of_the_package(layer, seed, make=DoRALinear):
    """The package's layer with the numbers of one seed."""
    base = nn.Linear(IN, OUT)
    with torch.no_grad():
        base.weight.copy_(layer.W[seed])
        base.bias.copy_(layer.bias[seed, 0])
        result = make(base, rank=RANK, alpha=ALPHA)
        result.lora_A.copy_(layer.A[seed])
        result.lora_B.copy_(layer.B[seed])
        if make is DoRALinear and layer.m.shape[2] == 1:
            result.magnitude.copy_(layer.m[seed, :, 0])
    return result


def gradients(layer, kind_of_names, x):
    layer.zero_grad()
    layer(x).square().sum().backward()
    return [getattr(layer, name).grad for name in kind_of_names]


@pytest.mark.parametrize("seed", range(S))
def test_the_right_layer_is_that_of_the_package(seed):
    x, right = draw(S, 7, IN, seed=4), variant("DoRA")
    reference = of_the_package(right, seed)
    assert relative_difference(right(x)[seed], reference(x[seed])) < 1e-5
    ours, theirs = (gradients(right, "ABm", x),
                    gradients(reference, ("lora_A", "lora_B", "magnitude"), x[seed]))
    for mine, yours in zip(ours, theirs, strict=True):
        assert relative_difference(mine[seed].reshape(yours.shape), yours) < 1e-5


def test_lora_is_that_of_the_package():
    x, layer = draw(S, 7, IN, seed=4), variant("LoRA")
    assert relative_difference(layer(x)[1], of_the_package(layer, 1, LoRALinear)(x[1])) < 1e-5


@pytest.mark.parametrize("kind", MISTAKES)
def test_every_mistake_is_far_from_the_right_layer(kind):
    dropout = 0.5 if kind == "Wx reused" else 0.0
    x, mask = draw(S, 7, IN, seed=4), (draw(S, 7, IN, seed=5) > 0) / 0.5
    right, wrong = variant("DoRA", dropout=dropout), variant(kind, dropout=dropout)
    gap = relative_difference(wrong(x, mask), right(x, mask))
    if kind in INVISIBLE_IN_THE_FORWARD_PASS:
        assert gap < 1e-6
        assert relative_difference(gradients(wrong, "B", x)[0], gradients(right, "B", x)[0]) > 1e-2
    else:
        assert gap > 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_only_one_kind_changes_the_output_at_the_start(kind):
    layer, x = variant(kind, dropout=0.5, moved=False), draw(S, 7, IN, seed=4)
    mask = (draw(S, 7, IN, seed=5) > 0) / 0.5
    frozen = x @ layer.W.mT + layer.bias
    assert (relative_difference(layer(x, mask), frozen) < 1e-6) == (kind != "m starts at 1")


def test_another_order_is_the_same_up_to_rounding_and_a_mistake_is_not():
    right = tune("DoRA", steps=30, seeds=2)[0]
    of_rounding = distances(tune(REORDERED, steps=30, seeds=2)[0], right)
    assert 0 < of_rounding[1].max() < 1e-3 and 0 < of_rounding[2].max() < 1e-3
    assert distances(tune("norm of W", steps=30, seeds=2)[0], right)[2].min() > 1e-2  # the twin


def test_dropout_reaches_everything_but_the_frozen_layer():
    layer, x = variant("DoRA", dropout=0.5), draw(S, 7, IN, seed=4)
    frozen = x @ layer.W.mT + layer.bias
    assert relative_difference(layer(x, torch.zeros_like(x)), frozen) < 1e-6
    assert relative_difference(variant("Wx reused", dropout=0.5)(x, torch.zeros_like(x)), frozen) > 1e-2


def test_an_unknown_kind_is_explained():
    with pytest.raises(ValueError, match="norm over dim 0"):
        variant("norm over dim 7")


def test_shifts_are_what_they_say():
    weight, generator = draw(S, 8, 6), torch.Generator().manual_seed(1)
    changes = {shift: shifted(weight, shift, generator) - weight for shift in SHIFTS}
    assert torch.linalg.matrix_rank(changes["rank 2"]).tolist() == [2] * S
    assert torch.linalg.matrix_rank(changes["dense"]).tolist() == [6] * S
    factors = 1 + changes["rows rescaled"] / weight
    assert torch.allclose(factors, factors[:, :, :1].expand_as(factors), atol=1e-4)
    sizes = [changes[shift].norm() / 0.4 for shift in ("dense", "rank 2")]
    assert float(sizes[0] / sizes[1]) == pytest.approx(1, abs=0.5)


def test_tuning_learns_and_repeats():
    (start, one, end), loss = tune("DoRA", steps=40, seeds=2)
    again = tune("DoRA", steps=40, seeds=2)
    assert torch.equal(end, again[0][2])
    task = make_task("dense", 2, torch.Generator().manual_seed(0))
    before = (start - task.y[1]).square().mean((1, 2)).numpy()
    assert (loss < 0.8 * before).all()
    assert not torch.equal(start, one)


@pytest.mark.parametrize("option", ["shift", "rate", "steps", "dropout", "rank", "seeds"])
def test_tuning_left_alone_is_that_of_the_page(option, monkeypatch):
    """With its settings said aloud it is the same; with another one it is not. Two inputs are enough to tell."""
    monkeypatch.setattr(experiment, "SAMPLES", 2)
    settings = {"shift": "dense", "rate": 0.01, "steps": 150, "dropout": 0.0, "rank": 2, "seeds": 12}
    other = {"shift": "rank 2", "rate": 0.02, "steps": 149, "dropout": 0.5, "rank": 3, "seeds": 11}
    left = {name: value for name, value in settings.items() if name != option}
    end = tune("DoRA", **left)[0][2]
    assert torch.equal(end, tune("DoRA", **settings)[0][2])
    changed = tune("DoRA", **left, **{option: other[option]})[0][2]
    assert changed.shape != end.shape or not torch.equal(changed, end)


@pytest.mark.parametrize("dropout", [0.25, 0.5])
def test_what_a_mask_keeps_makes_up_for_what_it_drops(dropout):
    masks = draw_masks(dropout, 20, torch.Generator().manual_seed(0))
    assert [mask.shape[2] for mask in masks] == [12, 32] and {len(mask) for mask in masks} == {20}
    for mask in masks:
        assert mask.unique().tolist() == pytest.approx([0, 1 / (1 - dropout)])
        assert float((mask == 0).float().mean()) == pytest.approx(dropout, abs=0.01)
    assert draw_masks(0.0, 20, torch.Generator()) == (1.0, 1.0)


def test_distances():
    reference = [torch.ones(2, 3, 1), torch.full((2, 3, 1), 2.0)]
    seen = [torch.ones(2, 3, 1), torch.full((2, 3, 1), 2.5)]
    start, later = distances(seen, reference)
    assert start.tolist() == [0, 0]
    assert later == pytest.approx([0.5, 0.5])


def test_trained_numbers_are_counted():
    for kind in ("LoRA", "DoRA"):
        layers = [Variant(torch.ones(1, out, width), torch.ones(1, 1, out), kind, torch.Generator(), rank=3)
                  for width, out in ((12, 32), (32, 6))]
        names = "ABm" if kind == "DoRA" else "AB"
        counted = sum(getattr(layer, name).numel() for layer in layers for name in names)
        assert trained_numbers(kind, 3) == counted
