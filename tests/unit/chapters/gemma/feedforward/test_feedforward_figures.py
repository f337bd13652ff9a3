"""The figure and the explorer of the page "Feed-forward layers": they draw what the layer computes."""

import numpy as np
import pytest
import torch

from llmbook.chapters.gemma.feedforward.explorer import GATED, draw_gate, explore_gate, gate_at
from llmbook.chapters.gemma.feedforward.plots import plot_growth
from llmbook.layers.activation import ACTIVATIONS
from llmbook.plots.style import to_svg


def test_the_same_growth_gives_the_same_svg():
    first, second = (to_svg(plot_growth(np.array([0.1, 1.0]), {"GELU": np.array([0.1, 1.0])}, {"GELU": 1.0}))
                     for _ in range(2))  # fmt: skip
    assert first == second


def test_gates_pass_what_the_layer_computes():
    for kind, name in GATED.items():
        gate = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
        (3.0 * ACTIVATIONS[name](gate)).backward()
        factor, slope = gate_at(kind, 0.7)
        assert (3 * slope) == pytest.approx(gate.grad.item())
        assert factor == pytest.approx(ACTIVATIONS[name](gate).item())
    assert gate_at("GLU", 0.0) == pytest.approx((0.5, 0.25))
    assert gate_at("GeGLU", 0.0) == pytest.approx((0.0, 0.5))


def test_frames_and_sentences_of_gates_change_with_every_control():
    sentences = {draw_gate(kind=kind, gate=gate)[1] for kind in ("GLU", "GeGLU") for gate in (-1.0, 1.0)}
    assert len(sentences) == 4
    svg = to_svg(draw_gate(kind="GLU", gate=1.0)[0])
    assert svg != to_svg(draw_gate(kind="GeGLU", gate=1.0)[0]) and svg != to_svg(draw_gate(kind="GLU", gate=3.0)[0])


def test_the_explorer_of_gates_has_a_modest_grid():
    assert np.prod([len(control.drawn) for control in explore_gate().controls.values()]) <= 25
