"""Checks for the page on gated feed-forward layers: matched width, GeGLU, fused matrices, gradients of the halves."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.exercises.by_hand import without_autograd
from llmbook.exercises.compare import draw, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.activation import gelu, gelu_tanh, gelu_tanh_derivative


def expect_matched(f, plain: int, multiple: int) -> None:
    """Compare with two thirds, rounded up to a multiple."""
    share = 2 * plain / 3
    up = math.ceil(share / multiple) * multiple
    mistakes = [
        (plain // 2, "that is one half: three matrices of width F equal two of width 4 D when F is two thirds"),
        (plain * 3 // 2, "that is three halves: the gated layer has more matrices, so each must be narrower"),
        (math.ceil(int(share) / multiple) * multiple, "the fraction is cut off before rounding up: what is just above a"
         " multiple needs the next one"),
        (math.ceil(round(share) / multiple) * multiple, "two thirds is rounded to a whole number first: round up"
         " once, to a multiple"),
        (math.floor(share / multiple) * multiple, "that is rounded down, or to the nearest multiple: round up"),
        (round(share), f"that is not a multiple of {multiple}: round up to the next one"),
        (share, f"that is not a multiple of {multiple}: round up to the next one"),
        (up + multiple, "that is one multiple too many: a number that is a multiple already stays as it is"),
        (2 * (math.ceil(plain / multiple) * multiple) // 3, "that is rounded too early: first two thirds, then round"),
        (math.ceil(2 * plain / 3 / 256) * 256, "that rounds to a multiple of 256, whatever `multiple` says"),
        (2 ** math.ceil(math.log2(share)), "that is a power of two: any multiple will do"),
    ]  # fmt: skip
    expect_number(f(plain, multiple), up, mistakes)


@exercise("gemma-ex-matched-width")
def width_of_llama(f):
    """Llama 2 7B and 13B: 11,008 and 13,824"""
    expect_matched(f, 4 * 4096, 256)
    expect_matched(f, 4 * 5120, 256)


@exercise("gemma-ex-matched-width")
def width_that_fits(f):
    """Two thirds is a multiple already"""
    expect_matched(f, 3072, 256)
    expect_matched(f, 12, 4)


@exercise("gemma-ex-matched-width")
def width_just_above(f):
    """Two thirds is a fraction above a multiple"""
    expect_matched(f, 13, 4)
    expect_matched(f, 25, 8)
    expect_matched(f, 14, 3)


def expect_geglu(f, x: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> None:
    """Compare with GeGLU, knowing the usual ways to miss it."""
    g, u = x @ gate.T, x @ up.T
    mistakes = [
        (g * gelu_tanh(u), "the activation is on the wrong half: it acts on the gate, and up stays linear"),
        (gelu_tanh(g) * gelu_tanh(u), "the activation is on both halves: it acts on the gate only"),
        (gelu(g) * u, "that is the exact GELU; Gemma uses the tanh form, gelu_tanh"),
        (F.silu(g) * u, "that is SwiGLU, with SiLU on the gate; GeGLU has GELU"),
        (torch.sigmoid(g) * u, "that is the first GLU, with a sigmoid on the gate; GeGLU has GELU"),
        (g * u, "that is the bilinear layer: the gate has no activation"),
        (gelu_tanh(g) + u, "the halves are added: the gate multiplies"),
        (gelu_tanh(g), "that is the plain layer: the up half is missing"),
        (gelu_tanh(g * u), "the activation is on the product: it acts on the gate, before up comes in"),
        (g.relu() * u, "that is ReGLU, with ReLU on the gate; GeGLU has GELU"),
    ]
    out = [(hidden @ down.T, hint) for hidden, hint in mistakes]
    right = (gelu_tanh(g) * u) @ down.T
    out += [(x + right, "x is added: the residual connection is not part of the layer")]
    expect_tensor(f(x, gate, up, down), right, out)


@exercise("gemma-ex-geglu")
def geglu_of_one_vector(f):
    """One vector of width 2, three numbers inside"""
    expect_geglu(f, torch.tensor([1.0, -2.0]), draw(0, 3, 2), draw(1, 3, 2), draw(2, 2, 3))


@exercise("gemma-ex-geglu")
def geglu_of_a_batch(f):
    """A batch (2, 5, 8), width 12 inside"""
    expect_geglu(f, 1.5 * draw(3, 2, 5, 8), draw(4, 12, 8), draw(5, 12, 8), draw(6, 8, 12))


def expect_halves(f, fused: Tensor) -> None:
    """Compare with gate = second half, up = first half."""
    gate, up = expect_items(f(fused), 2, "gate and up")
    first, second = fused.chunk(2)
    order = [(first, "gate and up are exchanged: in OLMo's own layout the first half is up, the second is the gate")]
    stripes = [(fused[start::2], "those are every second row: the halves lie one after the other") for start in (0, 1)]
    columns = [(half, "that is cut along the columns: the outputs of a linear map are the rows of its matrix")
               for half in fused.chunk(2, dim=1)]  # fmt: skip
    flipped = [(half.flip(0), "the rows go from the last to the first: keep their order") for half in (first, second)]
    expect_tensor(gate, second, order + stripes + columns + flipped, name="gate")
    again = (second, "that is gate again: up is the first half")
    expect_tensor(up, first, [again, *flipped], name="up")


@exercise("gemma-ex-unfuse")
def halves_of_six_rows(f):
    """A fused matrix (6, 2)"""
    expect_halves(f, torch.arange(12.0).reshape(6, 2))


@exercise("gemma-ex-unfuse")
def halves_of_sixteen_rows(f):
    """A fused matrix (16, 4)"""
    expect_halves(f, draw(7, 16, 4))


def halves_of(f, seed: int):
    """Numbers for gate, up and upstream, and the two gradients that a function gives for them without autograd."""
    given = draw(seed, 4, 6), draw(seed + 1, 4, 6), draw(seed + 2, 4, 6)
    return *given, *expect_items(without_autograd(f)(*given), 2, "the gradients of gate and up")


@exercise("gemma-ex-gate-gradient")
def gradient_of_up(f):
    """The gradient of the up half"""
    g, u, upstream, _, got = halves_of(f, 9)
    mistakes = [
        (upstream * gelu_tanh_derivative(g), "up enters linearly, so its factor is GELU(gate), not the slope"),
        (gelu_tanh(g), "the gradient from above is missing: multiply by upstream"),
        (upstream * u * gelu_tanh_derivative(g), "the two gradients are exchanged: gate first, then up"),
        (-upstream * gelu_tanh(g), "the sign is wrong: a gradient goes on without a minus"),
        (upstream * gelu_tanh(u), "that is GELU of up: the other half, gate, scales the gradient"),
        (upstream * u * gelu_tanh(g), "that has up in it: hidden is linear in up, so up itself falls out"),
        (upstream * gelu(g), "that is the exact GELU; Gemma uses the tanh form, gelu_tanh"),
    ]
    expect_tensor(got, upstream * gelu_tanh(g), mistakes, name="the gradient of up")


@exercise("gemma-ex-gate-gradient", points=2)
def gradient_of_gate(f):
    """The gradient of the gate half"""
    g, u, upstream, got, _ = halves_of(f, 12)
    slope = gelu_tanh_derivative(g)
    mistakes = [
        (upstream * slope, "the other half is missing: gate reaches the output multiplied by up"),
        (upstream * u * gelu_tanh(g), "that takes GELU where its slope belongs"),
        (upstream * u, "the slope of GELU is missing: that is the gradient of the bilinear layer"),
        (u * slope, "the gradient from above is missing: multiply by upstream"),
        (upstream * gelu_tanh(g), "the two gradients are exchanged: gate first, then up"),
        (upstream * u * gelu_tanh_derivative(u), "the slope is taken at up: it is that of the gate's GELU, at gate"),
    ]
    expect_tensor(got, upstream * u * slope, mistakes, name="the gradient of gate")
