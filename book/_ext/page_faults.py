"""What to do with a page that did not run as it should: show it, say so, and never keep it."""

import json

import nbformat
from myst_nb.core.render import strip_ansi

NOTE = """```{error}
This cell failed when the book was built on this machine, and the cells below it have not run: their results are
missing. The last lines of the build say how to report it.
```"""
NOTHING_RAN = """```{error}
The cells of this page could not be run on this machine: their results are missing. The last lines of the build say how
to report it.
```"""


def crashed(path, done):
    """The result of a page whose process ended without one."""
    words = done.stderr.decode(errors="replace").strip() or "It said nothing."
    error = f"the process that runs the page ended with status {done.returncode}"
    fault = {"cell": None, "error": error, "details": words[-3000:]}
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return {"notebook": nbformat.writes(notebook), "fault": fault, "costs": {"seconds": None}}


def written_to_stderr(notebook):
    """(index of the cell, text) of each code cell that wrote to stderr."""
    for index, cell in enumerate(notebook.cells):
        outputs = cell.get("outputs", [])
        text = "".join(output.text for output in outputs if output.get("name") == "stderr")
        if text:
            yield index, text


def remarks(name, result):
    """What is wrong with a page that ran: a list of records, one for each cell concerned (see `remark`)."""
    notebook = nbformat.reads(result["notebook"], nbformat.NO_CONVERT)
    found = [remark(name, notebook, index, "stderr", text.strip().splitlines()[-1], text)
             for index, text in written_to_stderr(notebook) if text.strip()]
    fault = result["fault"]
    if fault:
        details = fault.get("details") or traceback_of(notebook, fault["cell"])
        found.append(remark(name, notebook, fault["cell"], "failed", fault["error"], details))
    return found


def remark(name, notebook, index, kind, error, details):
    """One record, of kind "failed" or "stderr"; a cell is counted among the code cells, from 1, as Jupyter counts."""
    number, begins = None, None
    if index is not None:
        number = sum(cell.cell_type == "code" for cell in notebook.cells[: index + 1])
        begins = next(iter(notebook.cells[index].source.splitlines()), "")
    values = {"error": strip_ansi(error), "details": strip_ansi(details)}
    return {"page": name, "cell": number, "begins": begins, "kind": kind, **values}


def traceback_of(notebook, index):
    """The traceback that a failing cell shows."""
    outputs = notebook.cells[index].outputs
    return "\n".join("\n".join(output.traceback) for output in outputs if output.output_type == "error")


def in_words(remark):
    """A record as text for the log of the build."""
    where = f"code cell {remark['cell']}" if remark["cell"] else "the page"
    if remark["kind"] == "stderr":
        return f"{where} wrote to stderr; the page is shown, and will run again in the next build:\n{remark['details']}"
    return f"{where} failed ({remark['error']}); no later cell ran:\n{remark['details']}"


def shown(result):
    """The source of a page for myst-nb, with its results as they are, which it shall show and not make again."""
    notebook = nbformat.reads(result["notebook"], nbformat.NO_CONVERT)
    notebook.metadata["mystnb"] = {**notebook.metadata.get("mystnb", {}), "execution_mode": "off"}
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    if result["fault"]:
        index = result["fault"]["cell"]
        note = nbformat.v4.new_markdown_cell(NOTHING_RAN if index is None else NOTE, id="what-failed-here")
        notebook.cells.insert(1 if index is None else index + 1, note)
    return nbformat.writes(notebook)


def write_report(path, records):
    """Leave the records for `scripts/build_book.py`, which ends the build with them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(records, indent=1), encoding="utf-8")
