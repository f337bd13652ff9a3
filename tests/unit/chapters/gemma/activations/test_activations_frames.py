"""The explorer of the page: the frame for a setting of the controls shows that setting."""

import math

import pytest
from drawing import bands, lines, redrawn, stairs

from llmbook.chapters.gemma.activations.explorer import draw_activation, explore_activation, passage

FUNCTIONS = {"relu": ("ReLU", lambda x: max(x, 0.0), lambda x: float(x > 0)),
             "sigmoid": ("sigmoid", lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2)}


@pytest.mark.parametrize("spread", [0.5, 2.0])
@pytest.mark.parametrize("activation", FUNCTIONS)
def test_an_activation_is_drawn_over_inputs_of_the_chosen_spread(activation, spread):
    figure, _ = redrawn(draw_activation, activation=activation, spread=spread)
    top, bottom = figure.axes
    name, function, slope = FUNCTIONS[activation]
    drawn = lines(top)
    for label, expected in ((name, function), ("derivative", slope)):
        pairs = [(x, y) for x, y in zip(drawn[label].x, drawn[label].y, strict=True) if x != 0]
        assert [y for _, y in pairs] == pytest.approx([expected(x) for x, _ in pairs], abs=1e-5)
    (inputs,) = bands(top)
    assert inputs.high == pytest.approx([4.5 * math.exp(-((x / spread) ** 2) / 2) for x in inputs.x], abs=1e-4)
    shares, edges, _ = stairs(bottom)[0]
    above = sum(share for share, left in zip(shares, edges, strict=False) if left >= 0.75)
    beyond = 0.75 if activation == "relu" else math.log(3)  # the input whose output is 0.75
    assert above == pytest.approx(math.erfc(beyond / spread / math.sqrt(2)) / 2, abs=2e-4)
    assert sum(shares) == pytest.approx(1, abs=1e-4)


def test_the_share_that_a_relu_shuts_out_stays_where_that_of_gelu_grows():
    assert "It stays" in explore_activation().predict.answers
    relu, gelu = ([passage(name, spread)["shut"] for spread in (0.5, 8.0)] for name in ("relu", "gelu"))
    assert relu == pytest.approx([0.5, 0.5], abs=1e-3) and gelu[0] < 0.02 and 0.3 < gelu[1] < 0.4
