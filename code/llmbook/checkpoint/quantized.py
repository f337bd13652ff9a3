"""Quantized checkpoints, which this book does not read: how they are recognized, and what to do about one.

Whoever quantizes a checkpoint says so in ``quantization_config`` of its ``config.json``, and stores each matrix as
codes and scales under names of its own: ``qweight`` and ``qzeros`` by GPTQ and AWQ, ``weight.absmax`` or ``SCB`` by
bitsandbytes. Without this look, such a folder seems to lack its weights.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from llmbook.checkpoint.hub import CheckpointError

FIELD = "quantization_config"
CODES = {
    "qweight": "GPTQ or AWQ", "qzeros": "GPTQ or AWQ", "SCB": "bitsandbytes", "absmax": "bitsandbytes",
    "weight_packed": "compressed-tensors", "weight_scale": "compressed-tensors or fp8",
    "weight_scale_inv": "fp8",
}  # fmt: skip
"""Last parts of the names of stored tensors, and who writes them."""
INSTEAD = (
    "this book reads weights in bfloat16 or float32 only: load the checkpoint that it was made from (the hub names it "
    "as base model), and quantize that with quantize_linears_ of llmbook.layers.quantized_linear if you like"
)


def refuse_quantized(path: Path, hf: Mapping) -> None:
    """Raise a CheckpointError for a ``config.json`` that says its weights are quantized.

    Args:
        path: where it was, for the message.
        hf: its content.
    """
    said = hf.get(FIELD)
    if said is not None:
        raise CheckpointError(f"{path}: the weights are quantized with {_method(said)}; {INSTEAD}")


def refuse_codes(path: Path, names: Iterable[str]) -> None:
    """Raise a CheckpointError where the names of the stored tensors are those of codes and scales.

    Args:
        path: the folder, for the message.
        names: of the tensors.
    """
    for name in names:
        method = CODES.get(name.rpartition(".")[2])
        if method is not None:
            raise CheckpointError(f"{path}: {name} shows that the weights are quantized, with {method}; {INSTEAD}")


def _method(said: object) -> str:
    """The method, and its bits where they are told."""
    if not isinstance(said, Mapping):
        return f"a method that {FIELD} does not name ({str(said)[:40]!r})"
    known = "bitsandbytes" if any(name.startswith("load_in_") for name in said) else None  # old files name no method
    method = said.get("quant_method", known)
    bits = said.get("bits", 4 if said.get("load_in_4bit") is True else 8 if said.get("load_in_8bit") is True else None)
    named = method if isinstance(method, str) else f"a method that {FIELD} does not name"
    return named + (f" ({bits} bits)" if type(bits) is int else "")
