"""The explorer of the page: the frame for a setting of the controls shows that setting."""

import math

import pytest
from drawing import lines, pictures, redrawn, rules

from llmbook.chapters.gemma.feedforward.explorer import draw_gate, explore_gate, gate_at


@pytest.mark.parametrize(("kind", "gate", "factor", "slope"), [
    ("GLU", 0.0, 0.5, 0.25), ("GLU", 3.0, 0.952574, 0.0451767), ("ReGLU", 2.0, 2.0, 1.0), ("ReGLU", -1.0, 0.0, 0.0)])
def test_a_gate_is_cut_where_its_control_stands(kind, gate, factor, slope):
    top, bottom = redrawn(draw_gate, kind=kind, gate=gate)[0].axes[:2]
    assert {rule.at for rule in rules(top)} == {gate} and [rule.axis for rule in rules(top)] == ["x", "x"]
    drawn = lines(bottom)
    assert {name: curve.y[-1] for name, curve in drawn.items()} == {
        "output": pytest.approx(3 * factor, abs=1e-4), "gradient to the gate": pytest.approx(3 * slope, abs=1e-4),
        "gradient to up": pytest.approx(factor, abs=1e-4)}  # fmt: skip
    (surface,) = pictures(top)
    corner = 3 / (1 + math.exp(-4)) if kind == "GLU" else 12
    assert surface.rows[0][-1] == pytest.approx(corner, rel=1e-4) and surface.extent == (-4, 4, -3, 3)


def test_half_of_the_up_half_reaches_a_gelu_gate_at_zero_and_a_quarter_a_sigmoid_gate():
    assert {"None", "Half the up half", "A quarter of it"} == set(explore_gate().predict.answers)
    assert gate_at("GeGLU", 0.0) == pytest.approx((0, 0.5))
    assert gate_at("GLU", 0.0) == pytest.approx((0.5, 0.25))
    assert abs(gate_at("GeGLU", -3.0)[1]) < 0.02
