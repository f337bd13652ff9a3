"""The rows that the figures and the explorer of the page "DoRA from scratch" show are those of the package."""

import re

import pytest
import torch
from torch import nn

from llmbook.adapters import DoRALinear
from llmbook.chapters.dora.decomposition import explorer as widget
from llmbook.chapters.dora.decomposition import plots


def layer_of(weight, along, step, magnitude):
    """The package's layer with one output, two inputs and rank one."""
    base = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        base.weight.copy_(torch.tensor([weight]))
        layer = DoRALinear(base, rank=1, alpha=1.0)
        layer.lora_A.copy_(torch.tensor([along]))
        layer.lora_B.fill_(step)
        layer.magnitude.fill_(magnitude)
    return layer


@pytest.mark.parametrize("step", [-1.5, 0.25, 2.0])
@pytest.mark.parametrize("magnitude", [0.5, 3.0])
def test_the_drawn_rows_are_those_of_the_package(step, magnitude):
    adapted, result = plots.adapt((1.2, 1.6), (step * 0.8, step * -0.6), magnitude)
    layer = layer_of((1.2, 1.6), (0.8, -0.6), step, magnitude)
    assert result == pytest.approx(layer.merged_weight()[0].numpy(), rel=1e-5)
    assert adapted == pytest.approx((layer.base.weight + layer.delta())[0].detach().numpy(), rel=1e-5)
    assert result != pytest.approx(adapted, rel=1e-2)  # the two can be told apart


def test_every_frame_of_the_explorer_says_something_else():
    frames = widget.explore_dora().frames()
    assert len({frame.sentence for frame in frames}) == len({frame.svg for frame in frames}) == len(frames)


@pytest.mark.parametrize("along", list(widget.ALONG))
def test_the_sentence_has_the_numbers_of_the_package(along):
    layer = layer_of(widget.WEIGHT, widget.ALONG[along], 0.75, 2.5)
    first, second = layer.merged_weight()[0].tolist()
    sentence = widget.describe(along, 0.75, 2.5)
    assert f"({first:.2f}, {second:.2f})" in sentence
    assert f"length {layer.norm().item():.2f} instead of 2.00" in sentence
    turn = float(re.search(r"turns by ([-+][\d.]+) degrees", sentence).group(1))
    assert (turn == 0) == (along == "along W itself")


def test_twice_the_step_turns_the_row_less_than_twice_as_far():
    explorer = widget.explore_dora()
    assert "Less than twice" in explorer.predict.answers
    short, long = (float(re.search(r"turns by -([\d.]+) degrees", explorer.frame(
        along="across W", step=step, magnitude=2.5).sentence).group(1)) for step in (0.75, 1.5))
    assert short < long < 1.9 * short
