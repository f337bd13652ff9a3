"""The explorer of activations: its sample, what passes through a function, and its sentences."""

import numpy as np
import pytest

from llmbook.chapters.gemma.activations.explorer import draw_activation, explore_activation, normal_sample, passage
from llmbook.layers.activation import ACTIVATIONS, DERIVATIVES


def test_the_quantile_sample_is_normal():
    x = normal_sample(2.0)
    assert len(x) == 20_001 and x[10_000] == 0, "an odd number has one in the middle"
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
    assert explore_activation().controls["spread"].drawn == (0.1, 0.5, 1.0, 2.0, 8.0)
    assert np.prod([len(control.drawn) for control in explore_activation().controls.values()]) <= 25
    assert set(DERIVATIVES) == set(ACTIVATIONS)
