r"""How much memory the state of a training run needs, and how it shrinks when n processes share it.

With weights, gradients and AdamW's two moments in float32, a model of P parameters needs :math:`4P + 4P + 8P = 16P`
bytes before the first activation. Rajbhandari et al. 2020 (arXiv 1910.02054, Section 5) share first the optimizer's
state, then the gradients as well, then the weights as well; the last is what FSDP does, and each leaves

.. math:: \frac{\text{what is shared}}{n} + \text{what is not}.
"""

BYTES = {"weights": 4, "gradients": 4, "optimizer": 8}  # of one parameter, in float32
SHARED = {
    "nothing": (),
    "optimizer": ("optimizer",),
    "optimizer and gradients": ("optimizer", "gradients"),
    "everything": ("optimizer", "gradients", "weights"),
}
"""What the processes share: nothing is plain data parallelism, everything is FSDP."""


def state_bytes(parameters: int, processes: int = 1, shared: str = "everything") -> dict[str, float]:
    """Bytes on each process, by what they hold; activations and what is gathered for a moment come on top.

    Args:
        parameters: P.
        processes: n.
        shared: a key of ``SHARED``.

    Raises:
        ValueError: an unknown way of sharing, or no process.
    """
    if shared not in SHARED or processes < 1:
        raise ValueError(f"shared must be one of {', '.join(SHARED)}, and processes at least 1, "
                         f"not {shared!r} and {processes}")  # fmt: skip
    return {
        part: parameters * each / (processes if part in SHARED[shared] else 1) for part, each in BYTES.items()
    }  # fmt: skip
