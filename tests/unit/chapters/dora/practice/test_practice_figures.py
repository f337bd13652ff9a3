"""The figures of the page "In practice" show what they are given."""

import torch

from llmbook.chapters.dora.practice.plots import draw_block_error, draw_levels, draw_lost_updates


def test_figures_of_quantization():
    levels = torch.linspace(-1, 1, 16).numpy()
    figure = draw_levels({"even": levels, "odd": levels}, {"even": levels**2, "odd": levels**2}, levels)
    assert len(figure.axes[2].patches) == 16
    ax = draw_block_error({"a": [5.0, 4.5]}, {"a": [0.08, 0.09]}, [32, 64]).axes[0]
    assert [text.get_text() for text in ax.texts] == ["64"]
    lines = draw_lost_updates([1e-3, 1], [0.9, 0.0], [0.8, 0.01]).axes[0].lines
    assert list(lines[0].get_ydata()) == [90.0, 0.0] and list(lines[1].get_ydata()) == [80.0, 1.0]
