"""The walls around a student's process: bubblewrap, limits, and a watch over all processes that it starts.

Inside there is no network, no file of the machine but Python, this package and the book's data, all of them read only,
and a folder in memory to write into. bubblewrap (https://github.com/containers/bubblewrap) makes this from namespaces
of Linux; when its first process dies, the kernel ends every other one in there.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
DATA = PACKAGE.parents[1] / "data"  # of a checkout; an installed package has its data within
HOME = "/home/student"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")
INSTALL = "grading needs bubblewrap: sudo apt-get install bubblewrap (or --no-sandbox, if you trust every submission)"


class NoSandboxError(RuntimeError):
    """There is no bubblewrap on this machine, or it does not work."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Seconds are those of a processor; ``patience`` tells how long they may last."""

    boot: float = 60.0
    """Seconds until Python has started, which is none of the student's code."""
    cells: float = 20.0
    """Seconds for all cells of the notebook."""
    call: float = 10.0
    """Seconds for one call of a function, which may load PyTorch."""
    total: float = 120.0
    """Seconds for one submission, without loading."""
    patience: float = 3.0
    """Seconds on the clock for each second allowed: others may use the machine, and code may sleep."""
    memory: int = 3 * 2**30
    """Bytes of address space of a process, and of memory of all together."""
    file: int = 2**22
    """Bytes of one file."""
    folder: int = 2**26
    """Bytes of all files, which lie in memory."""
    processes: int = 32
    """Processes and threads."""
    log: int = 2**16
    """Bytes of output that are kept; what is printed beyond is dropped."""


def command(limits: Limits, files: tuple[int, int], *, sandboxed: bool) -> list[str]:
    """The command line of a worker that reads and writes two file descriptors.

    Raises:
        NoSandboxError: bubblewrap is missing.
    """
    worker = [
        sys.executable,
        "-m",
        "llmbook.classroom.worker",
        *map(str, files),
        *map(str, (limits.memory, limits.file, limits.processes if sandboxed and _counts_by_sandbox() else 0)),
    ]
    if not sandboxed:
        return worker
    found = shutil.which("bwrap")
    if found is None:
        raise NoSandboxError(INSTALL)
    return [found, *_walls(limits), "--", *worker]


def check_sandbox() -> None:
    """Try the walls on a command that does nothing.

    Raises:
        NoSandboxError: bubblewrap is missing, or this machine does not let it work.
    """
    walls = command(Limits(), (0, 0), sandboxed=True)
    tried = subprocess.run([*walls[: walls.index("--") + 1], "/bin/true"], capture_output=True, check=False)
    if tried.returncode:
        raise NoSandboxError(f"bubblewrap does not work here: {tried.stderr.decode(errors='replace').strip()[:300]}")


def _counts_by_sandbox() -> bool:
    """Whether Linux counts a user's processes for each sandbox by itself, which it does from 5.14 on."""
    return [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]] >= [5, 14]


def _walls(limits: Limits) -> list[str]:
    """The arguments of bubblewrap. What is bound comes behind the empty folders, one of which may hold it."""
    empty = [part for place in ("/tmp", HOME) for part in ("--size", str(limits.folder), "--tmpfs", place)]
    shown = [*SYSTEM, sys.base_prefix, sys.prefix, *([str(DATA)] if DATA.is_dir() else []), str(PACKAGE)]
    bound = [part for place in dict.fromkeys(shown) if os.path.exists(place) for part in ("--ro-bind", place, place)]
    named = [part for name, value in environment().items() for part in ("--setenv", name, value)]
    view = [*empty, "--proc", "/proc", "--dev", "/dev", *bound, "--remount-ro", "/dev", "--remount-ro", "/"]
    rights = ["--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    return [*view, "--chdir", HOME, *rights, "--die-with-parent", "--new-session", "--clearenv", *named]


def environment() -> dict[str, str]:
    """All environment variables that a worker has."""
    python = {"PYTHONPATH": str(PACKAGE.parent), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return python | {"HOME": HOME, "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}


def tree(process: int, most: int = 10_000) -> list[int]:
    """A process and all that descend from it, no more than so many; those in a sandbox cannot leave it."""
    found, waiting = [], [process]
    while waiting and len(found) < most:
        found.append(waiting.pop(0))
        waiting += _children(found[-1])
    return found


def _children(process: int) -> Iterable[int]:
    """The processes that a process or one of its threads has started."""
    try:
        tasks = os.listdir(f"/proc/{process}/task")
        return [int(each) for task in tasks
                for each in Path(f"/proc/{process}/task/{task}/children").read_text().split()]  # fmt: skip
    except OSError:
        return []


def memory_of(processes: Iterable[int]) -> int:
    """Bytes in memory that processes use; what two of them share counts twice."""
    total = 0
    for process in processes:
        try:
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return total * os.sysconf("SC_PAGE_SIZE")


def seconds_of(processes: Iterable[int]) -> float:
    """Seconds of a processor that processes have used, with their children that have ended."""
    ticks = 0
    for process in processes:
        try:
            after_the_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, after_the_name[11:15]))
        except (OSError, ValueError):
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def shared_memory() -> int:
    """Bytes of the machine's memory that are files or shared, which belong to no process."""
    found = re.search(r"^Shmem: *(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else 0
