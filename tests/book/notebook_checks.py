"""The rules for notebooks. Each function returns the problems it finds, as lines of text."""

import re

import nbformat

LONGEST_CELL = 30
READABLE_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){0,3}")
PICTURES = ("image/png", "image/svg+xml", "image/jpeg")


def source_problems(notebook):
    """What is wrong with a notebook as it is committed."""
    ids = [cell.get("id") for cell in notebook.cells]
    problems = [f"id {name!r} stands twice" for name in ids if ids.count(name) > 1]
    if problems:
        return problems
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [f"not a valid notebook: {str(error).splitlines()[0]}"]
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        problems.append("the kernel is not python3")
    return problems + [f"{cell['id']}: {problem}" for cell in notebook.cells for problem in cell_problems(cell)]


def cell_problems(cell):
    """What is wrong with one cell as it is committed."""
    problems = []
    if not READABLE_ID.fullmatch(cell["id"]) or RANDOM_ID.fullmatch(cell["id"]):
        problems.append("the id is not made of readable words")
    if len(cell.source.splitlines()) > LONGEST_CELL:
        problems.append(f"{len(cell.source.splitlines())} lines; at most {LONGEST_CELL}")
    if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
        problems.append("has outputs or an execution count; clear them before you commit")
    return problems


def figure_problems(notebook):
    """Cells of an executed notebook that show a picture without alt text, caption or name."""
    problems = []
    for cell in notebook.cells:
        if cell.cell_type != "code" or not shows_picture(cell):
            continue
        options = cell.metadata.get("mystnb", {})
        given = {
            "image.alt": options.get("image", {}).get("alt"),
            "figure.caption": options.get("figure", {}).get("caption"),
            "figure.name": options.get("figure", {}).get("name"),
        }
        problems += [f"{cell['id']}: the picture has no {name}" for name, text in given.items() if not text]
    return problems


def shows_picture(cell):
    """Whether an executed cell shows a picture, and not an explorer, which brings its own description."""
    bundles = [output["data"] for output in cell.outputs if "data" in output]
    return any(kind in bundle for bundle in bundles for kind in PICTURES if "text/html" not in bundle)


def time_problems(costs, *, each, together):
    """Pages that ran too long, and a book that ran too long.

    The smaller of the two times counts. A busy machine stretches the clock; two busy cores double the processor time.

    Args:
        costs: {name of a page: {"seconds": by the clock, "cpu_seconds": of processor time}}.
        each: limit for one page in seconds.
        together: limit for all of them in seconds.
    """
    taken = {name: min(cost["seconds"], cost["cpu_seconds"]) for name, cost in costs.items()}
    problems = [f"{name} ran {time:.0f} s; at most {each} s" for name, time in taken.items() if time > each]
    total = sum(taken.values())
    return problems + ([f"the book ran {total:.0f} s; at most {together} s"] if total > together else [])
