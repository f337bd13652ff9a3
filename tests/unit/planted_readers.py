"""Readers that are right, or wrong in each way that ``make fuzz`` tells apart, for its own tests."""

import os
import signal
import sys
import time
from pathlib import Path

from package_imports import CHECKOUT

sys.path.append(str(CHECKOUT / "scripts" / "fuzz"))
from kinds import Kind, Original
from second_reading import Unsaid, read_object, same

FILE = "small.json"


class PlantedError(ValueError):
    """What these readers are said to raise."""


class LaterError(PlantedError):
    """What is not said."""


def right(path):
    """The content, or the error that is said."""
    try:
        return read_object(path.read_bytes())
    except (Unsaid, OSError) as error:
        raise PlantedError(f"{path}: {error}") from error


def never(error):
    """A reader that refuses everything, in this way."""
    def read(path):
        raise error(path)

    return read


def after(action):
    """A reader that does something first."""
    def read(path):
        action()
        return right(path)

    return read


READERS = {  # name: a reader, and the bad outcome that it must have
    "right": (right, None),
    "other-error": (never(lambda path: KeyError(str(path))), "unclear"),
    "subclass": (never(lambda path: LaterError(str(path))), "unclear"),
    "nameless": (never(lambda path: PlantedError("the file is damaged")), "unclear"),
    "long": (never(lambda path: PlantedError(f"{path}: {'x' * 5000}")), "unclear"),
    "unprintable": (never(lambda path: PlantedError(f"{path}: \ud800")), "unclear"),
    "panic": (never(lambda path: BaseException(str(path))), "unclear"),
    "hang": (after(lambda: time.sleep(60)), "hang"),
    "killed": (after(lambda: os.kill(os.getpid(), signal.SIGKILL)), "crash"),
    "memory": (after(lambda: bytearray(1 << 44)), "unclear"),
    "field": (lambda path: right(path) | {"alpha": 1}, "wrong"),
    "memory-of-old": (lambda path: {"alpha": 1, "name": "x"}, "wrong"),
}


class Planted(Kind):
    """A kind with one of these readers."""

    def make(self):
        return [Original({FILE: b'{"alpha": 3, "name": "x"}'}), Original({FILE: b'{"alpha": 4, "name": "y"}'})]

    def read(self, folder: Path, original):
        return READERS[self.name][0](folder / FILE)

    def problem(self, found, files, original):
        return None if same(found, read_object(files.get(FILE))) else "read as something else"


class Changing(Planted):
    """A reader that refuses rightly, and has changed something before."""

    def read(self, folder: Path, original):
        return right(folder / FILE)

    def changed(self, original):
        return "it is another"


KINDS = [Planted(name, 0.1, (PlantedError,)) for name in READERS] + [Changing("changing", 0.1, (PlantedError,))]
