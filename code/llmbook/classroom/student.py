"""A student's process as the grader sees it: ask it something within a time, and end it with all its children."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from typing import Any

from llmbook.classroom.sandbox import Limits, command, environment, memory_of, seconds_of, shared_memory, tree
from llmbook.classroom.wire import HEAD, WireError, check_lengths, pack, unpack

LOOK = 0.05
"""Seconds between two looks at the processes."""
FREED = 2.0
"""Seconds that Linux may take to free the memory of a sandbox."""
MEMORY = "your code took too much memory and was stopped"


class Ended(Exception):
    """The student's process is gone, or was ended; ``status`` says why in a word."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Student:
    """The process that runs one submission; a context that ends it."""

    _one_by_one = threading.Lock()
    """Who took shared memory is found by ending one submission at a time."""

    def __init__(self, limits: Limits, *, sandboxed: bool) -> None:
        self.limits, self.sandboxed = limits, sandboxed
        self.number, self.used, self.log = 0, 0.0, bytearray()
        theirs_in, self.write = os.pipe()
        self.read, theirs_out = os.pipe()
        try:
            self.process = subprocess.Popen(
                command(limits, (theirs_in, theirs_out), sandboxed=sandboxed), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=(theirs_in, theirs_out),
                start_new_session=True, env=environment(), cwd="/",
            )  # fmt: skip
        except BaseException:
            os.close(self.write), os.close(self.read)
            raise
        finally:
            os.close(theirs_in), os.close(theirs_out)
        os.set_blocking(self.write, False)
        os.set_blocking(self.read, False)
        threading.Thread(target=self._keep_log, daemon=True).start()

    def __enter__(self) -> "Student":
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def ask(self, seconds: float, **question: object) -> dict[str, Any]:
        """Send a question and wait for its answer; ``used`` tells how many of the seconds that took.

        Raises:
            Ended: the process took too long, used too much, died, or answered with what is no value.
        """
        self.number += 1
        self.allowed, self.used = seconds, 0.0
        self.since = time.monotonic(), seconds_of(tree(self.process.pid)), shared_memory()
        try:
            self._send(pack({"number": self.number, **question}))
            text, numbers = HEAD.unpack(self._receive(HEAD.size))
            check_lengths(text, numbers)
            answer = unpack(self._receive(text), self._receive(numbers))
        except WireError as error:
            raise self._ended("garbled", f"your process answered with what is no value: {error}") from None
        if type(answer) is not dict or type(number := answer.get("number")) is not int or number != self.number:
            raise self._ended("garbled", "your process answered something that was not asked")
        return answer

    def end(self) -> None:
        """Kill the process and all that it has started."""
        if self.process.returncode is None:
            others = tree(self.process.pid, most=2 if self.sandboxed else 10_000)[1:]
            for each in others[::-1]:  # in a sandbox the first process, with which all the others go
                with contextlib.suppress(OSError):
                    os.kill(each, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10 if self.sandboxed and others else 0)
            self.process.kill()
            self.process.wait()
        for file in (self.read, self.write):
            if file >= 0:
                os.close(file)
        self.read = self.write = -1

    def _send(self, frame: bytes) -> None:
        view = memoryview(frame)
        while view:
            self._wait(self.write, select.POLLOUT)
            try:
                view = view[os.write(self.write, view) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._gone() from None

    def _receive(self, size: int) -> bytes:
        """So many bytes, of which no more is allocated than has come."""
        got = bytearray()
        while len(got) < size:
            self._wait(self.read, select.POLLIN)
            try:
                part = os.read(self.read, min(size - len(got), 2**16))
            except BlockingIOError:
                continue
            if not part:
                raise self._gone()
            got += part
        return bytes(got)

    def _wait(self, file: int, event: int) -> None:
        """Until a file is ready; look at the processes meanwhile."""
        poll = select.poll()
        poll.register(file, event)
        while not poll.poll(1000 * LOOK):
            self._look()
        self._look()

    def _look(self) -> None:
        """End the process if it has used up one of its limits."""
        processes = tree(self.process.pid, most=self.limits.processes + 1)
        clock, processor = time.monotonic() - self.since[0], seconds_of(processes) - self.since[1]
        self.used = max(processor, clock / self.limits.patience)
        if self.used > self.allowed:
            raise self._ended("timeout", "your code took too long and was stopped: is there a loop without an end?")
        if len(processes) > self.limits.processes:
            raise self._ended("processes", "your code started too many processes and was stopped")
        if memory_of(processes) > self.limits.memory:
            raise self._ended("memory", MEMORY)
        if shared_memory() - self.since[2] > self.limits.memory:
            self._look_at_shared_memory()

    def _look_at_shared_memory(self) -> None:
        """End the process if shared memory goes with it; the machine counts that of all submissions together.

        Raises:
            Ended: it was this one.
            RuntimeError: it was another one, for which this one is not to blame.
        """
        with self._one_by_one:
            before = shared_memory()
            if before - self.since[2] <= self.limits.memory:
                return  # another one was ended meanwhile
            ended, until = self._ended("memory", MEMORY), time.monotonic() + FREED
            while time.monotonic() < until:
                if before - shared_memory() > self.limits.memory / 2:
                    raise ended
                time.sleep(LOOK)
        raise RuntimeError("another program took so much shared memory that this submission could not be graded")

    def _gone(self) -> Ended:
        return self._ended("crashed", "your code ended its process (os._exit, or a crash of a library)")

    def _ended(self, status: str, message: str) -> Ended:
        self.end()
        return Ended(status, message)

    def _keep_log(self) -> None:
        """Keep the head of what is printed, and drop the rest."""
        with self.process.stdout as file:
            while part := os.read(file.fileno(), 2**16):
                self.log += part[: self.limits.log - len(self.log)]
