"""Checks for the page on costs: the FLOPs of a training step, and how many tokens pay for a norm."""

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


def expect_fewest_tokens(f, inputs: int, outputs: int, rank: int, percent: int, way: str) -> None:
    """Compare with the first number of tokens at which the norm takes its share or less."""
    norms = {
        "low-rank": 2 * outputs * inputs * rank + 2 * inputs * rank**2 + 2 * outputs * rank**2,
        "identity": 2 * inputs * inputs * rank + 2 * inputs * rank * outputs,
    }
    product, thin = 2 * inputs * outputs, 2 * rank * (inputs + outputs)
    least = lambda norm, each: -(-100 * norm // (percent * each))  # noqa: E731
    right = least(norms[way], 2 * product + 3 * thin)
    other = norms["identity" if way == "low-rank" else "low-rank"]
    both = -(-(100 - percent) * norms[way] // (percent * (2 * product + 3 * thin)))
    mistakes = [
        (right - 1, "at that number the norm takes more than its share: round up"),
        (right + 1, "with one token less the norm takes no more than its share: look for the smallest number"),
        (least(norms[way], product), "a step of LoRA is more than its forward pass"),
        (least(norms[way], product + thin), "that is the forward pass alone: count the whole step of LoRA"),
        (least(norms[way], 2 * product), "the thin matrices of LoRA are missing"),
        (least(norms[way], 3 * product + 3 * thin), "the base is frozen: it has no gradient of its own"),
        (least(other, 2 * product + 3 * thin), "that is the norm by the other way"),
        (least(2 * outputs * inputs * rank, 2 * product + 3 * thin), "one product of the norm is missing"),
        (least(2 * norms[way], 2 * product + 3 * thin), "the norm is detached: it has no backward pass"),
        (least(norms[way] // 2, 2 * product + 3 * thin), "a product of an (m, k) and a (k, n) matrix is 2 m k n FLOPs"),
        (-(-norms[way] // (2 * product + 3 * thin)), "that is where the norm takes as much as LoRA itself"),
        (both, "the share is of LoRA's own step, without the norm"),
    ]
    got = f(inputs, outputs, rank, percent, way)
    expect_number(got, right, [pair for pair in mistakes if pair[0] != right])


@exercise("dora-ex-batch", points=2)
def tokens_for_a_norm_of_low_rank(f):
    """Through thin products: two layers, and one where the share is met exactly"""
    expect_fewest_tokens(f, 1024, 4096, 8, 10, "low-rank")
    expect_fewest_tokens(f, 4096, 1024, 16, 3, "low-rank")
    expect_fewest_tokens(f, 8, 8, 4, 2, "low-rank")


@exercise("dora-ex-batch")
def tokens_for_a_norm_through_an_identity(f):
    """Through an identity, where inputs and outputs count differently"""
    expect_fewest_tokens(f, 1024, 4096, 8, 10, "identity")
    expect_fewest_tokens(f, 4096, 1024, 16, 3, "identity")
