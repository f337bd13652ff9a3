"""Explorers of the Gemma pages: the frame for a setting of the controls shows that setting."""

import math

import numpy as np
import pytest
import torch
from drawing import bands, bars, curves, limits, lines, pictures, redrawn, rules, stairs, ticks, titles, words
from drawn import numbers

from llmbook.chapters.gemma.activations.explorer import draw_activation
from llmbook.chapters.gemma.assembled.explorer import sampling_frames
from llmbook.chapters.gemma.counting.explorer import AS_PUBLISHED, SHARED, SWITCHED, draw_config
from llmbook.chapters.gemma.embedding.explorer import draw_budget
from llmbook.chapters.gemma.feedforward.explorer import draw_gate
from llmbook.chapters.gemma.norms.experiment import Start
from llmbook.chapters.gemma.norms.explorer import LIMITS, explore_norm_places

# --- activations ---------------------------------------------------------------------------------------------------

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


# --- sampling ------------------------------------------------------------------------------------------------------

OWN = torch.tensor([0.05, 0.4, 0.15, 0.3, 0.06, 0.04])  # in order: b, d, c
AFTER = [
    ({"temperature": 1.0, "top_k": None, "top_p": 1.0}, [0.4, 0.3, 0.15, 0.15]),
    ({"temperature": 1.0, "top_k": 2, "top_p": 1.0}, [4 / 7, 3 / 7, 0, 0]),
    ({"temperature": 0.5, "top_k": None, "top_p": 1.0}, np.array([0.16, 0.09, 0.0225, 0.0077]) / 0.2802),
    ({"temperature": 1.0, "top_k": None, "top_p": 0.8}, [0.4 / 0.85, 0.3 / 0.85, 0.15 / 0.85, 0]),
]


@pytest.mark.parametrize(("settings", "after"), AFTER)
def test_bars_are_what_is_drawn_from_at_the_chosen_settings(settings, after):
    draw = sampling_frames(OWN.log(), "abcdef", prompt="we", shown=3)
    figure, _ = redrawn(draw, **settings)
    (ax,) = figure.axes
    drawn, outlines = bars(ax)[:4], bars(ax)[4:]
    assert [bar.width for bar in drawn] == pytest.approx(after, abs=1e-5)
    assert [bar.width for bar in outlines] == pytest.approx([0.4, 0.3, 0.15, 0.15], abs=1e-5)
    assert ticks(ax.yaxis) == {0: "b", 1: "d", 2: "c", 3: "3 others"}
    assert [word.text == "cut" for word in words(ax)] == [share == 0 for share in after]


# --- counting ------------------------------------------------------------------------------------------------------

SEVEN = {"model": "Llama 2 7B", "tying": AS_PUBLISHED, "vocabulary": AS_PUBLISHED, "kv_heads": AS_PUBLISHED,
         "context": 2048}  # fmt: skip


@pytest.mark.parametrize(("changes", "parameters", "cache"), [
    ({}, 6738.1, 1.0), ({"tying": SWITCHED}, 6607.1, 1.0), ({"vocabulary": 64_000}, 7000.3, 1.0),
    ({"kv_heads": SHARED}, 5933.1, 0.25), ({"context": 8192}, 6738.1, 4.0)])  # fmt: skip
def test_a_frame_counts_the_model_of_its_controls(changes, parameters, cache):
    """By hand, for 32 layers, width 4096 and 32 heads: 2 x 4096 x 3072 fewer in each layer with 8 key-value heads."""
    upper, lower = redrawn(draw_config, **SEVEN | changes)[0].axes
    changed = [bar for bar in bars(upper) if bar.y > 0.5]
    assert 1000 * sum(bar.width for bar in changed) == pytest.approx(parameters, abs=1)
    assert [bar.width for bar in bars(lower)][3] == pytest.approx(cache)
    assert [bar.width for bar in bars(lower)][2] == pytest.approx(2e6 * parameters / 2**30, rel=1e-3)


# --- the scaled embedding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settings", "sizes"), [
    ((1024, "fan_in", "none", "float32"), (1 / 32, 1 / 32, 1)), ((1024, "fan_in", "sqrt", "float32"), (1 / 32, 1, 1)),
    ((1024, "gpt2", "sqrt", "float32"), (0.02, 0.64, 0.64)), ((4096, "gpt2", "none", "float32"), (0.02, 0.02, 1.28)),
    ((3072, "normal", "sqrt", "bfloat16"), (1, 55.5, 55.4256)),
    ((3072, "normal", "sqrt", "float32"), (1, 55.4256, 55.4256)),
])  # fmt: skip
def test_three_sizes_stand_where_the_settings_put_them(settings, sizes):
    figure, _ = redrawn(draw_budget, *settings)
    points = [curve.x[0] for curve in curves(figure.axes[0]) if len(curve.x) == 1]
    assert points == pytest.approx(sizes, rel=1e-4)
    assert titles(figure.axes[0])[0].startswith(f"width {settings[0]}, {settings[3]}, factor ")


# --- gates ---------------------------------------------------------------------------------------------------------


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


# --- places of the norm --------------------------------------------------------------------------------------------


def measured(place, layers, *, start):
    """Not measured: two seeds with gradients that name the setting."""
    base = {"pre": 1.0, "post": 2.0, "both": 4.0}[place] * (10 if start == "weak" else 1)
    return [Start([], [], [base * (block + seed) for block in range(1, layers + 1)]) for seed in (0, 1)]


@pytest.mark.parametrize(("layers", "place", "start"), [(2, "post", "full"), (4, "pre", "full"), (4, "both", "weak")])
def test_gradients_are_those_of_the_chosen_depth_place_and_start(layers, place, start):
    (ax,) = redrawn(explore_norm_places(measured).draw, layers=layers, place=place, start=start)[0].axes
    names = {"pre": "pre-norm", "post": "post-norm", "both": "both"}
    for each, name in names.items():
        values = np.array([seed.gradient for seed in measured(each, layers, start=start)])
        assert lines(ax)[name][:2] == (tuple(range(1, layers + 1)), numbers(values.mean(0)))
    strong = [line.get_label() for line in ax.lines if line.get_alpha() in (None, 1, 1.0)]
    assert strong == [names[place]] and limits(ax)[1] == LIMITS
