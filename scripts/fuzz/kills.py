"""A writer that is killed: afterwards a reader finds all of the old or all of the new, and the next write clears up.

A child writes one set after the other, and tells after each that it is done. It is killed at a random moment: after a
while by the clock, or before a line of the writer that is drawn by lot, which can be done again exactly.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kinds import Kind
from second_reading import same
from verdicts import Verdict

import llmbook

PACKAGE = str(Path(llmbook.__file__).parent)
KEPT = "kept.txt"
"""A file of the folder that no writer may touch."""


@dataclass
class Killed(Kind):
    """One writer.

    A kind of its own: what is tried is a moment, and not a broken input.
    """

    write: Callable[[Path, int], object] = print
    """Writes set number 0, 1, 2, ... into a folder."""
    look: Callable[[Path], Any] = print
    """What the reader finds there."""
    names: str = ""
    """A pattern for the names that may be there after a write, folders left out."""
    known: dict = field(default_factory=dict)

    def case(self, number: int, place: object = None) -> Verdict:
        """Write, kill, read, write again."""
        rng, folder = random.Random(f"{self.name}:{number}"), Path(tempfile.mkdtemp(prefix="fuzz-kill-"))
        first, by_line, share = rng.choice((0, 1, 1)), rng.random() < 0.5, rng.random()
        try:
            (folder / KEPT).write_text("kept")
            if first:
                self.write(folder, 0)
            lines, seconds = self.measured()
            moment = {"line": int(share * 2 * lines)} if by_line else {"seconds": share * 2 * seconds}
            done = first + self.kill(folder, first, **moment)
            when = ", ".join(f"{name} {value:.4g}" for name, value in moment.items())
            outcome, why = self.verdict(folder, done)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Verdict(self.name, number, outcome, f"killed at {when}, {done} sets written", why)

    def measured(self) -> tuple[int, float]:
        """How many lines of the package, and how many seconds, a write takes."""
        if "cost" not in self.known:
            with tempfile.TemporaryDirectory() as folder:
                self.write(Path(folder), 0)
                start = time.monotonic()
                self.write(Path(folder), 1)
                seconds, lines = time.monotonic() - start, [0]
                with traced(lambda: lines.__setitem__(0, lines[0] + 1)):
                    self.write(Path(folder), 2)
            self.known["cost"] = lines[0], seconds
        return self.known["cost"]

    def kill(self, folder: Path, first: int, line: int | None = None, seconds: float | None = None) -> int:
        """Let a child write until it is killed: how many sets it has written whole."""
        told, tell = os.pipe()
        child = os.fork()
        if not child:
            os.close(told)
            _write_on(self.write, folder, first, tell, line)
        os.close(tell)
        os.read(told, 1)  # it begins
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(told, "rb") as file:
            return len(file.read())

    def verdict(self, folder: Path, done: int) -> tuple[str, str]:
        """Look at what is left, and at what the next write makes of it."""
        allowed = [self.whole(each) for each in (done - 1, done) if each >= 0]
        try:
            found = self.look(folder)
            if not any(same(found, each) for each in allowed):
                return "wrong", f"neither the old set nor the new: {str(found)[:300]}"
        except Exception as error:
            if done:  # before the first set is whole there is nothing to read
                return "unclear", f"the reader finds nothing: {type(error).__name__}: {str(error)[:500]}"
        self.write(folder, done + 1)
        left = [path.name for path in folder.rglob("*") if not re.fullmatch(f"{self.names}|{KEPT}", path.name)]
        if left or (folder / KEPT).read_text() != "kept":
            return "wrong", f"the next write leaves {left}, or has touched another file"
        if not same(self.look(folder), self.whole(done + 1)):
            return "wrong", "the next write is not what is read"
        return "right", ""

    def whole(self, turn: int) -> Any:
        """What a reader finds after a write in peace."""
        if turn not in self.known:
            with tempfile.TemporaryDirectory() as folder:
                self.write(Path(folder), turn)
                self.known[turn] = self.look(Path(folder))
        return self.known[turn]


def _write_on(write: Callable[[Path, int], object], folder: Path, turn: int, tell: int, line: int | None) -> None:
    """In a child: write until the end."""
    left = [line]

    def count() -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    os.write(tell, b".")
    with contextlib.ExitStack() as stack:
        if line is not None:
            stack.enter_context(traced(count))
        for each in range(turn, turn + 1000):
            write(folder, each)
            os.write(tell, b".")
    os._exit(0)


@contextlib.contextmanager
def traced(count: Callable[[], object]):
    """Call a function before each line of the package."""

    def trace(frame: Any, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            count()
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)
