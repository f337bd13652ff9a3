"""A process that judges cases, within limits of memory, until there are no more.

It reads ``KIND NUMBER`` lines and answers each with a line of JSON: outcome, what was done, and why. Time is kept by
the process that asks.
"""

import contextlib
import importlib
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

KINDS = (
    "kind_checkpoints",
    "kind_gguf",
    "kind_adapters",
    "kind_tokenizers",
    "kind_meetings",
    "kind_tables",
    "kind_runs",
    "kill_writers",
)
"""The modules whose ``KINDS`` are tried."""


def load_kinds(modules: list[str]) -> dict:
    """The kinds of some modules, by name."""
    return {kind.name: kind for name in modules for kind in importlib.import_module(name).KINDS}


def limit_memory(more: int) -> None:
    """End what asks for much more memory than there is now; systems that cannot tell have no limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + more
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def main(memory: int, modules: list[str]) -> None:
    """Answer until the questions end."""
    import torch

    torch.set_num_threads(1)
    questions, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    kinds = load_kinds(modules)
    limit_memory(memory)
    answers.write("ready\n")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        tempfile.tempdir = folder
        for line in questions:
            name, number = line.split()
            answers.write(json.dumps(asdict(kinds[name].case(int(number)))) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2].split(","))
