"""The figure of masks has a square for each key that a query sees."""

from llmbook.layers.attention import causal_mask
from llmbook.plots.masks import plot_masks


def test_masks_have_a_square_for_each_allowed_key():
    mask = causal_mask(7, 7, window=3).numpy()
    figure = plot_masks({"window": mask})
    assert len(figure.axes[0].patches) == mask.sum() == 1 + 2 + 5 * 3
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["1", "2", "3", "3", "3", "3", "3"]
