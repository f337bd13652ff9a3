"""The figures and the explorer of the page on T5."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from llmbook.chapters.tiny_titans.t5 import beam_plot as beam_tree
from llmbook.chapters.tiny_titans.t5 import plots
from llmbook.chapters.tiny_titans.t5 import plots as relative_bias
from llmbook.chapters.tiny_titans.t5.beam_plot import Branch, branches, draw_beam_tree
from llmbook.chapters.tiny_titans.t5.explorer import (
    BUCKETS,
    MAX_DISTANCES,
    draw_buckets,
    explore_buckets,
    last_bucket_begins,
)
from llmbook.layers.relative_bias import relative_buckets
from llmbook.models.t5_config import PUBLISHED
from llmbook.widgets.controls import grid

TREE = [
    [Branch("we", 0, -0.6, "kept"), Branch("Dana", 0, -0.8, "kept")],
    [Branch("ship", 0, -1.5, "dropped"), Branch("</s>", 1, -0.9, "ended")],
]


@pytest.mark.parametrize("figure", [
    lambda: plots.draw_t5(PUBLISHED["flan-t5-small"]),
    lambda: plots.draw_t5(PUBLISHED["t5-small"]),
    lambda: plots.plot_sight({"a": np.array([[1, 0], [2, 3]]), "b": np.array([[1, 1], [2, 3]])}),
    lambda: plots.plot_pointing({"a": np.eye(2), "b": np.ones((2, 2)) / 2}, ["x", "y"], ["y", "x"]),
    lambda: plots.plot_run([3.0, 2.0, 1.0, 0.5], {"blind": 2.5}, window=2),
    lambda: relative_bias.plot_buckets([-1, 0, 1], {"a": [1, 0, 3], "b": [1, 0, 0]}, marks=[1]),
    lambda: relative_bias.plot_bias({"a": np.eye(3), "b": np.array([[1.0, np.nan], [2.0, 3.0]])}),
    lambda: draw_beam_tree(TREE),
])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(figure):
    first, second = (figure()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second
    assert first.startswith("<svg")


def words_in(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_the_towers_say_what_their_config_says():
    flan, first = (words_in(plots.draw_t5(PUBLISHED[name])) for name in ("flan-t5-small", "t5-small"))
    assert flan.count("gated\nfeed-forward") == 2 and first.count("feed-forward") == 2
    assert "1 / root of D" in first and "1 / root of D" not in flan
    assert "a matrix\nof its own" in flan and "the embedding's\nmatrix again" in first
    uneven = words_in(plots.draw_t5(replace(PUBLISHED["t5-small"], layers=3, decoder_layers=5)))
    assert uneven.count("3 x") == uneven.count("5 x") == 1
    assert flan.count("cross-attention") == 1, "only the decoder has it"


def test_who_sees_is_a_mark_where_the_caller_says_so():
    figure = plots.plot_sight({"a": np.array([[1, 0], [2, 3]])})
    marks = [collection.get_offsets().tolist() for collection in figure.axes[0].collections]
    assert marks == [[[0, 0]], [[0, 1]], [[1, 1]]]


def test_an_encoder_looks_both_ways_and_all_else_looks_back():
    one_row, two_towers = plots.sight(2, 2).values()
    assert one_row.tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [2, 2, 3, 0], [2, 2, 3, 3]]
    assert two_towers.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [2, 2, 3, 0], [2, 2, 3, 3]]


def test_the_area_of_a_circle_is_the_weight():
    weights = np.array([[0.25, 0.75], [1.0, 0.0]])
    (circles,) = plots.plot_pointing({"a": weights}, ["x", "y"], ["y", "x"]).axes[0].collections
    assert np.allclose(circles.get_sizes() / circles.get_sizes().max(), weights.ravel())
    assert not np.allclose(circles.get_sizes() / circles.get_sizes().max(), weights.T.ravel())


def test_a_run_is_smoothed():
    (line, *_) = plots.plot_run([4.0, 2.0, 0.0], {"blind": 3.0}, window=2).axes[0].lines
    assert line.get_xdata().tolist() == [2, 3] and line.get_ydata().tolist() == [3.0, 1.0]


@pytest.mark.parametrize(("place", "parent"), [(1, 2), (2, 0), (1, -1)])
def test_a_tree_that_no_search_can_have_made_is_refused(place, parent):
    """A parent that is not there, and one that was dropped."""
    steps = [*TREE, [Branch("now", 0, -2.0, "dropped")]]
    if place == 1:
        steps = [TREE[0], [Branch("ship", parent, -1.0, "kept")]]
    with pytest.raises(ValueError, match="was not kept"):
        draw_beam_tree(steps)


def test_a_search_becomes_branches_whose_lines_do_not_cross():
    first = [(("start", "we"), -0.6, 0), (("start", "Dana"), -0.8, 0), (("start", "they"), -2.0, 0)]
    kept = [("start", "Dana"), ("start", "we")]  # another order than that of the drawing
    second = [(("start", "Dana", "</s>"), -0.9, 0), (("start", "we", "ship"), -1.5, 1)]
    found = branches([(first, kept), (second, [("start", "we", "ship")])])
    assert [branch.state for branch in found[0]] == ["kept", "kept", "dropped"]
    assert found[1] == [Branch("ship", 0, -1.5, "dropped"), Branch("</s>", 1, -0.9, "ended")]
    draw_beam_tree(found)


def test_branches_are_centered_from_the_top():
    assert beam_tree._heights(2, 1.0) == [1.0 + beam_tree.DOWN / 2, 1.0 - beam_tree.DOWN / 2]
    assert beam_tree._heights(1, 3.0) == [3.0]


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("buckets", BUCKETS)
@pytest.mark.parametrize("max_distance", MAX_DISTANCES)
def test_the_last_bucket_begins_where_the_package_says(bidirectional, buckets, max_distance):
    begins = last_bucket_begins(bidirectional, buckets, max_distance)
    options = {"bidirectional": bidirectional, "buckets": buckets, "max_distance": max_distance}
    last = (buckets // 2 if bidirectional else buckets) - 1
    found = relative_buckets(torch.tensor([-begins, -begins + 1, -(10**6)]), **options).tolist()
    assert found[0] == found[2] == last > found[1]
    assert begins < max_distance, "as the caption says"


def test_the_explorer_says_what_it_shows():
    _, said = draw_buckets(buckets=32, max_distance=128, direction="both ways (encoder)")
    assert "distances 0 to 7 have" in said and "from 91 on all" in said and "buckets of their own" in said
    figure, said = draw_buckets(buckets=32, max_distance=128, direction="back only (decoder)")
    assert "distances 0 to 15 have" in said and "from 113 on all" in said and "in bucket 0" in said
    line = figure.axes[0].lines[-2]
    assert max(line.get_ydata()) == 31 and line.get_ydata()[-1] == 0
    assert "only distance 0 has" in draw_buckets(buckets=4, max_distance=64, direction="both ways (encoder)")[1]


def test_the_explorer_has_few_frames_and_each_says_something_else():
    explorer = explore_buckets()
    settings = grid(explorer.controls)
    assert len(settings) == 18
    assert len({explorer.draw(**values)[1] for values in settings}) == 18
