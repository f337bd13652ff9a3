"""Run one page in a process of its own and say what it cost: `python page_run.py PAGE RESULT TIMEOUT`.

The operating system bills a process for its finished children. This process has one, the kernel, so what is billed is
the page's own. Exit status 0: RESULT is JSON with `notebook`, the executed page as text, and `costs`.
"""

import json
import sys
from pathlib import Path

import nbformat
from jupyter_cache.executors.utils import single_nb_execution


def children():
    """(processor seconds, largest resident bytes) of the finished child processes; zeros on Windows."""
    try:
        import resource
    except ImportError:
        return 0.0, 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return used.ru_utime + used.ru_stime, used.ru_maxrss * unit


def main(page, result, timeout):
    """Run a page with so many seconds for a cell; return the exit status."""
    notebook = nbformat.read(page, nbformat.NO_CONVERT)
    done = single_nb_execution(notebook, cwd=str(Path(page).parent), timeout=int(timeout), allow_errors=False)
    if done.err is not None:
        return 1
    seconds, peak = children()
    costs = {"seconds": done.time, "cpu_seconds": seconds, "peak_bytes": peak}
    Path(result).write_text(json.dumps({"notebook": nbformat.writes(notebook), "costs": costs}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
