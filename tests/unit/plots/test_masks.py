"""The figure of masks has a square for each key that a query sees."""

import numpy as np
from drawing import Bar, bars, color, limits, redrawn, ticks, titles, words

from llmbook.layers.attention import causal_mask
from llmbook.plots.diagram import tint
from llmbook.plots.masks import plot_masks

UNEVEN = np.array([[1, 0, 0, 1, 0], [0, 0, 1, 0, 0], [1, 1, 1, 0, 0]], dtype=bool)


def squares(ax):
    """Query and key of each."""
    return [(bar.y + 0.5, bar.x + 0.5) for bar in bars(ax)]


def test_a_square_stands_in_the_row_of_its_query_and_the_column_of_its_key():
    first, second = redrawn(plot_masks, {"uneven": UNEVEN, "turned": UNEVEN.T}).axes
    assert squares(first) == [(0, 0), (0, 3), (1, 2), (2, 0), (2, 1), (2, 2)]
    assert sorted(squares(second)) == sorted((key, query) for query, key in squares(first))
    assert set(bars(first)) == {Bar(key - 0.5, query - 0.5, 1, 1, color(tint("blue", 0.5)), "", "ink")
                                for query, key in squares(first)}
    assert (titles(first), titles(second)) == (("uneven", "key", "query"), ("turned", "key", ""))


def test_rows_run_from_the_top_down_and_end_with_their_count():
    ax = redrawn(plot_masks, {"uneven": UNEVEN}).axes[0]
    assert limits(ax) == ((-0.6, 5.9), (2.6, -0.6))
    assert [(word.text, word.x, word.y) for word in words(ax)] == [("2", 4.9, 0), ("1", 4.9, 1), ("3", 4.9, 2)]
    assert (list(ticks(ax.xaxis)), list(ticks(ax.yaxis))) == ([0, 2, 4], [0, 2])


def test_a_window_has_as_many_squares_as_the_mask_of_the_package():
    mask = causal_mask(7, 7, window=3).numpy()
    ax = redrawn(plot_masks, {"window": mask}).axes[0]
    assert len(squares(ax)) == mask.sum() == 1 + 2 + 5 * 3
    assert all(query - 3 < key <= query for query, key in squares(ax))
    assert [word.text for word in words(ax)] == ["1", "2", "3", "3", "3", "3", "3"]
