"""Checkpoints that survive a kill: a file is either complete under its name, or it does not have that name.

The state is written to a file beside its place and pushed to the disk (``fsync``); only then does a rename, which the
file system does at once or not at all, give it its name. The previous checkpoint stays, for the case that a disk
damages the newest. A checkpoint is named by the steps it has behind it: ``step-00000040.pt``.
"""

import os
import warnings
from pathlib import Path
from typing import Any

import torch

from llmbook.checkpoint.writing import sync_folder

KEPT = 2


class ResumeError(ValueError):
    """A stored run cannot be gone on with; the message says why and what to do."""


def save_checkpoint(directory: Path, step: int, state: dict[str, Any]) -> Path:
    """Write a state, and forget all others but the newest.

    Args:
        directory: made if it does not exist.
        step: updates made so far.
        state: tensors, numbers, strings, lists and dicts.

    Returns:
        Where the checkpoint lies.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"step-{step:08}.pt"
    half_written = path.with_suffix(".writing")
    with half_written.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    half_written.replace(path)
    sync_folder(directory)
    others = [old for old in list_checkpoints(directory) if old != path]  # this one stays, also beside later ones
    for old in (*others[: 1 - KEPT], *set(directory.glob("*.writing"))):
        old.unlink(missing_ok=True)
    return path


def list_checkpoints(directory: Path) -> list[Path]:
    """The complete checkpoints of a folder, the newest last."""
    return sorted(directory.glob("step-*.pt"), key=lambda path: (len(path.name), path.name))


def load_checkpoint(directory: Path, *, device: str | torch.device = "cpu") -> dict[str, Any] | None:
    """The newest state that can be read, or None if the folder has no checkpoint.

    A damaged file is passed over with a warning.

    Raises:
        ResumeError: there are checkpoints, and none can be read.
    """
    paths = list_checkpoints(directory)
    for path in reversed(paths):
        try:
            return torch.load(path, map_location=device, weights_only=True)
        except Exception as error:  # a damaged archive raises many kinds
            warnings.warn(f"{path} is damaged ({type(error).__name__}); trying the one before", stacklevel=2)
    if paths:
        raise ResumeError(f"no checkpoint in {directory} can be read; delete the folder to start from the beginning")
    return None


def refuse_difference(stored: dict[str, Any], ours: dict[str, Any]) -> None:
    """Raise a ResumeError that names every setting in which two nested dicts differ."""
    before, now = flatten(stored), flatten(ours)
    differences = [
        f"{name} was {before.get(name)!r} and is now {now.get(name)!r}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    if differences:
        raise ResumeError(
            f"the checkpoint belongs to another run: {'; '.join(differences)}. "
            "Go on with the stored settings, or choose another folder"
        )


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"schedule": {"peak": 1}}`` becomes ``{"schedule.peak": 1}``; tuples become lists."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = list(value) if isinstance(value, tuple) else value
    return flat
