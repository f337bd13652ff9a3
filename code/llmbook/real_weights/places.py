"""Where weights are kept: a folder of the user's own for what can be fetched again, outside of any project."""

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmbook.real_weights.catalog import CATALOG, Weights

OURS = "LLMBOOK_CACHE"
"""The environment variable that says another folder."""


def cache_folder(environment: Mapping[str, str] | None = None, system: str = sys.platform) -> Path:
    """The folder of this book's caches.

    ``LLMBOOK_CACHE`` if that is set; else ``llmbook`` in the system's folder for caches: ``XDG_CACHE_HOME`` or
    ``~/.cache``, on macOS ``~/Library/Caches``, on Windows ``LOCALAPPDATA``.

    Args:
        environment: variables by name, None for those of this process.
        system: as ``sys.platform`` names it.
    """
    said = os.environ if environment is None else environment
    if said.get(OURS):
        return Path(said[OURS]).expanduser()
    home = Path("~").expanduser()
    if system == "win32":
        return Path(said.get("LOCALAPPDATA") or home / "AppData" / "Local") / "llmbook" / "Cache"
    usual = home / "Library" / "Caches" if system == "darwin" else home / ".cache"
    xdg = said.get("XDG_CACHE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else usual) / "llmbook"  # the rules of XDG: a relative one is ignored


def weights_folder() -> Path:
    """Where fetched weights lie."""
    return cache_folder() / "weights"


def find_weights(name: str) -> Path | None:
    """The file of weights that are on this machine; never touches the network.

    It is looked for where ``python -m llmbook.real_weights`` puts it, and where pip would have installed its package.

    Args:
        name: of the catalog, such as "smollm2".

    Returns:
        None if the file is nowhere, or has not the size that it must have.

    Raises:
        KeyError: the catalog has no such weights.
    """
    weights = CATALOG[name]
    return next((path for path in _places(weights) if has_size(path, weights.size)), None)


def has_size(path: Path, size: int) -> bool:
    """Whether a file is there, of so many bytes."""
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False


def _places(weights: Weights) -> Iterator[Path]:
    """Where the file may be, the likeliest first."""
    yield weights_folder() / weights.file
    for kind in ("purelib", "platlib"):
        yield Path(sysconfig.get_path(kind)) / weights.member
