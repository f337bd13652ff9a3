"""Checks for the page on costs: the FLOPs of a training step."""

from llmbook.exercises.compare import expect_number
from llmbook.exercises.registry import exercise


def expect_flops(f, tokens: int, inputs: int, outputs: int, rank: int, kind: str) -> None:
    """Compare with two FLOPs for each multiplication of each product."""
    product, thin = 2 * tokens * inputs * outputs, 2 * tokens * rank * (inputs + outputs)
    passes = {"frozen": 2 * product, "full": 3 * product, "lora": 2 * product + 3 * thin}
    mistakes = [
        (passes[kind] // 2, "a product of an (m, k) and a (k, n) matrix is 2 m k n FLOPs: multiply and add"),
        (product, "that is the forward pass alone"),
        (passes["full"], "the gradient of a frozen weight is not computed"),
        (passes["frozen"], "the thin matrices are missing, or the gradient of the trained weight"),
        (product + 3 * thin, "the gradient must still pass through the frozen weight, to the layers below"),
        (2 * product + thin, "the thin matrices have a backward pass too: two products each"),
        (2 * product + 2 * thin, "each thin matrix needs a gradient for itself and one for its input"),
        (3 * thin, "the base works too, and the gradient passes through it"),
    ]
    expect_number(f(tokens, inputs, outputs, rank, kind), passes[kind], [m for m in mistakes if m[0] != passes[kind]])


@exercise("dora-ex-flops")
def flops_of_a_whole_layer(f):
    """A frozen layer, and one that is trained whole"""
    for kind in ("frozen", "full"):
        expect_flops(f, 512, 1024, 4096, 8, kind)


@exercise("dora-ex-flops", points=2)
def flops_of_lora(f):
    """LoRA of rank 8"""
    expect_flops(f, 512, 1024, 4096, 8, "lora")
