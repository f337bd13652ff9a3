"""Checkpoints that survive a kill: a file is either complete under its name, or it does not have that name.

The state is written to a file beside its place and pushed to the disk (``fsync``); only then does a rename, which the
file system does at once or not at all, give it its name. The previous checkpoint stays, for the case that a disk
damages the newest. A checkpoint is named by the steps it has behind it: ``step-00000040.pt``.

A file of ``torch.save`` is a zip archive, in which each part has a checksum (CRC-32). ``torch.load`` does not look at
it; here it is looked at, so that a bit which a disk has turned is found.
"""

import os
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from llmbook.checkpoint.writing import sync_folder
from llmbook.layers.wrapped import plain_name, plain_names

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
    """The complete checkpoints of a folder, the newest last; a file that is not named by a number is none."""
    named = [path for path in directory.glob("step-*.pt") if re.fullmatch(r"step-[0-9]{8,}\.pt", path.name)]
    return sorted(named, key=lambda path: (len(path.name), path.name))


def load_checkpoint(directory: Path, *, device: str | torch.device = "cpu") -> dict[str, Any] | None:
    """The newest state that can be read, or None if the folder has no checkpoint.

    A damaged file is passed over with a warning: one that is cut off, or of which a single bit has turned.

    Raises:
        ResumeError: there are checkpoints, and none can be read; or this is no folder that may be looked into.
    """
    found = newest_checkpoint(directory, device=device)
    return None if found is None else found[1]


def newest_checkpoint(directory: Path, *, device: str | torch.device = "cpu") -> tuple[Path, dict[str, Any]] | None:
    """The newest file that can be read, and its state.

    Raises:
        ResumeError: as :func:`load_checkpoint`.
    """
    _refuse_no_folder(directory)
    paths = list_checkpoints(directory)
    for path in reversed(paths):
        try:
            _refuse_damage(path)
            return path, torch.load(path, map_location=device, weights_only=True)
        except Exception as error:  # a damaged archive raises many kinds
            warnings.warn(f"{path} is damaged ({type(error).__name__}: {error}); trying the one before", stacklevel=2)
    if paths:
        names = ", ".join(path.name for path in paths)
        raise ResumeError(f"no checkpoint in {directory} can be read ({names} is damaged); delete the folder to start "
                          "from the beginning")  # fmt: skip
    return None


def _refuse_no_folder(directory: Path) -> None:
    """Raise a ResumeError for what is there and no folder, and for a name that no folder can have."""
    try:
        os.listdir(directory)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:  # a file, no permission, too long a name; a null byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise ResumeError(f"{str(directory)[:200]!r} is no folder of checkpoints ({reason}); name another") from error


def model_state(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of a model by the names that they have without wrappers: the same if it is compiled or parallel."""
    return {plain_name(model, name): tensor for name, tensor in model.state_dict().items()}


def load_model_state(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Overwrite the tensors of a model, wrapped or bare, with those of another, which may have been the other.

    Raises:
        RuntimeError: the names or shapes are not those of the model, or two are names of one tensor.
    """
    names = {plain_name(model, name): name for name in model.state_dict()}
    theirs = plain_names(state, names)
    if len(set(theirs.values())) < len(theirs):
        raise RuntimeError("tensors are stored twice, once with the names that wrappers add and once without")
    model.load_state_dict({names.get(theirs[name], name): tensor for name, tensor in state.items()})


def _refuse_damage(path: Path) -> None:
    """Raise an error for an archive with a part that does not have its checksum."""
    with zipfile.ZipFile(path) as archive:
        if (part := archive.testzip()) is not None:
            raise zipfile.BadZipFile(f"{part} does not have its checksum")


def refuse_foreign(state: Any, ours: Mapping[str, Any]) -> None:
    """Raise a ResumeError for what has not the parts of our own state, each of its kind."""
    missing = [
        part for part in ours if not isinstance(state, dict) or not isinstance(state.get(part), type(ours[part]))
    ]
    if missing:
        raise ResumeError(f"this is no checkpoint of a run: it lacks {', '.join(missing)}. Move the file away, or "
                          "choose another folder")  # fmt: skip


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
            flat[f"{prefix}{name}"] = list(value) if isinstance(value, tuple) else value
    return flat
