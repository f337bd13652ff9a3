"""Checks for the page on what "7B" counts: cache, groups of heads, parameters, width."""

import math
from collections.abc import Callable

import torch

from llmbook.exercises.compare import Mistake, as_number, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.models import PUBLISHED, DecoderConfig


def cache_mistakes(layers: int, heads: int, kv_heads: int, head_size: int, tokens: int, size: int) -> list:
    """Wrong cache sizes, each with the thought behind it."""
    right = 2 * layers * kv_heads * head_size * tokens * size
    one_layer = "that is the cache of one layer: every layer keeps its own keys and values"
    short = "one token is missing: the newest one leaves its key and its value as well"
    return [
        (right // 2, "that is half of it: keys and values are both stored, so there is a factor 2"),
        (right // kv_heads * heads, "that counts query heads: the cache holds keys and values, so kv_heads counts"),
        (right // layers, one_layer),
        (right // size, "that is the count of numbers: multiply by the bytes of one number"),
        (right // size * 2, "that takes 2 bytes for every number: multiply by `bytes_per_number`"),
        (right * 8, "that is the size in bits: 8 bits are one byte"),
        (right / 2**30, "that is the size in GiB: return bytes"),
        (right // tokens * (tokens - 1), short),
        (right // kv_heads * (kv_heads + heads / 2), "queries are used once and forgotten: count keys and values only"),
        (right // kv_heads * (heads // kv_heads),
         "that counts how many query heads share one: the number of those that are shared counts"),
        (right * tokens, "that grows with the square of the tokens: the table of scores is not kept"),
        (right // 1024 * 1024, "that is rounded to whole KiB: return all bytes"),
    ]


def expect_cache(f: Callable, sizes: tuple[int, ...]) -> None:
    """Compare ``f`` with the cache of layers, heads, kv_heads, head_size, tokens and bytes of a number."""
    layers, _, *rest = sizes
    expect_number(f(*sizes), 2 * layers * math.prod(rest), cache_mistakes(*sizes))


def cache_sizes(config: DecoderConfig, tokens: int, size: int) -> tuple[int, ...]:
    """The sizes that decide about the cache of a config."""
    return config.layers, config.heads, config.kv_heads, config.head_size, tokens, size


@exercise("gemma-ex-kv-cache")
def cache_of_the_7b(f):
    """Gemma 7B, 8,192 tokens in float32"""
    expect_cache(f, cache_sizes(PUBLISHED["gemma-7b"], tokens=8192, size=4))


@exercise("gemma-ex-kv-cache")
def cache_of_the_2b(f):
    """Gemma 2B with its one key-value head, 1,000 tokens in float32"""
    expect_cache(f, cache_sizes(PUBLISHED["gemma-2b"], tokens=1000, size=4))


@exercise("gemma-ex-kv-cache")
def cache_of_odd_sizes(f):
    """A small model with sizes that are no powers of two, 1 byte per number"""
    expect_cache(f, (3, 12, 3, 5, 7, 1))


def expect_groups(f: Callable, heads: int, kv_heads: int) -> None:
    """Compare the key-value heads of all query heads of a layout."""
    group, counted = heads // kv_heads, torch.arange(heads).double()
    right = counted // group
    mistakes = [
        (counted % kv_heads, "that deals the heads out in turn, like cards (`repeat`); the heads of a group are "
         "neighbors (`repeat_interleave`)"),
        (counted / group, "that is the quotient with its fraction: a head has a whole number, so use //"),
        (counted // kv_heads, "you divided by kv_heads; divide by the size of a group, heads // kv_heads"),
        (counted, "that gives each query head a key-value head of its own"),
        (right * 0, "that sends every query head to the first key-value head, as if there were one"),
        (right + 1, "that counts from 1: the first key-value head is number 0"),
        ((counted * kv_heads / heads).round(), "that is rounded to the nearest; round down, with //"),
        ((counted * kv_heads / heads).ceil(), "that is rounded up; round down, with //"),
        (right.flip(0), "the key-value heads are in reverse"),
    ]  # fmt: skip
    got = torch.tensor([as_number(f(head, heads, kv_heads)) for head in range(heads)]).double()
    expect_tensor(got, right, mistakes, name=f"with {heads} query heads over {kv_heads}, the key-value head")


@exercise("gemma-ex-groups")
def groups_of_heads(f):
    """Grouped queries: 8 heads over 2, 12 over 3, 20 over 4"""
    for heads, kv_heads in ((8, 2), (12, 3), (20, 4)):
        expect_groups(f, heads, kv_heads)


@exercise("gemma-ex-groups")
def ends_of_the_scale(f):
    """Multi-query, 8 heads over 1; multi-head, 6 over 6"""
    expect_groups(f, 8, 1)
    expect_groups(f, 6, 6)


SIZES = ("vocab_size", "width", "layers", "heads", "kv_heads", "head_size", "feedforward_width")
"""The sizes that decide the count, in the order in which the reader's functions take them."""


def parameters(
    sizes: dict, tied: bool, *, matrices: int = 3, block_norms: int = 2, last_norm: int = 1, inner: int | None = None
) -> int:
    """Parameters of a decoder with RMSNorm and no biases; the options after the star make the mistakes."""
    width, head_size = sizes["width"], sizes["head_size"]
    query = width * (inner or sizes["heads"] * head_size)
    key = width * sizes["kv_heads"] * head_size
    block = 2 * query + 2 * key + matrices * width * sizes["feedforward_width"] + block_norms * width
    embedding = sizes["vocab_size"] * width
    return embedding * (1 if tied else 2) + sizes["layers"] * block + last_norm * width


def sizes_of(config: DecoderConfig) -> dict:
    """The sizes of a config by name."""
    return {name: getattr(config, name) for name in SIZES}


def expect_parameters(f: Callable, sizes: dict, tied: bool) -> None:
    """Compare ``f`` with the formula."""
    other = "that counts the output matrix although it is tied: it is the embedding matrix, counted once"
    if not tied:
        other = "that leaves out the output matrix: untied, it has as many numbers as the embedding matrix again"
    every_head = "that gives keys and values as many heads as queries: use kv_heads for them"
    mistakes = [
        (parameters(sizes, not tied), other),
        (parameters(sizes, tied, matrices=2), "that is a plain feed-forward layer: a gated one has three matrices"),
        (parameters(sizes, tied, inner=sizes["width"]), "that takes width x width for the query and output matrices: "
         "inside attention there are heads x head_size numbers, which need not be the width"),
        (parameters(sizes | {"kv_heads": sizes["heads"]}, tied), every_head),
        (parameters(sizes, tied, block_norms=0, last_norm=0), "only the norms are missing: every gain has D numbers"),
        (parameters(sizes, tied, last_norm=0), "only the last norm is missing, the one before the output matrix"),
        (parameters(sizes, tied, block_norms=1), "a block has two norms, one before each sublayer"),
        (parameters(sizes | {"layers": 1}, tied), "that is the model with only one block: multiply by layers"),
        (parameters(sizes, tied, matrices=6), "`feedforward_width` is that of one matrix: do not count both halves of "
         "the gated layer twice"),
        (parameters(sizes, tied, block_norms=4, last_norm=2), "an RMSNorm has a gain and no shift: D numbers each"),
        (parameters(sizes | {"heads": 1, "kv_heads": 1}, tied), "that is the attention of one head only"),
        (parameters(sizes, tied) / 1e9, "that is the count in billions: return all of it"),
    ]  # fmt: skip
    expect_number(f(*(sizes[name] for name in SIZES), tied), parameters(sizes, tied), mistakes)


@exercise("gemma-ex-parameters")
def parameters_by_hand(f):
    """The worked example: 188 tied, 228 untied"""
    sizes = {"vocab_size": 10, "width": 4, "layers": 1, "heads": 1, "kv_heads": 1, "head_size": 4}
    expect_parameters(f, sizes | {"feedforward_width": 6}, tied=True)
    expect_parameters(f, sizes | {"feedforward_width": 6}, tied=False)


@exercise("gemma-ex-parameters")
def parameters_of_gemma(f):
    """Gemma 7B and 2B, tied as published"""
    expect_parameters(f, sizes_of(PUBLISHED["gemma-7b"]), tied=True)
    expect_parameters(f, sizes_of(PUBLISHED["gemma-2b"]), tied=True)


@exercise("gemma-ex-parameters")
def parameters_untied(f):
    """Llama 2 7B, and Gemma 7B if it were untied"""
    expect_parameters(f, sizes_of(PUBLISHED["llama-2-7b"]), tied=False)
    expect_parameters(f, sizes_of(PUBLISHED["gemma-7b"]), tied=False)


def expect_width(f: Callable, sizes: dict) -> None:
    """Let ``f`` find the width from the total, and compare."""
    total, width = parameters(sizes, tied=True), sizes["width"]
    got = f(total, *(sizes[name] for name in SIZES if name != "width"))
    inner = sizes["heads"] * sizes["head_size"]
    with_inner, with_4096 = (f"{parameters(sizes | {'width': wrong}, tied=True):,}" for wrong in (inner, 4096))
    gains = "the gains of the norms hold D numbers each, and they count too"
    mistakes = [
        *((inner, "that is heads x head_size, the numbers inside attention, not the width: with it the total would be "
           f"{with_inner}") for _ in range(inner != width)),
        (4096, "4096 is printed in places for both sizes, but a model of that width would have "
         f"{with_4096} parameters, not {total:,}"),
    ]  # fmt: skip
    one, twice = sizes | {"width": 1}, "that counts the vocabulary twice: Gemma's output matrix is tied"
    wrong = [(parameters(one, tied=False), twice)]
    wrong += [(parameters(one, tied=True, block_norms=b, last_norm=n), gains) for b in (0, 1, 2) for n in (0, 1)][:-1]
    wrong += [
        (parameters(one, tied=True, matrices=2), "a gated feed-forward layer has three matrices"),
        (parameters(one | {"layers": 1}, tied=True), "that counts only one layer"),
        (parameters(one | {"kv_heads": one["heads"]}, tied=True), "that gives keys as many heads as queries"),
        (one["vocab_size"], "that counts only the embedding: every matrix has the width as one of its sides"),
    ]
    mistakes += [(round(width / 128) * 128, "the width need not be a multiple of 128")]
    mistakes += [(result, hint) for each, hint in wrong for result in (total / each, total // each)]
    got = as_number(got)
    if 0 < abs(got - width) < 2:
        raise Mistake(f"your result is {got}, close to the width: {gains}")
    expect_number(got, width, mistakes, rtol=1e-12)


@exercise("gemma-ex-width")
def width_of_the_7b(f):
    """The width that gives Gemma 7B its 8,537,680,896 parameters"""
    expect_width(f, sizes_of(PUBLISHED["gemma-7b"]))


@exercise("gemma-ex-width")
def width_of_the_2b(f):
    """The width that gives Gemma 2B its 2,506,172,416 parameters"""
    expect_width(f, sizes_of(PUBLISHED["gemma-2b"]))


@exercise("gemma-ex-width")
def width_of_a_flat_model(f):
    """A wide model with little inside, where the norms are a share that shows"""
    sizes = {"vocab_size": 50, "width": 500, "layers": 2, "heads": 1, "kv_heads": 1, "head_size": 4}
    expect_width(f, sizes | {"feedforward_width": 6})
