"""Checks for the page on OLMo 1 to 3: how deep a fresh OLMo 2 is when its stream has grown."""

import math

from llmbook.exercises.compare import expect_number
from llmbook.exercises.registry import exercise


def layers(start: float, gain: float, factor: float, updates: int = 2) -> int:
    """The fewest layers after which the mean square has grown enough."""
    return math.ceil((factor**2 - 1) * start**2 / (updates * gain**2))


def expect_layers(f, start: float, gain: float, factor: float) -> None:
    """Compare with squares that add, two for each layer."""
    right = layers(start, gain, factor)
    mistakes = [
        (layers(start, gain, factor, 1), "a layer has two sublayers, and each adds an update"),
        (math.ceil((factor - 1) * start / (2 * gain)), "sizes do not add at right angles: their squares do"),
        (layers(start, gain, math.sqrt(factor)), "the size grows by the factor, its square by factor squared"),
        (layers(start, math.sqrt(gain), factor), "an update of size gain adds its square"),
        (math.ceil(factor**2 * start**2 / (2 * gain**2)), "the embedding is in the stream from the start: count it"),
        (math.ceil((factor**2 - 1) / (2 * gain**2)), "the larger the embedding, the longer it takes: start counts"),
        (math.ceil((factor**2 - 1) * start / (2 * gain**2)), "start is a root mean square: square it"),
        (2 * layers(start, gain, factor), "those are sublayers: two of them are a layer"),
        (right - 1, "one layer less does not reach it: round up, and count layers from 1"),
        (right + 1, "one layer less is enough"),
    ]
    expect_number(f(start, gain, factor), right, mistakes)


@exercise("olmo-ex-stream-depth")
def a_small_embedding(f):
    """A small embedding and gains of 1"""
    expect_layers(f, 0.5, 1.0, 10)


@exercise("olmo-ex-stream-depth")
def small_gains(f):
    """Gains below 1"""
    expect_layers(f, 1.3, 0.6, 4)
    expect_layers(f, 2.0, 0.3, 1.5)
