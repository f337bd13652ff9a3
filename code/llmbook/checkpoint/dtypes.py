"""In which precision the weights of a checkpoint are held in memory: as in its files, or as the caller asks."""

from collections.abc import Mapping
from pathlib import Path

import torch

from llmbook.checkpoint.hub import CheckpointError

RUNNING_DTYPES = (torch.float32, torch.bfloat16)
STORED_DTYPES = (*RUNNING_DTYPES, torch.float16, torch.float64)
PASS = "pass dtype=torch.float32 or dtype=torch.bfloat16"


def asked_dtype(asked: torch.dtype | str | None) -> torch.dtype | None:
    """What a caller asks for, by torch's object or by its name ("bfloat16"); None for None.

    Raises:
        CheckpointError: it is no dtype, or none in which the models of this book are run.
    """
    dtype = getattr(torch, asked.removeprefix("torch."), None) if isinstance(asked, str) else asked
    if asked is None:
        return None
    if not isinstance(dtype, torch.dtype):
        raise CheckpointError(f'dtype is {asked!r}, which torch does not know; {PASS}, or "float32" or "bfloat16"')
    return _run_in(dtype, "dtype is")


def kept_dtype(found: Mapping[torch.dtype, Path], hf: Mapping) -> torch.dtype:
    """That of the files; of several the one that ``config.json`` names, else the widest.

    Args:
        found: what the tensors are stored as, at least one dtype, and a file that holds it.
        hf: the content of ``config.json``.

    Raises:
        CheckpointError: the models of this book are not run in it.
    """
    named = f"torch.{hf.get('dtype') or hf.get('torch_dtype')}"
    kept = max(found, key=lambda dtype: (str(dtype) == named, dtype.itemsize, dtype == torch.bfloat16))
    return _run_in(kept, f"{found[kept]} is in")


def _run_in(dtype: torch.dtype, source: str) -> torch.dtype:
    """The dtype itself, if models can be run in it."""
    if dtype not in RUNNING_DTYPES:
        raise CheckpointError(
            f"{source} {dtype}, in which these models are not run (float16 overflows above 65,504, and Gemma's "
            f"activations go there); {PASS}"
        )
    return dtype
