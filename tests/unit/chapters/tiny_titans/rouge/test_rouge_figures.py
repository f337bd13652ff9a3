"""The figures about ROUGE show the words and the numbers that count."""

import numpy as np
import pytest
from matplotlib.patches import FancyBboxPatch

from llmbook.chapters.tiny_titans.rouge import plots
from llmbook.metrics.intervals import Interval

REFERENCE = "The group cut the budget.\nAna writes the plan."
CANDIDATE = "Ana cut the budget."
MEANS = {"a": np.linspace(-1, 1, 50), "b": np.linspace(0, 1, 50)}


@pytest.mark.parametrize("figure", [
    lambda: plots.draw_lcs_table(["a", "b", "c"], ["b", "c"]),
    lambda: plots.draw_matches(REFERENCE, CANDIDATE, "rouge2", rows=(3, 3)),
    lambda: plots.draw_matches("", "", "rougeLsum"),
    lambda: plots.plot_resampled(MEANS, dict.fromkeys(MEANS, Interval(0.0, -1.0, 1.0)), xlabel="x"),
])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(figure):
    first, second = (figure()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second and first.startswith("<svg")


def boxed_words(figure):
    """The words that stand in a box."""
    boxes = [patch.get_bbox() for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    words = [(text.get_text(), *text.get_position()) for text in figure.axes[0].texts]
    return sorted(word for word, x, y in words if any(b.x0 < x < b.x1 and b.y0 < y < b.y1 for b in boxes))


def test_the_boxes_are_around_the_words_that_count():
    figure = plots.draw_matches(REFERENCE, CANDIDATE, "rougeL")
    assert boxed_words(figure) == sorted(2 * ["cut", "the", "budget"])
    assert boxed_words(plots.draw_matches("a", "b", "rouge1")) == []


def test_the_bars_say_the_score():
    figure = plots.draw_matches(REFERENCE, CANDIDATE, "rougeL")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[-5:] == ["0.750", "recall", "0.333", "F", "0.462"]
    assert "reference, 9 words" in texts and "candidate, 4 words" in texts


def test_rows_make_frames_equally_high_and_long_lines_go_on():
    figures = [plots.draw_matches(REFERENCE, text, "rouge1", rows=(2, 3)) for text in ("", CANDIDATE)]
    sizes = {figure.get_size_inches()[1] for figure in figures}
    assert len(sizes) == 1
    long = plots.draw_matches(REFERENCE, 40 * "word ", "rouge1")
    assert long.get_size_inches()[1] > max(sizes)
    assert all(text.get_position()[0] < plots.WIDTH for text in long.axes[0].texts)


def test_the_table_shows_its_numbers_and_fills_the_matches():
    figure = plots.draw_lcs_table(["a", "b"], ["b", "a"])
    numbers = [text.get_text() for text in figure.axes[0].texts if text.get_text().isdigit()]
    assert numbers == list("000" "001" "011")
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_text().isdigit()
            and text.get_fontweight() == "bold"]  # fmt: skip
    assert bold == ["1"], "one word of the two that are shared"


def test_resampled_means_have_their_interval_below():
    figure = plots.plot_resampled({"a": MEANS["a"]}, {"a": Interval(0.1, -0.5, 0.6)}, xlabel="difference")
    bar = next(line for line in figure.axes[0].lines if list(line.get_xdata()) == [-0.5, 0.6])
    assert bar.get_ydata()[0] < 0
