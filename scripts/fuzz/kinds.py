"""A kind of input: how it is made, by which reader it is read, and what a right reading of it is.

The outcomes are defined in ``verdicts.py``.
"""

import random
import shutil
import tempfile
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from damage import Files, damaged, write
from second_reading import Unsaid
from verdicts import Verdict

LONGEST_MESSAGE = 1500


@dataclass(frozen=True)
class Original:
    """A whole set of files that a writer of the package made, and what a kind must know of it."""

    files: Files
    label: str = ""
    extra: Any = None


@dataclass
class Kind:
    """One kind of damaged input.

    A subclass gives the four functions below. ``make`` is asked once in a process.
    """

    name: str
    share: float
    """Of all damaged inputs."""
    errors: tuple[type[BaseException], ...]
    """The reader's documented errors; a subclass of one is none."""
    made: list[Original] = field(default_factory=list)

    def make(self) -> list[Original]:
        """Whole sets."""
        raise NotImplementedError

    def read(self, folder: Path, original: Original) -> Any:
        """Read a set with the package's reader."""
        raise NotImplementedError

    def problem(self, found: Any, files: Files, original: Original) -> str | None:
        """Why what was read is not what the files say; :class:`Unsaid` if they say nothing."""
        raise NotImplementedError

    def changed(self, original: Original) -> str | None:
        """What a refusal has changed, although it was refused."""
        return None

    def names(self, files: Collection[str]) -> set[str]:
        """What a message may call a file."""
        return {Path(name).name for name in files}

    def originals(self) -> list[Original]:
        """The sets, made when they are first needed."""
        if not self.made:
            self.made = self.make()
        return self.made

    def case(self, number: int, place: Callable[[], Path] | None = None) -> Verdict:
        """Break a set, read it, and judge what came of it.

        Args:
            number: of the case; an equal number is an equal case.
            place: makes the folder for the set, None for a temporary one.
        """
        rng = random.Random(f"{self.name}:{number}")
        originals = self.originals()
        original, other = rng.choice(originals), rng.choice(originals)
        files, told = damaged(rng, original.files, other.files)
        folder = place() if place else Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            write(folder, files)
            outcome, why = self.judge(folder, files, original)
        finally:
            if place is None:
                shutil.rmtree(folder, ignore_errors=True)
        return Verdict(self.name, number, outcome, f"{original.label}: {', '.join(told)}".removeprefix(": "), why)

    def judge(self, folder: Path, files: Files, original: Original) -> tuple[str, str]:
        """Read a folder: the outcome, and why."""
        try:
            found = self.read(folder, original)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a library's panic is no Exception
            return self._refused(error, files, original)
        try:
            wrong = self.problem(found, files, original)
        except Unsaid as unsaid:
            wrong = f"taken, although the files say nothing: {unsaid}"
        return ("wrong", wrong) if wrong else ("right", "")

    def _refused(self, error: BaseException, files: Files, original: Original) -> tuple[str, str]:
        """The outcome of an error."""
        if changed := self.changed(original):
            return "wrong", f"refused, but {changed}"
        said = "\n".join([str(error), *getattr(error, "__notes__", [])])
        if type(error) not in self.errors:
            place = "".join(traceback.format_exception(error)[-4:]).strip()
            return "unclear", f"{type(error).__name__}: {said[:300]}\n{place[-700:]}".encode(
                "utf-8", "replace"
            ).decode()
        if not any(name in said for name in self.names({*files, *original.files})):
            return "unclear", f"the message names no file: {said[:300]!r}"
        if len(said) > LONGEST_MESSAGE:
            return "unclear", f"a message of {len(said):,} characters: {said[:200]!r}"
        try:
            said.encode()
        except UnicodeEncodeError:
            return "unclear", f"a message that cannot be printed: {said[:300]!r}"
        return "clear", said
