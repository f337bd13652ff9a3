"""Processes that judge cases; one that gives no answer in time is ended, and one that has died is started again."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from verdicts import Verdict

START = 120.0
"""Seconds that a process may take until it is ready, on a busy machine."""


@dataclass
class Worker:
    """One process.

    Args:
        modules: those with the kinds.
        seconds: for one case.
        memory: bytes that a case may ask for.
    """

    modules: tuple[str, ...]
    seconds: float
    memory: int
    process: subprocess.Popen | None = None
    folder: str = ""
    ended: bool = False
    """Whether the process has closed its side, as it does when it dies."""

    def judge(self, kind: str, number: int) -> Verdict:
        """The verdict on a case."""
        if self.process is None or self.process.poll() is not None:
            self.stop()
            self.start()
        self.process.stdin.write(f"{kind} {number}\n".encode())
        self.process.stdin.flush()
        answer = self.answer(self.seconds)
        if answer is not None:
            return Verdict(**json.loads(answer))
        hangs = self.process.poll() is None and not self.ended
        status = self.stop()
        why = f"no answer within {self.seconds:g} s" if hangs else f"the process died with status {status}"
        return Verdict(kind, number, "hang" if hangs else "crash", why=why)

    def answer(self, seconds: float) -> bytes | None:
        """The next line, or None if it does not come."""
        self.ended, end, line = False, time.monotonic() + seconds, b""
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            part = os.read(self.process.stdout.fileno(), 1 << 16)
            if not part:
                self.ended = True
                return None
            line += part
        return line

    def start(self) -> None:
        """Start the process, in a session of its own, so that it can be ended with all that it has started."""
        self.folder = tempfile.mkdtemp(prefix="fuzz-")
        own = {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", "TMPDIR": self.folder, "HF_HUB_OFFLINE": "1"}
        path = os.pathsep.join(filter(None, [str(Path(self.modules[0]).parent), os.environ.get("PYTHONPATH", "")]))
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("reading.py")), str(self.memory),
             ",".join(Path(module).stem for module in self.modules)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            env=os.environ | own | {"PYTHONPATH": path})  # fmt: skip
        if self.answer(START) != b"ready\n":
            status = self.stop()
            raise RuntimeError(f"the process that reads the files did not start (status {status})")

    def stop(self) -> int | None:
        """End the process."""
        if self.process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):  # what has closed its side is about to end
            self.process.wait(5 if self.ended else 0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.process = None
        return status


def judge_all(cases: list[tuple[str, int]], workers: list[Worker]) -> Iterator[Verdict]:
    """The verdicts on all cases, each as soon as it is there."""
    free: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def judge(case: tuple[str, int]) -> Verdict:
        worker = free.get()
        try:
            return worker.judge(*case)
        finally:
            free.put(worker)

    threads = ThreadPoolExecutor(len(workers))
    try:
        for done in as_completed([threads.submit(judge, case) for case in cases]):
            yield done.result()
    finally:  # also when somebody has had enough
        threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.stop()
