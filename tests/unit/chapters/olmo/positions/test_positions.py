"""The figures and the explorer of rotary positions."""

import math

import numpy as np
import pytest
import torch
from drawing import curves, legend, limits, lines, pictures, redrawn, rules, scales, spans, ticks, titles, words
from drawn import Curve, Key, Rule, numbers, same_dash

from llmbook.chapters.olmo.positions import plots
from llmbook.chapters.olmo.positions.explorer import HEAD_SIZE, draw_turn, explore_rope, wavelengths
from llmbook.layers.rope import rope_angles
from llmbook.plots.style import DASHES

MINUS = "distance i \N{MINUS SIGN} j"


def hand(angle, color="blue"):
    """A hand of the clock."""
    return Curve(numbers((0, math.cos(angle))), numbers((0, math.sin(angle))), color, "-", "", "")


def dot(angle):
    """What a strong hand ends in."""
    return Curve(numbers([math.cos(angle)]), numbers([math.sin(angle)]), "blue", "", "o", "blue")


def test_each_pair_turns_on_its_own_circle():
    turned = {"fast": [0.0, 1.0, 2.5], "slow": [0.2, 0.3, 0.9], "third": [0.7]}
    figure = redrawn(plots.plot_turning_pairs, turned)
    shown = []
    for ax, (title, angles) in zip(figure.axes, turned.items(), strict=False):
        circle, *hands = curves(ax)
        assert np.hypot(circle.x, circle.y) == pytest.approx(1, rel=1e-5) and circle.color == "gray"
        assert min(circle.x) == -1, "all the way round"
        first, last = ([hand(angle), dot(angle)] for angle in (angles[0], angles[-1]))
        assert hands == [*first, *map(hand, angles[1:-1]), *(last if len(angles) > 1 else [])]
        assert ax.get_aspect() == 1.0 and titles(ax)[0] == title and limits(ax) == ((-1.45, 1.45), (-1.4, 1.4))
        shown.append([(word.text, pytest.approx(math.atan2(word.y, word.x), abs=1e-4)) for word in words(ax)])
        assert all(math.hypot(word.x, word.y) == pytest.approx(1.22, rel=1e-4) for word in words(ax))
    assert shown == [[("0", 0.0), ("1", 1.0), ("2", 2.5)], [("0", 0.2), ("2", 0.9)], [("0", 0.7)]]
    assert not figure.axes[3].axison and not curves(figure.axes[3]), "no circle without a pair"


def test_the_first_and_the_last_position_are_strong():
    ax = plots.plot_turning_pairs({"fast": [0.0, 1.0, 2.5]}).axes[0]
    widths = [line.get_linewidth() for line in ax.lines if line.get_xdata()[0] == 0 and len(line.get_xdata()) == 2]
    assert widths[0] == widths[2] > widths[1]


def test_labels_of_positions_keep_apart():
    assert plots._apart([0.0, 1.0, 2.0]) == [0, 1, 2]
    assert plots._apart([0.0, 0.1, 0.2, 0.5]) == [0, 3]
    assert plots._apart([0.0, 0.1]) == [0], "nothing fits beside the first"
    assert plots._apart([0.0, 3.0, 2 * math.pi - 0.1]) == [0, 1], "nor once round"


def test_scores_are_a_map_of_queries_by_keys_and_lines_over_the_distance():
    scores = np.array([[1.0, 2.0, -7.0], [3.0, 4.0, 0.5], [5.0, 6.0, -1.0]])
    above, below, bar = redrawn(plots.plot_scores, scores).axes
    (picture,) = pictures(above)
    assert pictures(plots.plot_scores(-scores).axes[0])[0].limits == (-7, 7), "zero is in the middle of the colors"
    assert picture == (((1, 2, -7), (3, 4, 0.5), (5, 6, -1)), (-7, 7), (-0.5, 2.5, 2.5, -0.5), "cividis")
    assert titles(above)[1:] == ("position of the key, j", "position of the query, i")
    assert [curve[:4] for curve in curves(below)] == [((0, -1, -2), (1, 2, -7), "blue", "-"),
                                                      ((1, 0, -1), (3, 4, 0.5), "blue", "-"),
                                                      ((2, 1, 0), (5, 6, -1), "blue", "-")]  # fmt: skip
    assert rules(below) == [Rule("x", 0, "gray", ":")]
    assert titles(below)[1:] == (MINUS, "score") and bar.get_ylabel() == "score"


def test_distances_go_to_the_right_and_pairs_down():
    ax, bar = redrawn(plots.plot_by_distance, np.array([[0.95, 0.9], [0.5, 0.8], [-0.2, 0.7]])).axes
    (picture,) = pictures(ax)
    assert picture == (((0.95, 0.5, -0.2), (0.9, 0.8, 0.7)), (-1, 1), (-0.5, 2.5, 1.5, -0.5), "cividis")
    assert titles(ax)[1:] == (MINUS, "pair of the head") and bar.get_ylabel() == "cosine"


def test_rounded_positions_and_their_errors():
    figure = redrawn(plots.plot_rounded_positions, [254, 255, 256, 257, 258, 259],
                     {"a": [254, 255, 256, 256, 258, 260], "b": [1, 2, 3, 4, 5, 7]},
                     {"a": [0.0, 0.1, 1e-4], "b": [0.5, 0.25, 0.75]}, [0, 10, 30])  # fmt: skip
    above, below = figure.axes
    second = same_dash(DASHES[1])
    assert lines(above) == {"a": Curve((254, 255, 256, 257, 258, 259), (254, 255, 256, 256, 258, 260), "blue", "-", "o",
                                       "blue"),
                            "b": Curve((254, 255, 256, 257, 258, 259), (1, 2, 3, 4, 5, 7), "vermillion", second, "s",
                                       "vermillion")}  # fmt: skip
    assert lines(below) == {"a": Curve((0, 10, 30), (1e-9, 0.1, 1e-4), "blue", "", "o", "blue"),
                            "b": Curve((0, 10, 30), (0.5, 0.25, 0.75), "vermillion", "", "s", "vermillion")}
    assert (scales(above), scales(below)) == (("linear", "linear"), ("linear", "log"))
    assert list(ticks(above.xaxis)) == [254, 259]
    assert [titles(ax)[2] for ax in figure.axes] == ["position used", "error of the cosine"]
    assert [titles(ax)[1] for ax in figure.axes] == ["position"] * 2
    assert legend(above) == {"a": Key("blue", "-", "o"), "b": Key("vermillion", second, "s")}


# --- the clock -----------------------------------------------------------------------------------------------------


def test_the_clock_points_where_the_pair_points():
    clock, chart = redrawn(plots.plot_clock, 2 * math.pi + 2.0, [6.0, 60.0, 600.0], 1, 2048).axes
    circle, zero, swept, *strong = curves(clock)
    assert np.hypot(circle.x, circle.y) == pytest.approx(1, rel=1e-5)
    assert (zero, strong) == (hand(0.0, "gray"), [hand(2.0), dot(2.0)])
    assert np.unwrap(np.arctan2(swept.y, swept.x)) == pytest.approx(np.linspace(0, 2.0, 60), abs=1e-4)
    assert np.hypot(swept.x, swept.y) == pytest.approx(0.35, rel=1e-4) and swept.color == "vermillion"
    assert titles(clock)[0] == "pair 1"
    assert curves(chart) == [Curve((0, 1, 2), (6, 60, 600), "gray", "-", "", ""),
                             Curve((1,), (60,), "blue", "", "o", "blue")]  # fmt: skip


def test_the_chart_beside_the_clock_has_the_length_of_the_training():
    _, chart = plots.plot_clock(1.0, [6.0, 60.0], 1, 2048).axes
    assert rules(chart) == [Rule("y", 2048, "vermillion", "-")] and scales(chart) == ("linear", "log")
    (beyond,) = spans(chart)
    assert (beyond.y, beyond.height > 1e6, beyond.color) == (2048, True, "vermillion")
    assert ticks(chart.yaxis) == {10: "10", 1000: "1,000", 100_000: "100,000"} and limits(chart)[1] == (4, 18e6)
    assert titles(chart)[1:] == ("pair of the head", "positions in a full turn")


@pytest.mark.parametrize("base", [100, 10_000])
def test_after_a_wavelength_the_package_is_back_at_the_start(base):
    lengths = torch.tensor(wavelengths(base), dtype=torch.float64)
    for pair in (0, 5, HEAD_SIZE // 2 - 1):
        cos, sin = rope_angles(lengths[pair : pair + 1], HEAD_SIZE, float(base))
        assert float(cos[0, pair]) == pytest.approx(1.0, abs=1e-5)
        assert float(sin[0, pair]) == pytest.approx(0.0, abs=1e-4)
        half, _ = rope_angles(lengths[pair : pair + 1] / 2, HEAD_SIZE, float(base))
        assert float(half[0, pair]) == pytest.approx(-1.0, abs=1e-5), "the twin: half a turn is the other side"


@pytest.mark.parametrize(("position", "pair", "base"), [(4, 0, 10_000), (50, 8, 10_000), (50, 8, 100), (2047, 63, 500)])
def test_a_frame_shows_its_position_its_pair_and_its_base(position, pair, base):
    """Against the angles of the package itself, whose head has 128 numbers."""
    figure, _ = redrawn(draw_turn, position=position, pair=pair, base=base)
    clock, chart = figure.axes
    cos, sin = rope_angles(torch.tensor([position], dtype=torch.float64), 128, float(base))
    end = curves(clock)[-1]
    assert (*end.x, *end.y) == pytest.approx((float(cos[0, pair]), float(sin[0, pair])), abs=1e-3)
    marked, length = curves(chart)[-1], 2 * math.pi * base ** (pair / 64)
    assert marked[:2] == ((pair,), pytest.approx((length,), rel=1e-5)) and titles(clock)[0] == f"pair {pair}"
    assert len(curves(chart)[0].y) == 64 and rules(chart)[0].at == 2048


def test_the_explorer_says_what_it_shows():
    explorer = explore_rope()
    _, sentence = explorer.draw(position=2047, pair=63, base=10_000)
    assert "takes 54,410 positions" in sentence
    assert "0.0376 turns" in sentence
    sentences = {draw_turn(position=p, pair=pair, base=b)[1] for p in (1, 50) for pair in (0, 8) for b in (100, 10_000)}
    assert len(sentences) == 8


def test_about_a_third_of_the_pairs_do_not_finish_a_turn():
    def unfinished(length):
        return sum(turn > length for turn in wavelengths(10_000)) / 64
    assert explore_rope().defaults["base"] == 10_000 and "About a third" in explore_rope().predict.answers
    assert 0.3 < unfinished(2048) < 0.4 < 0.5 < unfinished(200), "the twin: a short text leaves most of them unfinished"
    turns = {pair: float(draw_turn(position=2047, pair=pair, base=10_000)[1].rsplit(" ", 1)[1][:-1])
             for pair in (0, 24, 40, 63)}  # fmt: skip
    assert turns[0] > 300 and turns[24] > 10 and 1 < turns[40] < 1.1 and turns[63] < 0.1
