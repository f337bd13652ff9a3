"""Checks for the page on costs: the FLOPs of a training step."""

from llmbook.exercises.compare import expect_number
from llmbook.exercises.registry import exercise


def expect_flops(f, tokens: int, inputs: int, outputs: int, rank: int, kind: str) -> None:
    """Compare with two FLOPs for each multiplication of each product."""
    product, thin = 2 * tokens * inputs * outputs, 2 * tokens * rank * (inputs + outputs)
    passes = {"frozen": 2 * product, "full": 3 * product, "lora": 2 * product + 3 * thin}
    mistakes = [
        *(pair for _ in range(kind == "frozen") for pair in (
            (product, "one product is missing: a frozen layer hands a gradient on, to the layers below"),
        )),
        *(pair for _ in range(kind == "full") for pair in (
            (2 * product, "one product is missing: the gradient of the trained weight"),
        )),
        (2 * product + 6 * tokens * inputs * outputs * rank, "B A is never multiplied out: take two thin products"),
        (2 * product + 6 * tokens * 8 * (inputs + outputs), "the rank is given, and it need not be 8"),
        (2 * product + 12 * tokens * rank * inputs, "the two thin matrices have one side each: inputs and outputs"),
        (2 * product + 6 * rank * (inputs + outputs), "every token goes through the thin matrices"),
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
    """LoRA of rank 8, and of rank 3 for another layer"""
    expect_flops(f, 512, 1024, 4096, 8, "lora")
    expect_flops(f, 70, 96, 40, 3, "lora")
