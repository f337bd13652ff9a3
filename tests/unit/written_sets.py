"""Sets of files, the ways to stop their writer at every step, and what is found then."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

from llmbook.checkpoint.writing import current, replace_files

CONFIG, WEIGHTS, OTHER = "config.json", "model.safetensors", "tokenizer.json"
NAMES = (WEIGHTS, CONFIG)
OLD, NEW, NEXT = ({name: f"{age} {name}" for name in NAMES} for age in ("old", "new", "next"))


def two_renames(directory, files):
    """The fault: both files written beside, then moved one after the other."""
    for name, text in files.items():
        (directory / f"{name}.new").write_text(text)
    for name in files:
        (directory / f"{name}.new").replace(directory / name)


WAYS = {"replace_files": replace_files, "two_renames": two_renames}


def start(folder, before):
    """A folder with these files and another one."""
    folder.mkdir(parents=True)
    for name, text in {**before, OTHER: "kept"}.items():
        (folder / name).write_text(text)
    return folder


def in_place(folder):
    """What a program sees that knows nothing of the writer."""
    return {name: (folder / name).read_text() for name in NAMES if (folder / name).exists()}


def found(folder):
    """What a reader of this book sees."""
    return {name: current(folder / name).read_text() for name in NAMES if current(folder / name).exists()}


def everything(folder):
    """All paths below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def is_mixed(folder, before):
    """Whether a reader finds neither the old files nor the new ones, or another program a config of other files."""
    others = in_place(folder)
    return found(folder) not in (before, NEW) or (CONFIG in others and others not in (before, NEW))


def assert_goes_on(folder):
    """The next write clears everything away."""
    assert (folder / OTHER).read_text() == "kept"
    replace_files(folder, NEXT)
    assert in_place(folder) == NEXT and everything(folder) == sorted((*NAMES, OTHER))


def fail_at(patch, name, first, last):
    """Calls of ``os.name`` fail, from one number to another."""
    right, count = getattr(os, name), itertools.count()

    def failing(*args, **options):
        if first <= next(count) < last:
            raise OSError(f"injected into {name}")
        return right(*args, **options)

    patch.setattr(os, name, failing)
    return count


def stop_at_line(number, action, write, *args):
    """Write, and act before the numbered line of the writer."""
    lines, file = itertools.count(), write.__code__.co_filename

    def trace(frame, event, _):
        if frame.f_code.co_filename != file:
            return None
        if event == "line" and next(lines) == number:
            action()
        return trace

    sys.settrace(trace)
    try:
        write(*args)
    finally:
        sys.settrace(None)


def interrupt():
    """What Ctrl-C does."""
    raise KeyboardInterrupt


def kill():
    """What no program can answer."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_everywhere(way, folder, before):
    """In a process of its own: a folder for each line before which a writer was killed."""
    for number in itertools.count():
        place = start(folder / str(number), before)
        child = os.fork()
        if not child:
            stop_at_line(number, kill, WAYS[way], place, NEW)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            return


def kills(way, folder, before):
    """The folders that kills have left."""
    command = [sys.executable, __file__, way, folder, "old" if before else "fresh"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return sorted(folder.iterdir(), key=lambda path: int(path.name))


if __name__ == "__main__":
    killed_everywhere(sys.argv[1], Path(sys.argv[2]), OLD if sys.argv[3] == "old" else {})
