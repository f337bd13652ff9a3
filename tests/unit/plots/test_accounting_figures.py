"""The figures of what a model counts: bars are the numbers."""

import pytest
from matplotlib.figure import Figure

from llmbook.accounting import parameters_by_part
from llmbook.models import PUBLISHED
from llmbook.plots.accounting import draw_cache, draw_margins, draw_parts


def bar_widths(figure: Figure, axes: int = 0) -> list[float]:
    """Lengths of the bars, in the order of drawing."""
    return [bar.get_width() for bar in figure.axes[axes].patches]


def test_pieces_of_a_bar_are_the_parts():
    parts = parameters_by_part(PUBLISHED["llama-2-7b"])
    attention = sum(parts[name] for name in ("query", "key", "value", "attention_output"))
    expected = [parts["embedding"], attention, parts["feedforward"], parts["output_matrix"]]
    assert bar_widths(draw_parts({"Llama": parts})) == pytest.approx([size / 1e9 for size in expected])
    assert len(bar_widths(draw_parts({"Gemma": parameters_by_part(PUBLISHED["gemma-7b"])}))) == 3  # tied: no fourth


def test_cache_bars_are_in_gibibytes():
    figure = draw_cache([("a", 2**30, True), ("b", 2**29, False)], context=8)
    assert bar_widths(figure) == [1.0, 0.5]
    assert "8 tokens" in figure.axes[0].get_xlabel()


def test_margins_are_sorted_and_a_tie_is_named():
    axes = draw_margins({"x": -2.0, "y": 0.0, "z": 3.0}, xlabel="points").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["z", "y", "x"]
    assert [text.get_text() for text in axes.texts] == ["+3.0", "tie", "\N{MINUS SIGN}2.0"]
