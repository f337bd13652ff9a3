"""Wrong answers to the exercises on adapters in practice fail, and the hint names the misconception behind them."""

import bisect

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.layers.quantization import nearest

PREFIX = "dora-ex-"


def codes(block, levels, by=lambda block: block.abs().max()):
    return (block[:, None] / by(block) - levels).abs().argmin(1), by(block)


def floor(block, levels):
    scale = block.abs().max()
    return (torch.searchsorted(levels, block / scale, right=True) - 1).clamp(min=0), scale


def evenly(block, levels):
    """As if the levels stood at equal distances."""
    scale = block.abs().max()
    return ((block / scale + 1) / 2 * (len(levels) - 1)).round().long(), scale


def bits(plain=lambda block: 4 + 32 / block, double=lambda block: 4 + 8 / block + 32 / (256 * block)):
    return lambda block, twice: (double if twice else plain)(block)


WRONG = [
    ("merge", lambda W, A, B, s: W + (s * B @ A).bfloat16(), "rounded before it is added|expected"),
    ("merge", lambda W, A, B, s: W + s * B.bfloat16() @ A.bfloat16(), "before they are multiplied"),
    ("merge", lambda W, A, B, s: (W.float() + s * (B.bfloat16() @ A.bfloat16()).float()).bfloat16(),
     "before they are multiplied"),
    ("merge", lambda W, A, B, s: W.float() + s * B @ A, "round to the dtype"),
    ("merge", lambda W, A, B, s: W, "add the update"),
    ("merge", lambda W, A, B, s: (W.float() + B @ A).bfloat16(), "scale s is missing"),
    ("merge", lambda W, A, B, s: (W.float() + 2 * B @ A).bfloat16(), "the scale is given"),
    ("merge", lambda W, A, B, s: (W.float() + s * B @ A).half(), "dtype"),
    ("merge", lambda W, A, B, s: (W.float() + s * B @ A).half().bfloat16(), "twice"),
    ("merge", lambda W, A, B, s: (W.float() - s * B @ A).bfloat16(), "must be added"),
    ("merge", lambda W, A, B, s: ((W.float() + s * B @ A).view(torch.int32) >> 16 << 16).view(torch.float32).bfloat16(),
     "cut off"),
    ("merge", lambda W, A, B, s: (W.float() + (s / len(A)) * B @ A).bfloat16(), "s is the whole scale"),
    ("merge", lambda W, A, B, s: ((W + s * B @ A) * 100).round().div(100).bfloat16(), "compute in float32"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.max), "can be negative"),
    ("quantize", lambda b, levels: codes(b, levels, by=lambda block: -block.min()), "can be positive"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.std), "standard deviation"),
    ("quantize", lambda b, levels: codes(b, levels, by=lambda block: block.abs().mean()), "that is the mean"),
    ("quantize", lambda b, levels: codes(b, levels, by=lambda b: (b.max() - b.min()) / 2), "half the range"),
    ("quantize", floor, "level below"),
    ("quantize", lambda b, levels: (levels[codes(b, levels)[0]], b.abs().max()), "return their indices"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.norm), "length of the block"),
    ("quantize", lambda b, levels: (codes(b, levels, by=lambda _: 1.0)[0], b.abs().max()), "not divided by its scale"),
    ("quantize", lambda b, levels: (torch.searchsorted(levels, b / b.abs().max()), b.abs().max()), "level above"),
    ("quantize", evenly, "equal distances"),
    ("quantize", lambda b, levels: (codes(b, levels)[0] + 1, b.abs().max()), "count from 0"),
    ("quantize", lambda b, levels: (codes(b.abs(), levels)[0], b.abs().max()), "the sign"),
    ("quantize", lambda b, levels: codes(b, levels)[::-1], "one number"),
    ("quantize", lambda b, levels: codes(b, levels)[0], "the codes and the scale"),
    ("bits", lambda block, double: 4, "scales need memory"),
    ("bits", lambda block, double: 4 + 32 / block, "quantized as well"),
    ("bits", bits(double=lambda block: 4 + 8 / block), "scale of their own"),
    ("bits", lambda block, double: 4 + 32, "shared by the whole block"),
    ("bits", bits(double=lambda block: 4 + 8 / block + 32 / 256), "serves 256 scales"),
    ("bits", bits(plain=lambda block: 4 + 4 / block), "32 bits, not 4"),
    ("bits", lambda block, double: 4 + (40 if double else 32) / block, "in place of the float32 ones"),
    ("bits", lambda block, double: bits()(block, double) / 8, "in bytes"),
    ("bits", bits(plain=lambda block: 4 + 16 / block), "has 32 bits, not 16"),
    ("bits", lambda block, double: bits()(64, double), "the size of the block is given"),
    ("bits", lambda block, double: bits()(block, double) - 4, "the four bits of the weight"),
    ("bits", lambda block, double: round(bits()(block, double), 2), "do not round"),
    ("bits", lambda block, double: bits()(block, double) * block, "for the whole block"),
    ("bits", lambda block, double: bits()(block, not double), "quantized as well"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def by_the_package(block, levels):
    scale = block.abs().max()
    return nearest(block / scale, levels).long(), scale


def by_middles(block, levels):
    """A number's level is how many middles between neighbors lie below it."""
    middles = ((levels[1:] + levels[:-1]) / 2).tolist()
    scale = max(map(abs, block.tolist()))
    return [bisect.bisect(middles, number / scale) for number in block.tolist()], scale


def in_arrays(block, levels):
    block, levels = block.numpy(), levels.numpy()
    scale = np.abs(block).max()
    return np.abs(block[None] - scale * levels[:, None]).argmin(0), scale


def merged_in_place(W, A, B, s):
    W += s * (B @ A)
    return W


RIGHT = [
    ("merge", lambda W, A, B, s: (W.double() + s * B.double() @ A.double()).bfloat16()),
    ("merge", merged_in_place),
    ("merge", lambda base, down, up, scale: torch.addmm(base.float(), scale * up, down).to(base.dtype)),
    ("merge", lambda W, A, B, s: torch.from_numpy(W.float().numpy() + s * np.outer(B[:, 0], A[0]).astype("float32")
                                                  + s * B[:, 1:].numpy() @ A[1:].numpy()).bfloat16()),
    ("quantize", by_the_package),
    ("quantize", by_middles),
    ("quantize", in_arrays),
    ("bits", lambda block, double: (4 * 256 * block + (256 * 8 + 32 if double else 256 * 32)) / (256 * block)),
    ("bits", lambda n, twice: np.float64(4 + (8.125 if twice else 32) / n)),
    ("bits", lambda block, double: torch.tensor(4 + (8 + 32 / 256 if double else 32) / block)),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
