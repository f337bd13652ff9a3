"""Checks for the page on norms: the unit offset, weight decay, the place of the norm."""

import math

import torch
from torch import Tensor

from llmbook.exercises.compare import draw, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.norm import layer_norm, rms_norm

EPS = 1e-6
ROWS = torch.tensor([1.0, 10.0, 1e-3])[:, None] * draw(0, 3, 8)  # the last row is so small that eps counts


def expect_norm(f, x: Tensor, weight: Tensor) -> None:
    """Compare in float32 with the wrong gains and the wrong roots."""
    plain = rms_norm(x, eps=EPS)
    squares = x.square()
    mean = squares.mean(-1, keepdim=True)
    gains = [
        (plain * weight, "your gain is w, but a fresh Gemma norm has w = 0, so that gives zeros: the gain is 1 + w"),
        (plain * (2 + weight), "your gain is 2 + w, twice too large when w = 0: a fresh Gemma norm has gain 1 + w = 1"),
        (plain, "the weight has no effect: multiply by 1 + w"),
        (plain + weight, "w is added to the result: it belongs into the gain, 1 + w"),
    ]
    normed = [
        (layer_norm(x, eps=EPS), "that subtracts the mean, as LayerNorm does: RMSNorm only divides"),
        (x / (mean.sqrt() + EPS), "eps is added to the root: it belongs under the root, to the mean square"),
        (x / mean.sqrt(), "eps is missing: small vectors are blown up without it"),
        (x / (squares.sum(-1, keepdim=True) + EPS).sqrt(), "that divides by the length: take the mean of the squares"),
        (x / (mean + EPS), "the root is missing: divide by the square root of the mean square"),
        (x / (squares.mean() + EPS).sqrt(), "that is one mean over all: each vector has its own, over the last axis"),
    ]  # fmt: skip
    mistakes = gains + [(value * (1 + weight), hint) for value, hint in normed]
    expect_tensor(f(x, weight, EPS), plain * (1 + weight), mistakes)


@exercise("gemma-ex-unit-offset")
def fresh_norm(f):
    """A fresh norm, w = 0: gain one"""
    expect_norm(f, ROWS, torch.zeros(8))


@exercise("gemma-ex-unit-offset")
def trained_norm(f):
    """A trained norm, in float32"""
    expect_norm(f, ROWS, 0.5 * draw(1, 8))


@exercise("gemma-ex-unit-offset")
def bfloat16_norm(f):
    """A trained norm in bfloat16, bit by bit"""
    x, weight = draw(2, 64, 32).bfloat16(), (0.1 * draw(3, 32)).bfloat16()
    wide, normed = rms_norm(x.float(), eps=EPS), rms_norm(x, eps=EPS)
    early = "you cast to bfloat16 before multiplying: multiply by 1 + w in float32 and cast last"
    coarse = "1 + w is computed in bfloat16, where 1 + 0.003 is 1: convert w to float32 first"
    root = torch.rsqrt(x.square().mean(-1, keepdim=True) + EPS)
    mistakes = [
        (normed * (1 + weight), early),
        ((normed * (1 + weight.float())).bfloat16(), early),
        ((wide * (1 + weight).float()).bfloat16(), coarse),
        (x * root * (1 + weight), "everything is computed in bfloat16: convert x to float32 first and cast last"),
    ]
    right = rms_norm(x, weight, eps=EPS, unit_offset=True)
    rounding = "in bfloat16 the order matters: float32 for the norm and for 1 + w, multiply, cast last"
    expect_tensor(f(x, weight, EPS), right, mistakes, exact=True, otherwise=rounding)


def expect_decay(f, gain: float, rate: float, decay: float, steps: int, unit_offset: bool) -> None:
    """Compare with what AdamW's decay leaves of a gain."""
    offset = 1.0 if unit_offset else 0.0

    def after(factor: float, start: float = offset) -> float:
        return start + (gain - start) * factor

    other = "that shrinks the gain itself: what is stored and decays is w = gain - 1"
    if not unit_offset:
        other = "that pulls the gain to 1: without the offset the stored number is the gain, and it is pulled to 0"
    mistakes = [
        (after((1 - rate * decay) ** steps, 1.0 - offset), other),
        (after(1 - rate * decay * steps), "that subtracts the same in every step: each step multiplies what is left"),
        (after((1 - decay) ** steps), "the learning rate is missing: a step multiplies by 1 - rate x decay"),
        (after((1 - rate) ** steps), "the decay is missing: a step multiplies by 1 - rate x decay"),
        (after(1 - rate * decay), "that is one step: there are more"),
        (after((1 - rate * decay) ** steps) - offset, "that is w: the gain is 1 + w"),
        (after(math.exp(-rate * decay * steps)), "that is the limit of many small steps: multiply once in every step"),
        (after((1 - rate * decay) ** (steps - 1)), "that is one step too few"),
        (after((1 - rate * decay) ** (steps + 1)), "that is one step too many"),
        (offset + gain * (1 - rate * decay) ** steps, "that lets the whole gain decay and adds 1: the stored number is "
         "w = gain - 1"),
    ]  # fmt: skip
    right = after((1 - rate * decay) ** steps)
    expect_number(f(gain, rate, decay, steps, unit_offset), right, mistakes, rtol=1e-5)


@exercise("gemma-ex-weight-decay")
def decay_of_a_gain(f):
    """Stored as the gain itself, like Llama's"""
    expect_decay(f, 1.5, 0.1, 0.2, 30, False)


@exercise("gemma-ex-weight-decay")
def decay_of_an_offset(f):
    """Stored as w with gain 1 + w, like Gemma's"""
    expect_decay(f, 1.5, 0.1, 0.2, 30, True)
    expect_decay(f, 0.4, 0.05, 0.1, 100, True)


def places(x: Tensor, weight: Tensor) -> dict[str, Tensor]:
    """A sublayer x @ weight.T with its norm in every place that people put it."""
    rms = lambda value: rms_norm(value, eps=EPS)  # noqa: E731
    sublayer = lambda value: value @ weight.T  # noqa: E731
    columns = x * torch.rsqrt(x.square().mean(-2, keepdim=True) + EPS)
    return {
        "pre": x + sublayer(rms(x)),
        "post": rms(x + sublayer(x)),
        "both": x + rms(sublayer(rms(x))),
        "output": x + rms(sublayer(x)),
        "cut": rms(x) + sublayer(rms(x)),
        "cut twice": rms(x) + rms(sublayer(rms(x))),
        "bare": x + sublayer(x),
        "sum": rms(x + sublayer(rms(x))),
        "lost": sublayer(rms(x)),
        "columns": x + sublayer(columns),
        "layer": x + sublayer(layer_norm(x, eps=1e-5)),
    }


CUT = "the sum carries norm(x): the residual stream must carry x itself past the norm"
TURNED = "the sublayer is x @ weight instead of x @ weight.T"
PLACE_HINTS = {
    "output": "the norm stands on the output of the sublayer, before the addition, and nowhere else",
    "cut": CUT,
    "cut twice": CUT,
    "bare": "there is no norm at all",
    "sum": "that normalizes the input of the sublayer and the whole sum",
    "lost": "x is not added: the residual connection is missing",
    "columns": "the norm goes along another axis: each vector has its own, over the last axis",
    "layer": "that is LayerNorm, which subtracts the mean: use rms",
    "pre": "that is pre-norm",
    "post": "that is post-norm, the norm after the addition",
    "both": "that is a norm before and after the sublayer",
}


def expect_place(f, place: str, reminder: str) -> None:
    """Compare one place with all others."""
    x, weight = 3 * draw(4, 2, 5, 8), draw(5, 8, 8)
    x[:, 0] *= 1e-4  # so small that eps counts: a norm after a linear map undoes the one before it everywhere else
    values = places(x, weight)
    mistakes = [(values[name], f"{hint}; {reminder}") for name, hint in PLACE_HINTS.items() if name != place]
    mistakes += [(places(x, weight.T)[place], f"{TURNED}; {reminder}")]
    expect_tensor(f(x, weight, place), values[place], mistakes)


@exercise("gemma-ex-norm-place")
def norm_before(f):
    """"pre": Gemma 1, Llama, OLMo 1"""
    expect_place(f, "pre", "pre means x + sublayer(norm(x))")


@exercise("gemma-ex-norm-place")
def norm_after(f):
    """"post": the Transformer of 2017"""
    expect_place(f, "post", "post means norm(x + sublayer(x))")


@exercise("gemma-ex-norm-place")
def norm_on_both_sides(f):
    """"both": Gemma 2 and 3"""
    expect_place(f, "both", "both means x + norm(sublayer(norm(x)))")
