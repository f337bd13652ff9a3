"""Figures and the explorer of activations: they draw the numbers they are given."""

import numpy as np
import pytest

from llmbook.chapters.gemma.activations import plots
from llmbook.chapters.gemma.activations.explorer import draw_activation, explore_activation, normal_sample, passage
from llmbook.layers.activation import ACTIVATIONS, DERIVATIVES
from llmbook.plots.style import to_svg

X = np.linspace(-3, 3, 61)
SEEDS = np.random.default_rng(0).uniform(0.5, 2.0, (5, 8))


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_gap_marks_the_largest_value_on_each_side():
    gap = np.where(X < 0, 1.0, 2.0) * np.exp(-((np.abs(X) - 2) ** 2))
    figure = plots.plot_gap(X, gap, np.full_like(X, 1e-3))
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert labels == ["1.00e+00 at -2.00", "2.00e+00 at 2.00"]
    assert np.allclose(figure.axes[1].get_lines()[0].get_ydata(), gap / 1e-3)


def test_layers_draw_the_mean_over_seeds():
    figure = plots.plot_layers({"A": {"net": SEEDS}, "B": {"net": SEEDS * 2}}, ylabels=["a", "b"])
    for ax, factor in zip(figure.axes, (1, 2), strict=True):
        assert np.allclose(lines(ax)["net"].get_ydata(), factor * SEEDS.mean(axis=0))
        assert ax.get_yscale() == "log"


@pytest.mark.parametrize("draw", [
    lambda: plots.plot_values_and_slopes(X, {"f": X}, {"f": X}),
    lambda: plots.plot_convergence(np.array([10, 100]), np.array([[0.1, 0.05], [0.2, 0.02]])),
    lambda: plots.plot_histograms({"net": {"layer 1": X, "layer 2": 9 * X}}),
    lambda: plots.plot_logit_differences(np.array([0.1, 0.2]), {"swap": SEEDS[:, :2]}, marks={"tolerance": 1e-5}),
], ids=["slopes", "draws", "histograms", "logits"])  # fmt: skip
def test_the_same_numbers_give_the_same_svg(draw):
    assert to_svg(draw()) == to_svg(draw())


def test_the_quantile_sample_is_normal():
    x = normal_sample(2.0)
    assert x.mean().abs() < 1e-12 and x.std().item() == pytest.approx(2.0, rel=1e-3)
    assert (x < -2).double().mean().item() == pytest.approx(0.158655, abs=1e-4)


def test_passage_equals_what_is_known_on_paper():
    relu = passage("relu", 3.0)
    assert relu["mean"] == pytest.approx(3 / np.sqrt(2 * np.pi), rel=1e-3)
    assert relu["slope"] == pytest.approx(0.5**0.5, rel=1e-3)
    assert relu["shut"] == pytest.approx(0.5, abs=1e-3)
    assert passage("gelu", 1.0)["mean"] == pytest.approx(0.5 / np.sqrt(np.pi), rel=1e-3)  # E[x Phi(x)], by parts
    assert passage("silu", 1.0)["mean"] != pytest.approx(0.5 / np.sqrt(np.pi), rel=1e-2)


def test_frames_and_sentences_change_with_every_control():
    sentences = {draw_activation(activation=name, spread=size)[1] for name in ("relu", "gelu") for size in (0.5, 2.0)}
    assert len(sentences) == 4


def test_the_explorer_has_a_modest_grid():
    assert np.prod([len(control.drawn) for control in explore_activation().controls.values()]) <= 25
    assert set(DERIVATIVES) == set(ACTIVATIONS)
