"""Run one page as JupyterLab would, in a kernel of a chosen setting, and write down all that it printed."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from settings import Setting

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
from page_room import page_environment, warm

KERNELS = Path(__file__).resolve().parents[2] / "_build" / ".kernels"  # what page_room.py keeps between runs
START = """import sys
sys.path.insert(0, {folder!r})
import in_kernel as _in_kernel
_watch = _in_kernel.install(get_ipython(), shift={shift}, training={training})
sys.path.remove({folder!r})"""
END = "_in_kernel.report(_watch)"
SECONDS = 600  # for one cell, and for a kernel to answer; four threads on two busy cores are slow
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}  # threads that wait for a busy core would spin, several pages side by side


def run(page: Path, setting: Setting, training: list[int]) -> dict:
    """Run a page in a process of its own, so that its environment is the setting's from the first import on.

    Args:
        page: the notebook.
        setting: how to run it.
        training: positions of the cells that train, among the code cells; their seeds are shifted.

    Returns:
        ``cells`` (by id: ``text``, ``stderr``, ``error``), ``training``, ``explorers``, ``moves``, ``problems``.
    """
    warm(KERNELS)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = page_environment(Path(folder), KERNELS) | PATIENT | setting.environment
        environment.pop("LLMBOOK_STATIC", None)  # it would make the live page a built one
        result = Path(folder) / "record.json"
        command = [sys.executable, __file__, page, result, str(setting.seed_shift), json.dumps(training)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            return {"cells": {}, "problems": [f"the page could not be run: {done.stderr[-2000:]}"], "training": []}
        return json.loads(result.read_text(encoding="utf-8"))


def main(page: str, result: str, shift: str, training: str) -> None:
    """Run a page in this process's environment and write its record."""
    notebook = nbformat.read(page, 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    for cell in code:  # of a notebook that was saved with outputs, those of a cell that does not run would stay
        cell.outputs, cell.execution_count = [], None
    start = START.format(folder=str(Path(__file__).parent), shift=shift, training=training)
    frame = [nbformat.v4.new_code_cell(text) for text in (start, END)]
    notebook.cells = [frame[0], *code, frame[1]]
    client = NotebookClient(notebook, timeout=SECONDS, startup_timeout=SECONDS, allow_errors=True,
                            resources={"metadata": {"path": str(Path(page).parent)}})
    record = {"training": [], "explorers": 0, "moves": 0, "problems": []}
    try:
        client.execute()
    except (CellTimeoutError, DeadKernelError) as error:
        record["problems"].append(f"{type(error).__name__}: {str(error)[:500]}")
    else:
        record["problems"] += [f"cell {cell.id}: it never ran" for cell in code if cell.execution_count is None]
        add_moves(record, *map(outcome, frame), len(code))
    record["cells"] = {cell.id: outcome(cell) for cell in code}
    Path(result).write_text(json.dumps(record), encoding="utf-8")


def add_moves(record: dict, start: dict, end: dict, cells: int) -> None:
    """Add what the runner's own two cells have brought to light: the last line of the second is in_kernel's report."""
    *printed, last = end["text"].splitlines() or [""]
    moved = json.loads(last) if last.startswith("{") else {"problems": ["the runner: no report from the kernel"]}
    moved["training"] = [position for position in moved.get("training", []) if position < cells]
    said = {"error": start["error"] or end["error"], "stderr": start["stderr"] + end["stderr"],
            "prints": start["text"] + "\n".join(printed)}  # fmt: skip
    found = [f"before the first cell or while controls moved: {kind}: {text.strip()[-600:]}"
             for kind, text in said.items() if text]  # fmt: skip
    record |= moved | {"problems": record["problems"] + moved["problems"] + found}


def outcome(cell) -> dict[str, str]:
    """What a cell printed, what it wrote to stderr, and its error."""
    streams = {name: "".join(output.text for output in cell.outputs if output.get("name") == name)
               for name in ("stdout", "stderr")}
    errors = [f"{output.ename}: {output.evalue}" for output in cell.outputs if output.output_type == "error"]
    return {"text": printed_text(cell), "stderr": streams["stderr"], "error": "\n".join(errors)}


def printed_text(cell) -> str:
    """All that a cell shows as text: its prints, and its last value where that is a table or has no other form."""
    shown = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            shown.append(output.text)
        elif "data" in output and (set(output.data) == {"text/plain"} or is_table(output.data)):
            shown.append(output.data["text/plain"] + "\n")
    return "".join(shown)


def is_table(data: dict) -> bool:
    """Whether an output is a table of results, llmbook.widgets.Table, whose text has the same rows."""
    return 'class="dataframe results"' in "".join(data.get("text/html", ""))


if __name__ == "__main__":
    main(*sys.argv[1:])
