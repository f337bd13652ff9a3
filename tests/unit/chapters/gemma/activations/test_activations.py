"""Figures and explorers of activations, gates and training results: they draw the numbers they are given."""

import numpy as np
import pytest
import torch

from llmbook.chapters.gemma.activations import plots
from llmbook.chapters.gemma.activations.explorer import draw_activation, explore_activation, normal_sample, passage
from llmbook.chapters.gemma.feedforward.explorer import GATED, draw_gate, explore_gate, gate_at
from llmbook.chapters.gemma.feedforward.plots import plot_growth
from llmbook.layers.activation import ACTIVATIONS, DERIVATIVES
from llmbook.metrics.intervals import Interval, mean_interval
from llmbook.plots.curves import plot_curves
from llmbook.plots.style import to_svg
from llmbook.plots.training import plot_intervals, plot_loss_panels, plot_losses, smooth

X = np.linspace(-3, 3, 61)
SEEDS = np.random.default_rng(0).uniform(0.5, 2.0, (5, 8))


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_curves_hold_the_values_and_differ_in_more_than_color():
    curves = {"one": X, "two": X**2, "three": -X}
    drawn = lines(plot_curves(X, curves).axes[0])
    for name, values in curves.items():
        assert np.array_equal(drawn[name].get_ydata(), values)
    assert len({drawn[name].get_linestyle() + str(drawn[name]._dash_pattern) for name in curves}) == 3


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
    lambda: plot_growth(np.array([0.1, 1.0]), {"GELU": np.array([0.1, 1.0])}, {"GELU": 1.0}),
    lambda: plot_loss_panels({"a": {"x": SEEDS}, "b": {"y": SEEDS}}, floor=0.1, ylim=(0, 3)),
], ids=["slopes", "draws", "histograms", "logits", "growth", "panels"])  # fmt: skip
def test_the_same_numbers_give_the_same_svg(draw):
    assert to_svg(draw()) == to_svg(draw())


def test_losses_are_smoothed_and_keep_their_steps():
    assert np.allclose(smooth(np.arange(6.0), 3), [1, 2, 3, 4])
    drawn = lines(plot_losses({"x": SEEDS}, window=3, floor=0.1).axes[0])["x"]
    assert np.allclose(drawn.get_ydata(), smooth(SEEDS, 3).mean(axis=0))
    assert np.allclose(drawn.get_xdata(), np.arange(1, 7))


def test_a_filled_marker_says_that_the_null_is_excluded():
    intervals = {"apart": Interval(1.0, 0.5, 1.5), "open": Interval(0.2, -0.3, 0.7)}
    ax = plot_intervals(intervals, xlabel="difference", points={"apart": SEEDS[0], "open": SEEDS[0]}).axes[0]
    fills = [line.get_markerfacecolor() for line in ax.get_lines() if line.get_marker() == "o"]
    assert fills[0] != "white" and fills[1] == "white"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["apart", "open"]


def test_interval_rows_match_the_arithmetic():
    interval = mean_interval(SEEDS[:, 0])
    assert interval.low < interval.mean < interval.high
    assert interval.mean == pytest.approx(SEEDS[:, 0].mean())


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


def test_gates_pass_what_the_layer_computes():
    for kind, name in GATED.items():
        gate = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
        (3.0 * ACTIVATIONS[name](gate)).backward()
        factor, slope = gate_at(kind, 0.7)
        assert (3 * slope) == pytest.approx(gate.grad.item())
        assert factor == pytest.approx(ACTIVATIONS[name](gate).item())
    assert gate_at("GLU", 0.0) == pytest.approx((0.5, 0.25))
    assert gate_at("GeGLU", 0.0) == pytest.approx((0.0, 0.5))


def test_frames_and_sentences_change_with_every_control():
    sentences = {draw_activation(activation=name, spread=size)[1] for name in ("relu", "gelu") for size in (0.5, 2.0)}
    sentences |= {draw_gate(kind=kind, gate=gate)[1] for kind in ("GLU", "GeGLU") for gate in (-1.0, 1.0)}
    assert len(sentences) == 8
    svg = to_svg(draw_gate(kind="GLU", gate=1.0)[0])
    assert svg != to_svg(draw_gate(kind="GeGLU", gate=1.0)[0]) and svg != to_svg(draw_gate(kind="GLU", gate=3.0)[0])


def test_explorers_of_the_pages_have_a_modest_grid():
    for explorer in (explore_activation(), explore_gate()):
        assert np.prod([len(control.drawn) for control in explorer.controls.values()]) <= 25
    assert set(DERIVATIVES) == set(ACTIVATIONS)
