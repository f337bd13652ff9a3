"""Wrong answers to the exercises on adapters in practice fail, and the hint names the misconception behind them."""

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate
from llmbook.layers.quantization import normal_levels

PREFIX = "dora-ex-"


def codes(block, levels, by=lambda block: block.abs().max()):
    return (block[:, None] / by(block) - levels).abs().argmin(1), by(block)


def floor(block, levels):
    scale = block.abs().max()
    return (torch.searchsorted(levels, block / scale, right=True) - 1).clamp(min=0), scale


WRONG = [
    ("merge", lambda W, A, B, s: W + (s * B @ A).bfloat16(), "rounded before it is added|expected"),
    ("merge", lambda W, A, B, s: W + s * B.bfloat16() @ A.bfloat16(), "before they are multiplied"),
    ("merge", lambda W, A, B, s: W.float() + s * B @ A, "round to the dtype"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.max), "can be negative"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.std), "standard deviation"),
    ("quantize", floor, "level below"),
    ("quantize", lambda b, levels: (levels[codes(b, levels)[0]], b.abs().max()), "return their indices"),
    ("bits", lambda block, double: 4, "scales need memory"),
    ("bits", lambda block, double: 4 + 32 / block, "quantized as well"),
    ("bits", lambda block, double: 4 + (8 / block if double else 32 / block), "scale of their own"),
    ("merge", lambda W, A, B, s: W, "add the update"),
    ("merge", lambda W, A, B, s: (W.float() + B @ A).bfloat16(), "scale s is missing"),
    ("quantize", lambda b, levels: codes(b, levels, by=torch.norm), "length of the block"),
    ("quantize", lambda b, levels: (codes(b, levels, by=lambda _: 1.0)[0], b.abs().max()), "not divided by its scale"),
    ("quantize", lambda b, levels: (torch.searchsorted(levels, b / b.abs().max()), b.abs().max()), "level above"),
    ("bits", lambda block, double: 4 + 32, "shared by the whole block"),
    ("bits", lambda block, double: 4 + (8 / block + 32 / 256 if double else 32 / block), "serves 256 scales"),
    ("bits", lambda block, double: 4 + (8 / block + 32 / (256 * block) if double else 4 / block), "32 bits, not 4"),
    ("bits", lambda block, double: 4 + (40 if double else 32) / block, "in place of the float32 ones"),
    ("bits", lambda block, double: (4 + 32 / block) / 8, "in bytes"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_nf4_is_quantized_as_the_package_does():
    from llmbook.layers.quantization import nearest

    def package(block, levels):
        scale = block.abs().max()
        return nearest(block / scale, levels).long(), scale

    assert evaluate("dora-ex-quantize", package).passed and len(normal_levels()) == 16


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
