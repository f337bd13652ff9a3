"""Run one page in a process of its own, and say how it went and what it cost: `python page_run.py PAGE RESULT TIMEOUT`.

The operating system bills a process for its finished children. This process has one, the kernel, so what is billed is
the page's own. RESULT is JSON: `notebook`, the page as text, run up to the first cell that fails; `fault`, that cell
and its error, or null; `costs`; `ran`, when, on what and with what it ran.
"""

import json
import sys
import time
from pathlib import Path

sys.modules.setdefault("rfc3987_syntax", None)  # nbformat needs it for nothing, and it takes a second to load
import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: E402
from page_record import surroundings_now  # noqa: E402

STARTUP = 600  # seconds for a kernel to answer; a machine that is busy with something else needs more than a minute


def children():
    """(processor seconds, largest resident bytes) of the finished child processes; zeros on Windows."""
    try:
        import resource
    except ImportError:
        return 0.0, 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return used.ru_utime + used.ru_stime, used.ru_maxrss * unit


def execute(notebook, folder, timeout):
    """Run the cells of a notebook, in place; the first that fails, by its index and its error, or None."""
    begun = []
    for cell in notebook.cells:
        if cell.cell_type == "code":  # saved with outputs, it would show those of another day behind a cell that fails
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=timeout,
        startup_timeout=STARTUP,
        record_timing=False,
        resources={"metadata": {"path": folder}},
        on_cell_execute=lambda cell, cell_index: begun.append(cell_index),
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return {"cell": begun[-1], "error": in_one_line(error.ename, error.evalue)}
    except (CellTimeoutError, DeadKernelError) as error:  # the kernel could not say it itself
        name, text = type(error).__name__, str(error)
        shown = nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])
        notebook.cells[begun[-1]].outputs.append(shown)
        return {"cell": begun[-1], "error": in_one_line(name, text)}
    return None


def in_one_line(name, text):
    """An error by its name and the first line of its text."""
    return ": ".join([name, *text.splitlines()[:1]])


def main(page, result, timeout):
    """Run a page with so many seconds for a cell, and write the result."""
    notebook = nbformat.read(page, nbformat.NO_CONVERT)
    start = time.perf_counter()
    fault = execute(notebook, str(Path(page).parent), int(timeout))
    seconds = time.perf_counter() - start
    cpu_seconds, peak = children()
    costs = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak}
    result_of = {"notebook": nbformat.writes(notebook), "fault": fault, "costs": costs, "ran": surroundings_now()}
    text = json.dumps(result_of)
    Path(result).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
