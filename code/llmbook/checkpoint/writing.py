"""Files that belong together, replaced all at once or not at all.

No file system exchanges two files of a folder in one step. So the new ones are written beside the old ones, into a
hidden folder, and pushed to the disk; then one rename, of that folder to ``.switching``, decides. From there on the
new files count, wherever each of them lies: :func:`current` finds those that still wait. The old ones are moved
aside, the new ones into their places, and a second rename ends it.

An error on the way moves everything back. A kill cannot: it leaves ``.switching``, in which :func:`current` finds what
is missing in its place, so that a reader has the whole new set; the next write, or :func:`finish`, ends the moves.
Programs that know nothing of this may find the folder without its ``config.json``, which leaves first and comes last:
they refuse it, and mix nothing. A single file needs none of this, because one rename replaces it.

Nothing locks a folder: one process at a time may write into it. Loads may run meanwhile; :func:`fingerprint` tells
them whether a set was replaced under their hands.
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

SWITCHING = ".switching"  # a new set that counts already, and what it replaces
WRITING = ".writing-"  # how the name of a set begins that does not count yet, or no more
NEW, OLD = "new", "old"

Content = str | Callable[[Path], object]
"""Text, or a function that writes a file under the name that it is given."""


def replace_files(directory: Path, files: Mapping[str, Content]) -> None:
    """Write files that belong together; every other file of the folder stays.

    After an error the folder holds what it held before. After a kill a reader that asks :func:`current` finds all old
    files or all new ones. What earlier kills have left is cleared away first.

    Args:
        directory: made if it does not exist.
        files: contents by name. A name that is a link becomes a file, and what the link points to stays.

    Raises:
        OSError: a file cannot be written, or a name is that of a folder.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _refuse_folders(directory, files)
    finish(directory)
    for left in directory.glob(f"{WRITING}*"):
        shutil.rmtree(left, ignore_errors=True)
    written = directory / f"{WRITING}{secrets.token_hex(4)}"
    try:
        _write(written, files)
        _switch(written, list(files))
    finally:
        shutil.rmtree(written, ignore_errors=True)


def replace_file(path: Path, content: Content) -> None:
    """Write a file, whose folder is made if it does not exist; at every moment it is the old one or the whole new one.

    Raises:
        OSError: it cannot be written, and what was there is there still.
    """
    replace_files(path.parent, {path.name: content})


def current(path: Path) -> Path:
    """Where a file lies that :func:`replace_files` wrote: in its place, unless a kill kept it from getting there."""
    waiting = path.parent / SWITCHING / NEW / path.name
    return waiting if waiting.is_file() else path


def fingerprint(path: Path) -> tuple[int, ...] | None:
    """What tells a file from the one that replaces it; None if there is none, or none that can be reached."""
    try:
        found = current(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def finish(directory: Path) -> None:
    """Move the files of a write that was killed into their places; without one, nothing happens."""
    journal = directory / SWITCHING
    if journal.is_dir():
        _move_in(journal)
        ended = directory / f"{WRITING}{secrets.token_hex(4)}"
        os.replace(journal, ended)
        shutil.rmtree(ended, ignore_errors=True)


def _refuse_folders(directory: Path, names: Iterable[str]) -> None:
    """A folder under the name of a file would be moved aside like an old file, and deleted."""
    for name in names:
        if (directory / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, "there is a folder of that name; move it away", str(directory / name))


def _write(written: Path, files: Mapping[str, Content]) -> None:
    """Write the new files, whole and down to the disk, into a folder of their own."""
    for part in (NEW, OLD):
        (written / part).mkdir(parents=True)
    for name, content in files.items():
        path = written / NEW / name
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8", newline="\n")
        else:
            content(path)
        path.chmod(written.stat().st_mode & 0o666)  # what the umask allows; safetensors lets the owner alone read
        with path.open("r+b") as file:  # Windows syncs no file that is open for reading only
            os.fsync(file.fileno())
    for folder in (written / NEW, written):
        sync_folder(folder)


def _switch(written: Path, names: list[str]) -> None:
    """Put the new files into the places of the old ones."""
    directory = written.parent
    if len(names) == 1:
        os.replace(written / NEW / names[0], directory / names[0])
        sync_folder(directory)
        return
    journal = directory / SWITCHING
    try:
        os.replace(written, journal)  # from here on the new files count
        sync_folder(directory)
        _move_in(journal)
        sync_folder(directory)
        os.replace(journal, written)
    except BaseException:
        if not written.exists():  # between the two renames
            _move_back(journal, names)
            os.replace(journal, written)  # from here on the old files count again
        raise


def _move_in(journal: Path) -> None:
    """Move the old files aside and the new ones into their places, from wherever this was stopped."""
    directory, waiting = journal.parent, _config_first(path.name for path in (journal / NEW).glob("*"))
    for name in waiting:
        if os.path.lexists(directory / name):
            os.replace(directory / name, journal / OLD / name)
    for name in reversed(waiting):
        os.replace(journal / NEW / name, directory / name)


def _move_back(journal: Path, names: list[str]) -> None:
    """Undo :func:`_move_in`; while it lasts, the new files count still."""
    for name in _config_first(names):
        if not (journal / NEW / name).exists():
            os.replace(journal.parent / name, journal / NEW / name)
    for name in reversed(_config_first(names)):
        if os.path.lexists(journal / OLD / name):
            os.replace(journal / OLD / name, journal.parent / name)


def _config_first(names: Iterable[str]) -> list[str]:
    """The order in which files leave; without its config, no program reads the rest of a checkpoint."""
    return sorted(names, key=lambda name: (not name.endswith("config.json"), name))


def sync_folder(directory: Path) -> None:
    """Push names to the disk, where the system can: Windows opens no folder, and some network disks sync none."""
    with contextlib.suppress(OSError):
        folder = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
