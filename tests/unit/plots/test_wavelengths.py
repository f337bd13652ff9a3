"""The figure of the wavelengths of a rotation: the values by pair, and what is longer than the text shaded."""

from drawing import Bar, Curve, Rule, curves, limits, redrawn, rules, scales, spans, titles, words
from drawn import same_dash

from llmbook.plots.style import DASHES, text_color
from llmbook.plots.wavelengths import plot_wavelengths

WAVES = {"a": [6.0, 60.0, 600.0], "b": [7.0, 700.0, 70000.0]}


def test_wavelengths_stand_over_their_pair_on_a_logarithmic_axis():
    ax = redrawn(plot_wavelengths, WAVES, 2048).axes[0]
    assert curves(ax) == [Curve((0, 1, 2), (6, 60, 600), "blue", "-", "o", "blue"),
                          Curve((0, 1, 2), (7, 700, 7e4), "vermillion", same_dash(DASHES[1]), "s", "vermillion")]
    assert [line.get_markevery() for line in ax.lines[:2]] == [8, 8]
    assert scales(ax) == ("linear", "log")
    assert titles(ax) == ("", "pair of the head", "positions in a full turn")


def test_every_line_has_its_name_at_its_end():
    shown = words(redrawn(plot_wavelengths, WAVES, 2048).axes[0])
    assert [(word.text, word.x, word.y) for word in shown[:2]] == [("a", 2, 600), ("b", 2, 7e4)]
    assert [word.color for word in shown[:2]] == ["blue", text_color("vermillion").lower()]


def test_what_is_longer_than_the_text_is_shaded():
    for length in (2048, 512):
        ax = redrawn(plot_wavelengths, WAVES, length).axes[0]
        assert spans(ax) == [Bar(0, length, 1, 210000 - length, "vermillion", "", "vermillion")]
        assert rules(ax) == [Rule("y", length, "vermillion", "-")]
        assert (words(ax)[2].text, words(ax)[2].x, words(ax)[2].y) == (f"{length:,} positions", 0, length)
        assert limits(ax)[1] == (4, 210000), "up to three times the longest"
