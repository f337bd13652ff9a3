"""What becomes of a fault: caught, and by which test; survived; or no test could see it."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from copies import Copy
from points import Fault
from sight import Sight


@dataclass(frozen=True)
class Verdict:
    """What became of a fault."""

    fault: Fault | None
    """None for a figure of which no wrong drawing is known."""
    status: str
    """caught, survived, not run (no test imports the file), or equivalent (it is on the list)."""
    test: str = ""
    how: str = ""
    """seen by a test, crash of the code itself, hang, or died; empty unless it is caught."""
    seconds: float = 0.0
    files: int = 0
    """Test files that were run."""
    of: int = 0
    """Test files that could see it."""
    subject: str = ""
    """The plotting function that was drawn wrongly."""

    def __str__(self) -> str:
        ends = {"caught": f"\n    {self.how} by {self.test} ({self.seconds:.1f} s)",
                "survived": f"\n    after {self.files} of {self.of} test files ({self.seconds:.0f} s)"}  # fmt: skip
        what = self.fault or f"{self.subject}: no wrong drawing is known"
        return f"{self.status:10s} {what}{ends.get(self.status, '')}"


@dataclass
class Judge:
    """Plants faults into a copy, and runs the tests that could see them.

    A test counts only if it passes without the fault.
    """

    copy: Copy
    sight: Sight
    equivalent: dict[tuple[str, str, str], str]
    """Faults that change nothing: (path, before, after) to the reason."""
    hang: float = 60.0
    limit: float = 300.0
    passes: dict[str, bool] | None = None
    """Which tests pass without a fault, as far as it is known; judges may share it."""

    def __post_init__(self) -> None:
        self.passes = {} if self.passes is None else self.passes

    def judge(self, fault: Fault) -> Verdict:
        """Run the tests that could see a fault, the nearest first, until one fails."""
        if (fault.path, fault.before, fault.after) in self.equivalent:
            return Verdict(fault, "equivalent")
        portions = self.sight.nearest(fault.path)
        start, files, of = time.monotonic(), 0, sum(map(len, portions))
        for portion in portions:
            left = self.limit - (time.monotonic() - start)
            found = self.first_failure(fault, portion, left) if left > 0 else {"limit": True}
            seconds = time.monotonic() - start
            if "failed" in found:
                return Verdict(fault, "caught", found["failed"], found["how"], seconds, files + len(portion), of)
            if "limit" in found:
                break
            files += len(portion)
        return Verdict(fault, "survived" if of else "not run", seconds=time.monotonic() - start, files=files, of=of)

    def first_failure(self, fault: Fault, files: list[str], limit: float) -> dict:
        """What fails with the fault and not without it."""
        end = time.monotonic() + limit
        while (left := end - time.monotonic()) > 0:
            self.copy.plant(fault)
            without = [name for name, passes in self.passes.items() if not passes]
            sound = [file for file in files if file not in without]
            found = self.copy.run(sound, hang=self.hang, limit=left, without=without) if sound else {}
            if found.get("limit"):
                return {"limit": True}
            if "failed" not in found or self.passes_without(found["failed"]):
                return found
        return {"limit": True}

    def passes_without(self, test: str) -> bool:
        """Whether a test passes where there is no fault."""
        if test not in self.passes:
            self.copy.restore()
            only = [test] if "::" in test else None
            found = self.copy.run([test.partition("::")[0] or "."], hang=4 * self.hang, limit=8 * self.hang, only=only)
            self.passes[test] = found == {}
        return self.passes[test]

    def judge_drawings(self, subject: str, wrong: list[Fault]) -> Verdict:
        """Draw a figure wrongly once: the first wrong drawing that is drawn at all, instead of ending in an error.

        Args:
            subject: the plotting function.
            wrong: ways to draw it wrongly, the most wanted first.
        """
        verdict = Verdict(None, "not run", subject=subject)
        for fault in wrong:
            verdict = replace(self.judge(fault), subject=subject)
            if verdict.status != "equivalent" and verdict.how != "crash":
                break
        return verdict


def read_equivalent(path: Path) -> dict[tuple[str, str, str], str]:
    """The list of faults that change nothing: a line for each, ``path || before || after || reason``.

    Args:
        path: the list; lines that begin with ``#`` are comments.
    """
    found = {}
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, before, after, reason = (part.strip() for part in line.split(" || "))
            found[name, before, after] = reason
    return found
