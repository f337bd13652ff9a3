"""A copy of the project, in which a fault is planted and the tests are run; the project itself is never touched."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from points import Fault

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "_build", ".*_cache", "__pycache__", ".ipynb_checkpoints")
LIBRARIES = ("numpy", "torch", "matplotlib.figure", "matplotlib.backends.backend_svg", "scipy.stats", "tokenizers",
             "transformers.modeling_utils", "peft")  # fmt: skip
"""What is in memory before the first test: to import these takes longer than most tests."""


class Copy:
    """A copy of a project in a temporary folder, with a process that runs its tests.

    Args:
        root: the project.
        libraries: what that process imports once for all.
    """

    def __init__(self, root: Path, libraries: tuple[str, ...] = LIBRARIES) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="faults-")).resolve()
        self.root, self.scratch = self.folder / "project", self.folder / "scratch"
        shutil.copytree(root, self.root, ignore=LEFT_OUT, ignore_dangling_symlinks=True)
        self.libraries = ",".join(libraries) or "json"
        self.clean: dict[Path, bytes] = {}
        self.changes = 0
        self.host: subprocess.Popen | None = None

    def __enter__(self) -> "Copy":
        return self

    def __exit__(self, *error: object) -> None:
        if self.host is not None:
            self.host.stdin.close()
            self.host.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def plant(self, fault: Fault) -> None:
        """Put a fault into the copy; earlier ones are taken out."""
        self.restore()
        path = self.root / fault.path
        self.clean[path] = path.read_bytes()
        self.write(path, fault.apply(self.clean[path]))

    def restore(self) -> None:
        """Take all faults out."""
        for path, text in self.clean.items():
            self.write(path, text)
        self.clean.clear()

    def write(self, path: Path, text: bytes) -> None:
        """Write a file with a time that no other version has: Python knows compiled files by time and size."""
        path.write_bytes(text)
        self.changes += 1
        os.utime(path, (10**9 + self.changes, 10**9 + self.changes))

    def run(self, files: list[str], *, hang: float, limit: float, **choice: list[str]) -> dict:
        """Run test files until the first failure.

        Args:
            files: from the top of the project.
            hang: seconds for one test.
            limit: seconds for all.
            **choice: names of tests, ``only`` these or ``without`` these.

        Returns:
            Nothing if all passed; else ``failed``, the first test that did not pass, and ``how``: "seen" by a test,
            "crash" of the code, "hang", "died". ``limit`` if time was up.
        """
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        paths = {"record": str(self.folder / "record"), "log": str(self.folder / "log")}
        self.started().stdin.write(json.dumps({"files": files, "hang": hang, "limit": limit} | paths | choice) + "\n")
        self.host.stdin.flush()
        return json.loads(self.host.stdout.readline())

    def started(self) -> subprocess.Popen:
        """The process that runs the tests."""
        if self.host is None:
            own = {"PYTHONPATH": str(self.root / "code"), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0",
                   "TMPDIR": str(self.scratch)}  # fmt: skip
            self.scratch.mkdir(exist_ok=True)
            self.host = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("host.py")), self.libraries], cwd=self.root,
                env=os.environ | own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if self.host.stdout.readline() != "ready\n":
                raise RuntimeError("the process that runs the tests did not start; its message is above")
        return self.host
