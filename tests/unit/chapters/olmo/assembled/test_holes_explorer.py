"""The explorer of the page "OLMo assembled": how likely a text has a hole."""

import pytest
from drawing import redrawn

from llmbook.chapters.olmo.assembled.explorer import PREDICTION, chance_of_a_hole, draw_chances, explore_holes
from llmbook.widgets.controls import grid

SHARES = {1.0: {"fresh": 0.02, "trained": 1e-5}, 2.0: {"fresh": 0.02, "trained": 0.008}}


def test_chances_add_up_over_a_text():
    assert chance_of_a_hole(0.5, 3) == pytest.approx(0.875) and chance_of_a_hole(0.0, 1000) == 0
    assert chance_of_a_hole(1e-12, 1000) == pytest.approx(1e-9, rel=1e-6)  # 1 - (1 - p) ** n would be rounded away


def test_the_curve_is_the_chance_at_every_length():
    (ax,) = redrawn(draw_chances, {"fresh": 0.02, "trained": 0.5}, "trained", 30).axes
    fresh, trained, mark = ax.lines
    assert fresh.get_ydata()[0] == pytest.approx(100 * (1 - 0.98**10))
    assert trained.get_ydata()[0] == pytest.approx(100 * (1 - 0.5**10)) and mark.get_xdata() == [30]


def test_a_chance_of_a_hundredth_is_nearly_certain_in_a_thousand_tokens():
    """The answer of the question; the page measures the share, which is near a hundredth at temperature 2."""
    assert "Nearly certain" in PREDICTION.answers and chance_of_a_hole(0.005, 1000) > 0.99
    explorer = explore_holes(SHARES)
    assert explorer.defaults == {"model": "trained", "temperature": 2.0, "length": 1000}
    sentences = [explorer.draw(**values)[1] for values in grid(explorer.controls)]
    assert len(set(sentences)) == len(sentences) == 28
    assert "1,000 tokens have a hole with 100.0%" in explorer.draw(**explorer.defaults)[1]
