"""The figures and the explorer of the page "DoRA from scratch"."""

import re

import numpy as np
import pytest
import torch
from matplotlib.patches import FancyArrowPatch
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


def tips(ax):
    """Where the arrows of an axes end."""
    return [patch._posA_posB[1] for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


@pytest.mark.parametrize("step", [-1.5, 0.25, 2.0])
@pytest.mark.parametrize("magnitude", [0.5, 3.0])
def test_the_drawn_rows_are_those_of_the_package(step, magnitude):
    adapted, result = plots.adapt((1.2, 1.6), (step * 0.8, step * -0.6), magnitude)
    layer = layer_of((1.2, 1.6), (0.8, -0.6), step, magnitude)
    assert result == pytest.approx(layer.merged_weight()[0].numpy(), rel=1e-5)
    assert adapted == pytest.approx((layer.base.weight + layer.delta())[0].detach().numpy(), rel=1e-5)
    assert result != pytest.approx(adapted, rel=1e-2)  # the two can be told apart


def test_a_row_of_zeros_is_explained():
    with pytest.raises(ValueError, match="no direction"):
        plots.adapt((1.0, 2.0), (-1.0, -2.0), 1.0)


def test_the_hand_example():
    adapted, result = plots.adapt((3, 4), (2, 8), 6.5)
    assert plots.turned(adapted)[0] == 13
    assert result == pytest.approx([2.5, 6.0])
    assert plots.turned((0, 2)) == (2, 90)


def test_arrows_end_at_the_rows():
    figure = plots.plot_geometry((3, 4), (1, 4), 2, 6.5, limits=(-4, 8, -1, 12))
    ends = tips(figure.axes[0])
    for row in ((3, 4), (5, 12), (2.5, 6)):
        assert any(np.allclose(row, end) for end in ends), row
    assert not any(np.allclose((6.5, 6.5), end) for end in ends)
    without = plots.plot_geometry((3, 4), (1, 4), 0, 5, limits=(-4, 8, -1, 12))
    assert len(tips(without.axes[0])) == len(ends) - 1, "no arrow for no change"


def test_a_step_with_the_norm_in_the_graph_leaves_at_a_right_angle():
    direction, gradient = np.array([0.6, 0.8]), (-0.9, -0.3)
    figure = plots.plot_steps(direction, gradient)
    inside, detached = ([np.array(end) - direction for end in tips(ax)] for ax in figure.axes)
    assert inside[1] @ direction == pytest.approx(0, abs=1e-9)
    assert detached[1] @ direction == pytest.approx(0.78)
    assert "28.4" in figure.axes[0].get_xlabel()
    assert "16.9" in figure.axes[1].get_xlabel()


def test_the_grids_show_the_factors():
    figure = plots.plot_axes({"a": np.outer([0.6, 1.4], np.ones(3)), "b": np.ones((2, 3))})
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.6"] * 3 + ["1.4"] * 3
    assert {text.get_text() for text in figure.axes[1].texts} == {"1.0"}


def test_distances_below_the_smallest_stand_at_the_edge():
    distances = {"a": {"early": [0.0, 0.1], "late": [0.1, 0.1]}, "b": {"early": [0.2, 0.2], "late": [0.3, 0.4]}}
    figure = plots.plot_mistakes(distances, smallest=1e-3)
    drawn = [line.get_xdata() for line in figure.axes[0].get_lines()]
    assert drawn[0].tolist() == [1e-3, 0.1]
    assert drawn[1] == pytest.approx([1e-2])  # the geometric mean
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize("figure", [
    lambda: plots.plot_geometry((3, 4), (1, 4), 2, 6.5, limits=(-4, 8, -1, 12)),
    lambda: plots.plot_axes({"a": np.ones((2, 3))}),
    lambda: plots.plot_steps((0.6, 0.8), (-0.9, -0.3)),
    lambda: plots.plot_mistakes({"a": {"now": [0.1, 0.2]}}),
])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(figure):
    first, second = (figure()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second
    assert first.startswith("<svg")


def test_arrows_differ_without_color():
    looks = {(str(style["linestyle"]), style["linewidth"]) for style in plots.ARROWS.values()}
    assert len(looks) == len(plots.ARROWS)


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
