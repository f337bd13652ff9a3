"""The figures of the architecture page: the plane of LayerNorm, and how the residual stream grows."""

import numpy as np
import pytest
import torch
from drawing import bands, curves, legend, limits, pointers, redrawn, scales, titles, words
from drawn import Band, Curve, Key, same_dash

from llmbook.chapters.olmo.architecture import plots
from llmbook.layers.norm import layer_norm
from llmbook.plots.style import DASHES

VECTORS = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 3.0]])
NORMED = layer_norm(torch.tensor(VECTORS).float(), eps=0.0).numpy()
MOVED, STEPS = np.array([[2.0, 0.0, -1.0], [0.0, 3.0, 0.0]]), np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0]])


def flat(vector):
    """Across is (x - y) / root 2, up is (2 z - x - y) / root 6."""
    x, y, z = vector
    return (x - y) / 2**0.5, (2 * z - x - y) / 6**0.5


def test_vectors_lie_in_the_plane_and_lead_to_what_the_norm_makes_of_them():
    figure = redrawn(plots.plot_norm_plane, VECTORS, MOVED, STEPS)
    circle, first, second, before, after, _, middle = curves(figure.axes[0])
    assert np.hypot(circle.x, circle.y) == pytest.approx(3**0.5, rel=1e-5) and circle[2:5] == ("gray", "-", "")
    assert min(circle.x) == pytest.approx(-(3**0.5), rel=1e-5), "all the way round"
    for way, start, end in zip((first, second), VECTORS, MOVED, strict=True):
        assert np.transpose(way[:2]) == pytest.approx(np.array([flat(start), flat(end)]), rel=1e-5)
        assert (way.color, way.dash) == ("gray", ":")
    for row, vectors, look in ((before, VECTORS, ("blue", "", "o")), (after, MOVED, ("orange", "", "s"))):
        assert np.transpose(row[:2]) == pytest.approx(np.array([flat(each) for each in vectors]), rel=1e-5)
        assert row[2:5] == look
    assert (middle.x, middle.y, middle.marker) == ((0,), (0,), "+")
    names = {"before": Key("blue", "", "o"), "after": Key("orange", "", "s"), "descent": Key("vermillion", "-")}
    assert legend(figure) == names


def test_descents_start_at_the_vectors_and_have_room():
    ax = redrawn(plots.plot_norm_plane, VECTORS, MOVED, 9 * STEPS).axes[0]
    for arrow, start, step in zip(pointers(ax), VECTORS, 9 * STEPS, strict=True):
        assert arrow.start == pytest.approx(flat(start), rel=1e-5)
        assert arrow.end == pytest.approx(flat(start + step), rel=1e-5)
        assert (arrow.color, arrow.dash, arrow.head) == ("vermillion", "-", True)
        assert all(low < each < high for each, (low, high) in zip(arrow.end, limits(ax), strict=True))
    assert ax.get_aspect() == 1.0, "a circle is round"


def test_normed_vectors_lie_on_the_circle():
    assert np.linalg.norm(plots.to_plane(NORMED), axis=1) == pytest.approx(np.sqrt(3), rel=1e-4)
    assert plots.to_plane(VECTORS + 5.0) == pytest.approx(plots.to_plane(VECTORS)), "a shift is along the line of sight"
    assert plots.to_plane(2 * VECTORS) != pytest.approx(plots.to_plane(VECTORS))


def test_the_stream_is_a_mean_in_a_band_from_the_smallest_to_the_largest():
    sizes = {"one": np.array([[1.0, 2.0, 4.0], [1.0, 6.0, 5.0], [4.0, 1.0, 6.0]]), "two": np.full((2, 3), 7.0)}
    ax = redrawn(plots.plot_stream_growth, sizes).axes[0]
    assert curves(ax) == [
        Curve((0, 1, 2), (2, 3, 5), "blue", "-", "o", "blue"),
        Curve((0, 1, 2), (7, 7, 7), "vermillion", same_dash(DASHES[1]), "s", "vermillion"),
    ]
    assert bands(ax) == [Band((0, 1, 2), (1, 1, 4), (4, 6, 6), "blue"),
                         Band((0, 1, 2), (7, 7, 7), (7, 7, 7), "vermillion")]  # fmt: skip
    assert [word[:4] for word in sorted(words(ax))] == [("one", 2, 5, (6, 0)), ("two", 2, 7, (6, 0))]
    assert scales(ax) == ("linear", "log")
    assert titles(ax) == ("", "block (0: the embedding)", "root mean square of the stream")


def test_names_of_lines_that_end_together_keep_apart():
    ax = plots.plot_stream_growth({"one": np.full((2, 3), 7.0), "two": np.full((2, 3), 7.0)}).axes[0]
    assert sorted(word.offset for word in words(ax)) == [(6, 0), (6, 13)]
