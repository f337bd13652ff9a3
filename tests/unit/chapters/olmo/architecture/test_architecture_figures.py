"""The figures of the architecture page: the plane of LayerNorm, and how the residual stream grows."""

import numpy as np
import pytest
import torch

from llmbook.chapters.olmo.architecture import plots
from llmbook.layers.norm import layer_norm

VECTORS = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 3.0]])
NORMED = layer_norm(torch.tensor(VECTORS).float(), eps=0.0).numpy()


def test_the_plane_is_drawn_and_drawn_the_same_again():
    figures = [plots.plot_norm_plane(VECTORS, NORMED, -VECTORS) for _ in range(2)]
    first, second = (figure._repr_mimebundle_()["image/svg+xml"] for figure in figures)
    assert first == second
    assert first.startswith("<svg")


def test_normed_vectors_lie_on_the_circle():
    assert np.linalg.norm(plots.to_plane(NORMED), axis=1) == pytest.approx(np.sqrt(3), rel=1e-4)
    assert plots.to_plane(VECTORS + 5.0) == pytest.approx(plots.to_plane(VECTORS)), "a shift is along the line of sight"
    assert plots.to_plane(2 * VECTORS) != pytest.approx(plots.to_plane(VECTORS))


def test_the_figures_show_the_numbers():
    curves = {"one": np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 4.0]]), "two": np.ones((2, 3))}
    ax = plots.plot_stream_growth(curves).axes[0]
    assert [list(line.get_ydata()) for line in ax.lines] == [[1.0, 2.5, 4.0], [1.0, 1.0, 1.0]]
    assert {text.get_text() for text in ax.texts} == {"one", "two"} and ax.get_yscale() == "log"
