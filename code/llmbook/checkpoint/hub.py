"""Where a checkpoint is: a folder on this machine, or a repository of the Hugging Face hub.

Everything that can go wrong on the way (a typing error, no network, a license not yet accepted) ends in one
:class:`CheckpointError` whose sentence says what to do.
"""

import stat
from collections.abc import Sequence
from pathlib import Path

import huggingface_hub
from huggingface_hub import errors

from llmbook.checkpoint.formats import UNREAD, stem, unread_format

PASS = "pass the folder that holds config.json and the weights"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used as it is; the message says what to do about it."""


def find_directory(path_or_hub_id: str | Path, files: Sequence[str]) -> Path:
    """The folder of a checkpoint, downloaded first if it is not on this machine.

    Args:
        path_or_hub_id: a folder, or the name of a hub repository such as ``"google/gemma-2b"``. A folder wins.
        files: what is needed of a repository, as names or patterns; nothing else is downloaded.

    Returns:
        An existing folder.

    Raises:
        CheckpointError: neither a folder nor a repository that can be reached and read, or a repository that has what
            is needed in another format only.
    """
    path = local_folder(path_or_hub_id)
    if path is not None:
        return path
    if not _looks_like_hub_id(path_or_hub_id):
        raise CheckpointError(
            f"there is no folder {path_or_hub_id}; pass an existing folder or a hub name like google/gemma-2b"
        )
    try:
        directory = Path(huggingface_hub.snapshot_download(str(path_or_hub_id), allow_patterns=list(files)))
    except Exception as error:  # the hub's own classes, those of its HTTP library, and the disk's
        raise CheckpointError(_advice(str(path_or_hub_id), error)) from error
    _refuse_other_formats(str(path_or_hub_id), directory, files)
    return directory


def local_folder(name: str | Path) -> Path | None:
    """The folder of that name on this machine; None if nothing has this name.

    Raises:
        CheckpointError: it is a file, or nothing that the system could be asked about: too long, with a null byte, in
            a place that may not be entered, or in the home of nobody.
    """
    try:
        path = Path(name).expanduser()
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CheckpointError(f"{str(name)[:80]!r} is no folder that can be looked into ({reason}); {PASS}") from error
    if not stat.S_ISDIR(mode):
        raise CheckpointError(f"{path} is a file; {PASS}")
    return path


def is_cached(hub_id: str, file: str = "config.json") -> bool:
    """Whether a file of a hub repository is on this machine already. Never touches the network."""
    try:
        return isinstance(huggingface_hub.try_to_load_from_cache(hub_id, file), str)
    except errors.HFValidationError:  # no repository can have this name
        return False


def _refuse_other_formats(hub_id: str, directory: Path, files: Sequence[str]) -> None:
    """Raise a CheckpointError about a repository that has what is needed in another format, which nothing downloads."""
    arrived = {stem(pattern) for pattern in files if any(directory.glob(pattern))}
    missing = ({stem(pattern) for pattern in files} & UNREAD.keys()) - arrived
    if missing:
        try:
            names = huggingface_hub.list_repo_files(hub_id)
        except Exception:  # as above: without the list, what reads the folder complains
            return
        for name in sorted(missing):
            said = unread_format(name, names)
            if said is not None:
                raise CheckpointError(f"{hub_id} {said}")


def _looks_like_hub_id(name: str | Path) -> bool:
    """``owner/name`` or ``name``; a Path object, or a text that starts like a path, is meant as a folder."""
    return isinstance(name, str) and name.count("/") <= 1 and not name.startswith((".", "/", "~")) and "\\" not in name


def _advice(hub_id: str, error: Exception) -> str:
    """What went wrong with a repository and what to do, in one sentence."""
    page = f"https://huggingface.co/{hub_id}"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return (
            f"{hub_id} is gated: accept its license at {page}, then run `hf auth login` with a token that may read it"
        )
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 404):
        return (
            f"there is no folder {hub_id!r} here, and no repository of that name that you may read on the hub; check "
            f"the spelling at {page}, and if the repository is private run `hf auth login`"
        )
    if isinstance(error, errors.HFValidationError):
        return f"{hub_id!r} is neither a folder here nor a valid hub name (owner/name); check the spelling"
    if isinstance(error, (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled)):
        return (
            f"{hub_id} is not on this machine and the hub cannot be reached: check the network (and that "
            "HF_HUB_OFFLINE is not set), or pass the folder of a copy that you have"
        )
    return (
        f"downloading {hub_id} failed ({type(error).__name__}: {error}); check the network and the free disk space, "
        "and try again: what has arrived is kept"
    )
