"""Checks for the page on practice: merging in 16 bits, blocks of 4 bits, the bits that a weight takes."""

import torch
from torch import Tensor

from llmbook.exercises.compare import draw, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise
from llmbook.layers.quantization import normal_levels


def expect_merged(f, size: float, scaling: float) -> None:
    """Compare with a sum that is rounded once, bit by bit; the update is the same in whatever order it adds up."""
    weight = (0.05 * draw(0, 40, 30)).bfloat16()
    lora_A, lora_B = (1000 * draw(1, 4, 30)).round() / 1024, size * (1000 * draw(2, 40, 4)).round() / 1024
    update = scaling * lora_B @ lora_A
    right = (weight.float() + update).bfloat16()
    low = scaling * lora_B.bfloat16() @ lora_A.bfloat16()
    mistakes = [
        (weight.float() + update, "round to the dtype of the weight at the end"),
        (weight, "the weight is as it was: add the update"),
        (weight + update.bfloat16(), "the update is rounded before it is added: add in float32, then round once"),
        (weight + low, "A and B are rounded before they are multiplied: do everything in float32, then round once"),
        ((weight.float() + low.float()).bfloat16(), "A and B are rounded before they are multiplied: keep float32"),
        ((weight.float() + update / scaling).bfloat16(), "the scale s is missing"),
        ((weight.float() + 2 * lora_B @ lora_A).bfloat16(), "the scale is given as s, and it need not be 2"),
        ((weight.float() - update).bfloat16(), "the update must be added"),
        ((weight.float() + update / len(lora_A)).bfloat16(), "s is the whole scale: it is divided by the rank already"),
        ((weight.float() + update).half(), "the weight's dtype is bfloat16: float16 is another one"),
        ((weight.float() + update).half().bfloat16(), "rounded twice: go from float32 to bfloat16 at once"),
        (cut_off(weight.float() + update), "digits are cut off: round to the nearest number of bfloat16"),
    ]
    expect_tensor(f(weight, lora_A, lora_B, scaling), right, mistakes, exact=True,
                  otherwise="compute in float32 and round once, at the end")  # fmt: skip


def cut_off(value: Tensor) -> Tensor:
    """Float32 to bfloat16 without the last 16 bits."""
    return (value.view(torch.int32) >> 16 << 16).view(torch.float32).bfloat16()


@exercise("dora-ex-merge")
def merge_a_large_update(f):
    """An update as large as the weight"""
    expect_merged(f, 2**-7, 3.0)


@exercise("dora-ex-merge")
def merge_a_small_update(f):
    """An update of which most is lost"""
    expect_merged(f, 2**-11, 2.0)


def expect_block(f, block: Tensor, levels: Tensor) -> None:
    """Compare codes and scale."""
    scale = block.abs().max()
    codes = lambda by: (block[:, None] / by - levels).abs().argmin(1)  # noqa: E731
    got = expect_items(f(block, levels), 2, "the codes and the scale")
    scales = [
        (block.max().item(), "the largest number can be negative: take the largest absolute value"),
        (-block.min().item(), "the largest number can be positive: take the largest absolute value"),
        (block.abs().mean().item(), "that is the mean of the absolute values: the largest must land on a level"),
        ((block.max() - block.min()).item() / 2, "that is half the range: take the largest absolute value"),
        (block.std().item(), "that is the standard deviation: the largest absolute value must land on a level"),
        (block.norm().item(), "that is the length of the block: take the largest absolute value"),
    ]
    scales = [pair for pair in scales if pair[0] != scale.item()]
    expect_number(got[1], scale.item(), scales, rtol=1e-6)
    below = (torch.searchsorted(levels, block / scale, right=True) - 1).clamp(0, len(levels) - 1)
    evenly = (block / scale + 1) / 2 * (len(levels) - 1)
    above = torch.searchsorted(levels, block / scale).clamp(0, len(levels) - 1)
    mistakes = [
        (codes(1.0), "the block is not divided by its scale"),
        (below, "that is the level below: take the nearest one"),
        (above, "that is the level above: take the nearest one"),
        (evenly.round().long(), "that is right for levels at equal distances: these are not"),
        (codes(scale) + 1, "indices count from 0"),
        ((block.abs()[:, None] / scale - levels).abs().argmin(1), "the sign of the numbers is lost"),
        (levels[codes(scale)], "those are the levels: return their indices, which need only a few bits"),
    ]
    mistakes = [pair for pair in mistakes if not torch.equal(pair[0].double(), codes(scale).double())]
    expect_tensor(got[0], codes(scale), mistakes, name="the codes")


@exercise("dora-ex-quantize")
def block_with_five_levels(f):
    """Five even levels; the largest number is negative"""
    expect_block(f, torch.tensor([0.3, -2.0, 1.1, 0.0, -0.7, 1.9]), torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]))


@exercise("dora-ex-quantize")
def block_with_the_levels_of_nf4(f):
    """64 weights and the sixteen levels of NF4"""
    expect_block(f, 0.02 * draw(3, 64), normal_levels())


def expect_bits(f, block: int, double: bool) -> None:
    """Compare with 4 bits and a share of each scale."""
    right = 4 + (8 / block + 32 / (block * 256) if double else 32 / block)
    mistakes = [
        (4, "the scales need memory too"),
        (4 + 32, "a scale is shared by the whole block"),
        (4 + 8 / block, "the 8-bit scales have a scale of their own, one for each 256"),
        (4 + 8 / block + 32 / 256, "one outer scale serves 256 scales, and so 256 blocks of weights"),
        (4 + 16 / block, "a float32 has 32 bits, not 16"),
        (4 + (8 / 64 + 32 / 64 / 256 if double else 32 / 64), "the size of the block is given, and it need not be 64"),
        (right - 4, "the four bits of the weight itself are missing"),
        (round(right, 2), "do not round the result"),
        (right * block, "that is for the whole block: divide by its weights"),
        (4 + 4 / block, "a float32 has 32 bits, not 4"),
        (4 + 32 / block, "the scales are quantized as well: 8 bits each, and a float32 for each 256 of them"),
        (4 + 32 / block + 8 / block, "the 8-bit scales are in place of the float32 ones"),
        (right / 8, "that is in bytes"),
    ]
    expect_number(f(block, double), right, [pair for pair in mistakes if pair[0] != right], rtol=1e-6)


@exercise("dora-ex-bits")
def bits_with_plain_scales(f):
    """Blocks of 64 and of 32, float32 scales"""
    expect_bits(f, 64, False)
    expect_bits(f, 32, False)


@exercise("dora-ex-bits")
def bits_with_double_quantization(f):
    """The same with 8-bit scales"""
    expect_bits(f, 64, True)
    expect_bits(f, 32, True)
