"""A chapter for a school that runs nbgrader (https://nbgrader.readthedocs.io): the source of an assignment.

Each starter becomes an autograded answer, whose solution stands between the marks that ``nbgrader generate_assignment``
cuts out. Behind the reader's own ``check`` come locked cells, one for each check, worth its points. So a submission
that does not tamper earns what our own grader gives. One that tampers may earn more: nbgrader runs the checks in the
student's own process.
"""

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llmbook.checkpoint.writing import replace_file
from llmbook.classroom.release import handed_out, with_cells
from llmbook.classroom.selection import chosen, only_cells
from llmbook.classroom.submission import ClassroomError, Task, read_cells, reader_notebook, source

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SCHEMA = 3
"""Of nbgrader's metadata."""
STUB = "raise NotImplementedError"
SETTINGS = """c = get_config()
c.Execute.timeout = 120  # the first cell loads PyTorch, which takes a slow machine more than nbgrader's 30 seconds
c.Execute.iopub_timeout = 60
"""


def export(root: Path, chapter: str, tasks: list[Task], out: Path, only: Sequence[str] = ()) -> Path:
    """Write the source of an assignment into the folder of a course.

    Args:
        root: a checkout of the book.
        chapter: the name of its folder, and of the assignment.
        tasks: the exercises of the chapter.
        out: the folder of the course, made if it does not exist.
        only: the numbers or names of the exercises to write; all of them if empty.

    Returns:
        The notebook that was written: ``source/CHAPTER/CHAPTER.ipynb``. A course without settings gets some as well.

    Raises:
        ClassroomError: there is no such chapter or exercise, an exercise has no solution, or the file is there already.
    """
    place = out / "source" / chapter / f"{chapter}.ipynb"
    if place.exists() or place.is_symlink():
        raise ClassroomError(f"{place} is there already: move it away, since you may have worked in it")
    given = reader_notebook(root, chapter)
    asked, answers = {task.exercise: task for task in tasks}, solutions(given.with_name("solutions.ipynb"), tasks)
    kept = only_cells(read_cells(given), chosen(root, chapter, only))
    cells = [made for cell in handed_out(kept) for made in _cells(cell, asked, answers)]
    replace_file(place, with_cells(given, cells))
    if not (out / "nbgrader_config.py").exists():
        replace_file(out / "nbgrader_config.py", SETTINGS)
    return place


def solutions(notebook: Path, tasks: list[Task]) -> dict[str, str]:
    """The cell of the solution of each exercise, in which functions have the names that a student writes.

    Raises:
        ClassroomError: an exercise has none.
    """
    texts = [source(cell) for cell in read_cells(notebook) if cell.get("cell_type") == "code"]
    found = {}
    for task in tasks:
        text = next((text for text in texts if f"def {task.function}_solution(" in text), None)
        if text is None:
            raise ClassroomError(f"{notebook} has no function {task.function}_solution")
        found[task.exercise] = re.sub(r"\b(\w+)_solution\b", r"\1", text)
    return found


def solved(starter: str, function: str, solution: str) -> str:
    """A starter with the body of the solution between the marks; what its cell defines before goes in there as well."""
    head, tree, lines = starter.rpartition(STUB)[0].rstrip(), ast.parse(solution).body, solution.split("\n")
    place = next(at for at, node in enumerate(tree) if getattr(node, "name", "") == function)
    own = tree[place]
    doc = own.body[0] if ast.get_docstring(own) else None
    before = ["\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in tree[:place]]
    parts = [textwrap.indent(part, "    ") for part in before if part not in head]
    parts.append("\n".join(lines[doc.end_lineno if doc else own.body[0].lineno - 1 : own.end_lineno]))
    return "\n".join([head, f"    {BEGIN}", *parts, f"    {END}"])


def _cells(cell: dict, tasks: Mapping[str, Task], answers: Mapping[str, str]) -> Iterator[dict]:
    """A cell of the reader's notebook as nbgrader has it; behind a ``check`` its tests."""
    name = cell.get("metadata", {}).get("exercise", {}).get("id")
    if name in tasks:
        text = solved(source(cell), tasks[name].function, answers[name])
        yield _made(cell["id"], text, name, solution=True)
        return
    yield {key: value for key, value in cell.items() if key != "metadata"} | {"metadata": {}}
    asked = re.match(r'check\("([\w-]+)", (\w+)\)', source(cell)) if cell["cell_type"] == "code" else None
    if asked and asked[1] in tasks:
        for number, check in enumerate(tasks[asked[1]].visible, start=1):
            text = (f"# {check.title} ({check.points:g} point{'s' if check.points != 1 else ''})\n"
                    "from llmbook.classroom.strict import must_pass\n\n"
                    f'must_pass("{asked[1]}", {number}, {asked[2]})')  # fmt: skip
            yield _made(f"{cell['id'][:50]}-{number}", text, f"{asked[1]}-test-{number}", points=check.points)


def _made(cell_id: str, text: str, grade_id: str, *, solution: bool = False, points: float = 0) -> dict:
    """A code cell with nbgrader's metadata: an answer, or a locked test that is worth points."""
    told = {"schema_version": SCHEMA, "grade_id": grade_id, "solution": solution, "grade": not solution,
            "locked": not solution, "task": False, "cell_type": "code"}  # fmt: skip
    metadata = {"nbgrader": told if solution else told | {"points": points}}
    return {"cell_type": "code", "execution_count": None, "id": cell_id, "metadata": metadata, "outputs": [],
            "source": text.splitlines(keepends=True)}  # fmt: skip
