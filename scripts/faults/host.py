"""A process that has the large libraries in memory, and makes a child of itself for every run of pytest.

It is started in a copy of the project (see ``copies.py``), reads orders as JSON, one a line, and answers each with a
line: whether the tests passed, or which was the first to fail, and how. The package itself is imported by the children
only, each from the files as they are then.
"""

import contextlib
import faulthandler
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

OPTIONS = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:faulthandler", "--tb=short"]


class Recorder:
    """A plugin of pytest that writes down what happens at once, so that it is known also of a run that is ended.

    Args:
        order: the order, see :func:`answer`.
    """

    def __init__(self, order: dict) -> None:
        self.order = order
        self.file = os.open(order["record"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def note(self, **what: object) -> None:
        """Write a line."""
        os.write(self.file, f"{json.dumps(what)}\n".encode())

    def pytest_collection_modifyitems(self, items: list) -> None:
        """Only the tests that are wanted."""
        only, without = self.order.get("only"), self.order.get("without", ())
        items[:] = [item for item in items if (only is None or item.nodeid in only) and item.nodeid not in without]

    def pytest_collectstart(self, collector: object) -> None:
        """The clock begins anew with each file."""
        self.start(getattr(collector, "nodeid", ""))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """The clock begins anew with each test."""
        self.start(nodeid)

    def start(self, nodeid: str) -> None:
        """End the process if this takes too long, also where no signal is answered."""
        self.note(start=nodeid, at=time.monotonic())
        faulthandler.dump_traceback_later(self.order["hang"], exit=True)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> object:
        """A failure, and whether a test saw it or the code itself broke."""
        report = (yield).get_result()
        if report.failed:
            self.note(failed=item.nodeid, how="crash" if is_crash(call.excinfo) else "seen")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported."""
        if report.failed:
            self.note(failed=report.nodeid, how="crash")


def is_crash(found: pytest.ExceptionInfo | None) -> bool:
    """Whether an error was raised by the code, outside of any test, and is no assertion."""
    if found is None or found.errisinstance((AssertionError, pytest.fail.Exception)):
        return False
    return "tests" not in Path(str(found.traceback[-1].path)).parts


def child(order: dict) -> None:
    """Run pytest, and end this process without cleaning up after the libraries."""
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    recorder = Recorder(order)
    status = pytest.main([*OPTIONS, f"--rootdir={os.getcwd()}", *order["files"]], plugins=[recorder])
    recorder.note(ended=int(status))
    os._exit(int(status))


def answer(order: dict) -> dict:
    """Do what an order says.

    Args:
        order: ``files`` to test, ``only`` and ``without`` test names, ``hang`` seconds for one test, ``limit`` for all;
            where to write the ``record`` and the ``log``.
    """
    Path(order["record"]).write_text("")
    if (pid := os.fork()) == 0:
        child(order)
    end = time.monotonic() + order["limit"]
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            stop(pid)
            os.waitpid(pid, 0)
            return verdict(order) | {"limit": True}
        time.sleep(0.02)
    stop(pid)  # what the tests have started
    return verdict(order)


def stop(pid: int) -> None:
    """End a child and all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def verdict(order: dict) -> dict:
    """What the record says: ``failed`` and ``how`` (seen, crash, hang, died), or nothing if all passed."""
    notes = [json.loads(line) for line in Path(order["record"]).read_text("utf-8").splitlines()]
    if failures := [note for note in notes if "failed" in note]:
        return failures[0]
    starts = [note for note in notes if "start" in note]
    if notes and "ended" in notes[-1]:
        # 0 all passed, 5 none was left to run; anything else is a failure of pytest itself
        return {} if notes[-1]["ended"] in (0, 5) else {"failed": starts[-1]["start"] if starts else "", "how": "died"}
    last = starts[-1] if starts else {"start": "", "at": time.monotonic()}
    return {"failed": last["start"], "how": "hang" if time.monotonic() - last["at"] >= order["hang"] else "died"}


def main() -> None:
    """Answer orders until there are no more."""
    root = Path.cwd().resolve()
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
    for name in sys.argv[1].split(","):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for package in (root / "code").glob("*/__init__.py"):
        origin = importlib.util.find_spec(package.parent.name).origin
        assert Path(origin).resolve() == package, f"{package.parent.name} is imported from {origin}, not from the copy"
    answers.write("ready\n")
    for line in orders:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
