"""The figures and the explorer of the page "Feed-forward layers": they draw what the layer computes."""

import numpy as np
import pytest
import torch
from diagrams import faults, links, parts, signs
from drawing import Curve, Key, Rule, arrows, legend, limits, lines, pictures, redrawn, rules, scales, titles, words
from drawn import DASHED, DOTTED
from matplotlib.contour import ContourSet

from llmbook.chapters.gemma.feedforward.explorer import GATED, draw_gate, explore_gate, gate_at
from llmbook.chapters.gemma.feedforward.plots import GATE_FUNCTIONS, draw_glu, plot_gate, plot_growth, plot_loss_panels
from llmbook.layers.activation import ACTIVATIONS
from llmbook.plots.style import to_svg

GATES, UPS = np.array([-1.0, 0.5, 2.0]), np.array([-4.0, 0.0, 1.0, 3.0])


def test_growth_is_drawn_on_logarithmic_axes_with_its_slope_in_the_legend():
    sizes = {"GELU": np.array([0.1, 2.0, 5.0]), "GeGLU": np.array([0.01, 3.0, 25.0])}
    ax = redrawn(plot_growth, np.array([0.1, 1.0, 4.0]), sizes, {"GELU": 1.004, "GeGLU": 1.996}).axes[0]
    assert lines(ax) == {"GELU: slope 1.00": Curve((0.1, 1, 4), (0.1, 2, 5), "blue", "-", "", ""),
                         "GeGLU: slope 2.00": Curve((0.1, 1, 4), (0.01, 3, 25), "vermillion", DASHED, "", "")}
    assert legend(ax) == {"GELU: slope 1.00": Key("blue", "-"), "GeGLU: slope 2.00": Key("vermillion", DASHED)}
    assert scales(ax) == ("log", "log") and titles(ax) == ("", "factor of the input", "size of the output")
    assert ax.get_legend().get_title().get_text() == "near zero"


def gate_figure():
    return redrawn(plot_gate, GATES, UPS, np.outer(UPS, GATES), gate=0.5, factor=0.25, slope=2.0, name="GLU")


def test_the_surface_has_the_gate_to_the_right_and_the_other_branch_upward():
    top, _ = gate_figure().axes
    (picture,) = pictures(top)
    assert picture.rows == ((-3, 1.5, 6), (-1, 0.5, 2), (0, 0, 0), (4, -2, -8)), "the largest up stands above"
    assert picture.extent == (-1, 2, -4, 3) and picture.limits == (-8, 8)
    assert rules(top) == [Rule("x", 0.5, "white", "-"), Rule("x", 0.5, "vermillion", "-")]
    assert titles(top) == ("GLU: output over gate and up", "gate, before its activation", "up")


def test_a_line_of_the_surface_goes_through_its_value():
    top, _ = gate_figure().axes
    (lines_of,) = [each for each in top.collections if isinstance(each, ContourSet)]
    points = {level: path.vertices for level, path in zip(lines_of.levels, lines_of.get_paths(), strict=True)}
    assert list(points) == [-6, -4, -2, -1, -0.5, 0, 0.5, 1, 2, 4, 6]
    for level, found in points.items():
        assert np.isclose(found[:, 0] * found[:, 1], level).any() if len(found) else abs(level) > 4
    every = np.concatenate(list(points.values()))
    assert every.min(axis=0) == pytest.approx((-1, -4)) and every.max(axis=0) == pytest.approx((2, 3))


def test_along_the_line_are_the_output_and_its_two_gradients():
    _, bottom = gate_figure().axes
    ups = (-4, 0, 1, 3)
    assert lines(bottom) == {"output": Curve(ups, (-1, 0, 0.25, 0.75), "blue", "-", "", ""),
                             "gradient to the gate": Curve(ups, (-8, 0, 2, 6), "vermillion", DASHED, "", ""),
                             "gradient to up": Curve(ups, (0.25,) * 4, "green", DOTTED, "", "")}
    assert list(legend(bottom)) == ["output", "gradient to the gate", "gradient to up"]
    assert titles(bottom) == ("Along the line, gate = 0.5", "up", "") and limits(bottom)[1] == (-5, 5)


def test_gates_pass_what_the_layer_computes():
    for kind, name in GATED.items():
        gate = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
        (3.0 * ACTIVATIONS[name](gate)).backward()
        factor, slope = gate_at(kind, 0.7)
        assert (3 * slope) == pytest.approx(gate.grad.item())
        assert factor == pytest.approx(ACTIVATIONS[name](gate).item())
    assert gate_at("GLU", 0.0) == pytest.approx((0.5, 0.25))
    assert gate_at("GeGLU", 0.0) == pytest.approx((0.0, 0.5))


def test_frames_and_sentences_of_gates_change_with_every_control():
    sentences = {draw_gate(kind=kind, gate=gate)[1] for kind in ("GLU", "GeGLU") for gate in (-1.0, 1.0)}
    assert len(sentences) == 4
    svg = to_svg(draw_gate(kind="GLU", gate=1.0)[0])
    assert svg != to_svg(draw_gate(kind="GeGLU", gate=1.0)[0]) and svg != to_svg(draw_gate(kind="GLU", gate=3.0)[0])


def test_the_explorer_of_gates_has_a_modest_grid():
    assert np.prod([len(control.drawn) for control in explore_gate().controls.values()]) <= 25


@pytest.mark.parametrize(("kind", "bend"), [("GeGLU", "GELU"), ("SwiGLU", "SiLU"), ("ReGLU", "ReLU"),
                                            ("GLU", "sigmoid"), ("bilinear", "identity")])
def test_a_gated_layer_has_three_matrices_and_a_product(kind, bend):
    ax = redrawn(draw_glu, kind).axes[0]
    plain, gated = ([(name, each) for name, each in parts(ax) if (each.x < 2) == left] for left in (True, False))
    matrix = "vermillion"
    assert [name for name, _ in plain] == [("up", matrix), ("GELU" if kind == "bilinear" else bend, "purple"),
                                           ("down", matrix)]
    assert [name for name, _ in gated] == [("gate", matrix), ("up", matrix), (bend, "purple"), ("down", matrix)]
    (gate, up, activation, down) = (each for _, each in gated)
    assert gate.x == activation.x < down.x < up.x and gate.y == up.y
    ((sign, x, y),) = signs(ax)
    assert sign == "x" and x == down.x and activation.y < y < down.y
    drawn, bent = links(ax), plain[1][0][0]
    assert drawn[:4] == [("wire", "up"), ("up", bent), (bent, "down"), ("down", "wire")]
    assert drawn[4:] == [("wire", "gate"), ("wire", "up"), ("gate", bend), (bend, "x"), ("up", "x"), ("x", "down"),
                         ("down", "wire")]
    entrances = [wire.start for wire in arrows(ax) if wire.start[1] < 0.9]
    assert entrances == [(plain[0][1].x, 0.3), (down.x, 0.3), (down.x, 0.3)]
    shown = {word.text: (word.x, word.y) for word in words(ax)}
    assert shown["plain"][0] == plain[0][1].x and shown[f"gated: {kind}"][0] == down.x
    assert [word.x for word in words(ax) if word.text == "x"] == [plain[0][1].x, down.x]
    assert y > shown["value by value"][1] > activation.y


@pytest.mark.parametrize("kind", GATE_FUNCTIONS)
def test_no_words_about_gates_overlap_or_leave_their_box(kind):
    assert faults(draw_glu(kind)) == []


def test_an_unknown_gate_is_refused():
    with pytest.raises(ValueError, match="Gated"):
        draw_glu("Gated")


LOSSES = {"a": {"x": np.array([[9.0, 6.0, 3.0, 3.0], [11.0, 8.0, 5.0, 1.0]])},
          "b": {"y": np.array([[1.0, 2.0, 3.0, 7.0], [1.0, 2.0, 3.0, 7.0]])}}


def test_panels_of_losses_have_their_own_group_and_share_the_axes():
    figure = redrawn(plot_loss_panels, LOSSES, floor=0.1, ylim=(0, 30), window=2)
    first, second = figure.axes
    assert (lines(first)["x"].y, lines(second)["y"].y) == ((8.5, 5.5, 3), (1.5, 2.5, 5))
    assert (titles(first)[:2], titles(second)[:2]) == (("a", ""), ("b", "step"))
    assert limits(first) == limits(second) and limits(first)[1] == (0, 30)
    assert first.get_position().y0 > second.get_position().y1 and len(rules(first)) == len(rules(second)) == 1
    assert figure.get_size_inches().tolist() == [6.4, 6.2]
