"""The figures and the explorer of the page "AdamW and the learning-rate schedule"."""

import math

import numpy as np
import pytest
from drawing import bands, curves, legend, limits, lines, pointers, redrawn, rules, scales, ticks, titles, words
from drawn import DASHED, DOTTED, Band, Curve, Key, Rule, color, same_dash

from llmbook.chapters.olmo.schedule import plots
from llmbook.plots.style import DASHES, text_color
from llmbook.training.schedule import SHAPES, Schedule

OLMO = Schedule(3e-4, 476_837, 5000, 3e-5)


def test_sampled_area_is_the_area():
    for shape in SHAPES:
        schedule = Schedule(1.0, 3000, 200, 0.1, shape)
        steps, rates = plots.sample(schedule)
        assert np.trapezoid(rates, steps) == pytest.approx(schedule.area(), rel=2e-3)
        assert (steps[0], steps[-1]) == (1, 3000)
        assert rates.max() == 1.0


@pytest.mark.parametrize(("number", "text"), [(2e12, "2 T"), (20_971_520_000, "21 B"), (4_194_304, "4.19 M"),
                                              (2500, "2.5 k"), (7, "7")])
def test_short_counts(number, text):
    assert plots.short_count(number) == text


def test_shapes_differ_without_color():
    assert len({str(plots.shape_style(shape)["linestyle"]) for shape in SHAPES}) == len(SHAPES)


PATHS = {"x": np.array([[4.0, 1.0], [2.0, -1.0], [0.0, 0.5]]), "y": np.array([[3.0, 0.0], [1.0, 2.0]]),
         "z": np.array([[-9.0, 7.0], [0.5, 0.25]])}  # fmt: skip


def test_every_path_goes_down_its_own_valley():
    figure = redrawn(plots.plot_paths, lambda a, b: (a - 2) ** 2 + 25 * b**2, PATHS, limits=(-2, 5, -1, 2))
    for ax, (title, path) in zip(figure.axes, PATHS.items(), strict=False):
        way, goal = curves(ax)
        assert way[:5] == (tuple(path[:, 0]), tuple(path[:, 1]), "blue", "-", ".")
        assert goal[:5] == ((0,), (0,), "vermillion", "", "*")
        assert (titles(ax)[0], limits(ax)) == (title, ((-2, 5), (-1, 2)))
    assert [titles(ax)[1:] for ax in figure.axes[:3]] == [("", "b"), ("a", ""), ("a", "b")]


def test_the_valley_is_the_loss():
    """Around a valley at a = 2, five times as steep in b, each ring is five times as wide as high."""
    figure = plots.plot_paths(lambda a, b: (a - 2) ** 2 + 25 * b**2, {"x": PATHS["x"]}, limits=(-2, 5, -1, 2))
    (rings,) = (each for each in figure.axes[0].collections if hasattr(each, "levels"))
    assert len(rings.levels) >= 7 and np.diff(rings.levels) == pytest.approx(np.diff(rings.levels)[0])
    assert {color(each) for each in rings.get_edgecolor()} == {"gray"}
    for level, path in zip(rings.levels, rings.get_paths(), strict=True):
        a, b = path.vertices.T
        assert np.hypot(a - 2, 5 * b) == pytest.approx(level, abs=0.01) or len(a) == 0


def test_weights_shrink_in_the_panel_of_their_decay():
    weights = {"L2": {"a": [1.0, 0.5], "b": [1.0, 0.9]}, "decoupled": {"a": [1.0, 0.25], "b": [0.75, 0.5]}}
    figure = redrawn(plots.plot_decay, weights)
    for ax, (title, of) in zip(figure.axes, weights.items(), strict=True):
        assert lines(ax) == {"a": Curve((0, 1), tuple(of["a"]), "blue", "-", "", ""),
                             "b": Curve((0, 1), tuple(of["b"]), "vermillion", DASHED, "", "")}  # fmt: skip
        assert titles(ax) == (title, "step", "weight" if title == "L2" else "") and limits(ax)[1] == (0, 1.05)
    assert legend(figure) == {"a": Key("blue", "-"), "b": Key("vermillion", DASHED)}


def test_what_eps_leaves_of_a_step():
    marks = {"here": 1e-5, "there": 4e-5, "far": 6e-5}
    ax = redrawn(plots.plot_eps, [1e-6, 1e-5, 1e-4], {"1e-5": [0.1, 0.5, 0.9], "1e-8": [0.8, 0.95, 1.0]}, marks).axes[0]
    assert lines(ax) == {"1e-5": Curve((1e-6, 1e-5, 1e-4), (0.1, 0.5, 0.9), "vermillion", "-", "", ""),
                         "1e-8": Curve((1e-6, 1e-5, 1e-4), (0.8, 0.95, 1.0), "blue", DASHED, "", "")}  # fmt: skip
    assert rules(ax) == [Rule("x", at, "ink", DOTTED) for at in marks.values()]
    assert [word[:4] for word in words(ax)] == [("here", 1e-5, 0.2, (5, 0)), ("there", 4e-5, 0.75, (-5, 0)),
                                                ("far", 6e-5, 0.2, (5, 0))]  # fmt: skip
    assert [text.get_ha() for text in ax.texts] == ["left", "right", "left"], "away from the line before"
    assert legend(ax) == {"1e-5": Key("vermillion", "-"), "1e-8": Key("blue", DASHED)}
    assert scales(ax) == ("log", "linear")
    assert titles(ax)[1:] == ("root mean square of the gradient", "share of the step that is left")


RUN = {"up": (0, 5, 0.1, 1.0), "down": (5, 90, 1.0, 0.2), "anneal": (90, 100, 0.2, 0.0)}


def test_a_run_is_drawn_from_phase_to_phase():
    figure = redrawn(plots.plot_run, RUN, marks={"epoch": 60, "end": 95}, zoom=(50, 100), ymax=0.3)
    looks = (("blue", "-"), ("vermillion", DASHED), ("green", DOTTED))
    for ax, reach in zip(figure.axes, ((0, 100), (50, 100)), strict=True):
        assert lines(ax) == {name: Curve((first, last), (before, after), *look, "", "") for look, (
            name, (first, last, before, after)) in zip(looks, RUN.items(), strict=True)}  # fmt: skip
        assert rules(ax) == [Rule("x", at, "gray", (0, (4, 2))) for at in (60, 95)]
        assert limits(ax)[0] == reach
        assert [(word.text, word.x, word.y) for word in words(ax)] == [("epoch", 60, 0.96), ("end", 95, 0.96)]
    sides = [[(text.get_ha(), text.xyann[0]) for text in ax.texts] for ax in figure.axes]
    assert sides == [[("right", -4), ("right", -4)], [("left", 4), ("right", -4)]], "where there is room"
    assert limits(figure.axes[1])[1] == (0, 0.3) and limits(figure.axes[0])[1][0] == 0
    assert [titles(ax)[1:] for ax in figure.axes] == [("", "learning rate"), ("step", "learning rate")]
    assert legend(figure) == {name: Key(*look) for name, look in zip(RUN, looks, strict=True)}


def round_clip(gradient):
    """Not longer than 2."""
    return np.asarray(gradient) * min(1, 2 / math.hypot(*gradient))


RULES = {"by value": lambda gradient: np.clip(gradient, -2, 2), "by norm": round_clip}
GRADIENTS = {"long": [6.0, 8.0], "short": [1.0, -0.5], "flat": [5.0, 0.5]}
CLIPPED = {"by value": [(2, 2), (1, -0.5), (2, 0.5)], "by norm": [(1.2, 1.6), (1, -0.5), (1.99007, 0.199007)]}


def test_each_rule_cuts_the_same_gradients():
    figure = redrawn(plots.plot_clipping, GRADIENTS, RULES, limit=2.0)
    looks = ("blue", "vermillion", "green")
    for ax, title in zip(figure.axes, RULES, strict=True):
        arrows = pointers(ax)
        assert all(arrow.start == (0, 0) and arrow.head for arrow in arrows)
        assert [arrow.color for arrow in arrows] == [each for each in looks for _ in range(2)]
        assert [arrow.end for arrow in arrows[0::2]] == [(6, 8), (1, -0.5), (5, 0.5)]
        assert [arrow.end for arrow in arrows[1::2]] == CLIPPED[title]
        assert all(arrow.dash != "-" for arrow in arrows[0::2]) and all(arrow.dash == "-" for arrow in arrows[1::2])
        named = [word for word in words(ax) if word.text]
        assert named == [(name, *at, (3, 3), color(text_color(look))) for look, (name, at) in
                         zip(looks, GRADIENTS.items(), strict=True)]  # fmt: skip
        assert titles(ax) == (title, "first", "second" if title == "by value" else "")
        assert limits(ax) == ((-4.68, 10.4), (-4.68, 10.4)) and ax.get_aspect() == 1.0


def test_the_edge_is_where_a_rule_ends():
    square, circle = (curves(ax)[0] for ax in plots.plot_clipping(GRADIENTS, RULES, limit=2.0).axes)
    assert np.hypot(circle.x, circle.y) == pytest.approx(2, rel=1e-5) and circle[2:5] == ("gray", "-", "")
    assert np.maximum(np.abs(square.x), np.abs(square.y)) == pytest.approx(2, rel=1e-5)
    assert min(square.x) == min(square.y) == -2, "all the way round"
    (ax,) = plots.plot_clipping({"tiny": [0.1, 0.2]}, {"r": round_clip}, limit=2.0).axes
    assert limits(ax) == ((-1.17, 2.6), (-1.17, 2.6)), "the edge is always inside"


def test_norms_are_filled_where_the_first_limit_cuts_them():
    ax = redrawn(plots.plot_gradient_norms, [3.0, 1.0, 0.5, 7.0],
                 {"1": [2.0, 1.0, 1.0, 6.0], "10": [10.0, 9.0, 0.1, 8.0]}).axes[0]  # fmt: skip
    assert lines(ax) == {"1": Curve((0, 1, 2, 3), (2, 1, 1, 6), "vermillion", "-", "", ""),
                         "10": Curve((0, 1, 2, 3), (10, 9, 0.1, 8), "blue", DASHED, "", ""),
                         "cut by the first limit": Curve((0, 3), (3, 7), "ink", "", "o", "ink"),
                         "not cut": Curve((1, 2), (1, 0.5), "ink", "", "o", "none")}  # fmt: skip
    assert scales(ax) == ("linear", "log") and titles(ax)[1:] == ("step", "norm of the gradient")
    assert list(legend(ax)) == ["1", "10", "cut by the first limit", "not cut"]


# --- schedules -----------------------------------------------------------------------------------------------------


def drawn_rate(curve, step):
    """What a drawn line says about a step."""
    return float(np.interp(step, curve.x, curve.y))


@pytest.mark.parametrize("step", [2500, 5000, 100_000, 476_837])
def test_schedules_show_the_rate_of_every_step(step):
    schedules = {shape: Schedule(3e-4, 476_837, 5000, 3e-5, shape) for shape in SHAPES}
    drawn = lines(plots.plot_schedules(schedules, tokens_per_step=4e6).axes[0])
    warm = 3e-4 * min(1, step / 5000)
    share = max(0, (step - 5000) / (476_837 - 5000))
    expected = {"linear": warm - share * (3e-4 - 3e-5), "constant": warm,
                "cosine": warm - (1 - math.cos(math.pi * share)) / 2 * (3e-4 - 3e-5)}  # fmt: skip
    for shape, rate in expected.items():
        assert drawn_rate(drawn[shape], step) == pytest.approx(rate, rel=2e-3), shape
    looks = dict(zip(SHAPES, zip(("blue", "vermillion", "green", "purple"), map(same_dash, DASHES), strict=False),
                     strict=True))  # fmt: skip
    assert {shape: curve[2:4] for shape, curve in drawn.items()} == looks


def test_one_schedule_is_highlighted_and_has_its_area_filled():
    shapes = {"a": OLMO, "b": Schedule(6e-4, 476_837, 5000, shape="cosine")}
    figure = redrawn(plots.plot_schedules, shapes, tokens_per_step=4e6, highlight="b", ymax=7e-4)
    (ax,) = figure.axes
    line = lines(ax)["b"]
    assert bands(ax) == [Band(line.x, (0,) * len(line.x), line.y, "vermillion")] and max(line.y) == 6e-4
    assert bands(plots.plot_schedules(shapes, tokens_per_step=4e6).axes[0]) == []
    faint, strong = ax.lines
    assert strong.get_linewidth() > 1.5 * faint.get_linewidth()
    assert limits(ax) == ((0, 476_837), (0, 7e-4)) and titles(ax)[1:] == ("step", "learning rate")
    assert legend(figure) == {"a": Key("blue", "-"), "b": Key("vermillion", DASHED)}


def test_the_second_axis_counts_tokens_and_a_zoom_ends_both():
    (ax,) = redrawn(plots.plot_schedules, {"a": OLMO}, tokens_per_step=2048 * 2048, zoom=10_000).axes
    (top,) = ax.child_axes
    assert limits(ax)[0] == (0, 10_000) and top.get_xlim() == pytest.approx((0, 10_000 * 2048 * 2048))
    there, back = top._functions
    assert (there(3), back(there(3))) == (3 * 2048 * 2048, 3), "there and back"
    assert lines(ax)["a"].x[-1] <= 10_000 and lines(ax)["a"].x[0] == 1
    assert top.get_xlabel() == "tokens" and ticks(top.xaxis)[2e10] == "20 B" and ticks(ax.xaxis)[4000] == "4,000"
