"""Some exercises of a chapter: each stands alone, and what is graded is what was handed out."""

import ast
import builtins
import csv
import re
import symtable
from pathlib import Path

import nbformat
import pytest
from classroom_tasks import needs_sandbox, write_notebook

from llmbook.classroom.__main__ import main
from llmbook.classroom.hidden import known_exercises
from llmbook.classroom.release import release
from llmbook.classroom.selection import chosen, only_cells, only_tasks
from llmbook.classroom.submission import (
    ClassroomError,
    code_of,
    read_cells,
    reader_notebook,
    source,
    tasks_of,
    titles_of,
)

ROOT = Path(__file__).resolve().parents[3]
CHAPTERS = ("gemma", "olmo", "dora", "tiny-titans")
RIGHT = """
def cache_bytes(layers, heads, kv_heads, head_size, tokens, bytes_per_number):
    return 2 * layers * kv_heads * head_size * tokens * bytes_per_number
"""


def undefined(cells: list[str]) -> set[str]:
    """Names that code uses at its top level or in its functions, and that nobody defines."""
    text = "\n\n".join(cells)
    tables, used = [symtable.symtable(text, "cells", "exec")], set()
    defined = {each.get_name() for each in tables[0].get_symbols() if each.is_assigned() or each.is_imported()}
    while tables:
        table = tables.pop()
        tables += table.get_children()
        top = table.get_type() == "module"
        used |= {each.get_name() for each in table.get_symbols() if each.is_referenced() and (top or each.is_global())}
    return used - defined - set(dir(builtins))


def test_the_reader_of_names():
    assert undefined(["def f(x):\n    return x + y", "import math", "f(z)"]) == {"y", "z"}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_stands_alone(chapter):
    """Its cells need nothing of another one's, and nothing of another one is left. Twin: without its own starter."""
    cells, titles = read_cells(reader_notebook(ROOT, chapter)), titles_of(ROOT, chapter)
    numbers = chosen(ROOT, chapter, [])
    assert len(numbers) >= len(titles) >= 19
    for number in numbers:
        kept = only_cells(cells, [number])
        texts = [source(cell) for cell in kept]
        assert re.findall(r"^### Exercise ([\d.]+):", "\n".join(texts), re.MULTILINE) == [number]
        code = [source(cell) for cell in kept if cell["cell_type"] == "code"]
        assert not undefined(code), (number, undefined(code))
        asked = [name for name, title in titles.items() if title.startswith(f"Exercise {number}:")]
        assert re.findall(r'"([\w-]+-ex-[\w-]+)"', "\n".join(code)) == 2 * asked
        starters = [cell for cell in kept if "exercise" in cell.get("metadata", {})]
        assert len(starters) == len(asked)
        if starters:
            assert undefined([text for text in code if text != source(starters[0])])


def test_headings_without_an_exercise_go():
    cells = read_cells(reader_notebook(ROOT, "gemma"))
    heads = [source(cell).split("\n")[0] for cell in only_cells(cells, ["4.3", "4.11"])
             if source(cell).startswith("## ")]  # fmt: skip
    assert heads == ["## How to use this page", "## Counting", "## Activation functions", "## What you have done",
                     "## What to do next"]  # fmt: skip
    assert only_cells(cells, chosen(ROOT, "gemma", [])) == cells


def test_by_number_or_name_in_the_order_of_the_chapter():
    assert chosen(ROOT, "gemma", ["4.11", "gemma-ex-parameters"]) == ["4.3", "4.11"]
    with pytest.raises(ClassroomError, match=r"no exercise 3\.1, mask; it has 4\.1 to 4\.\d+"):
        chosen(ROOT, "gemma", ["4.3", "3.1", "mask"])


def test_what_is_handed_out_is_valid_and_nothing_is_written_for_a_wrong_number(tmp_path):
    given = nbformat.read(release(ROOT, "gemma", tmp_path, only=["4.3"]), 4)
    nbformat.validate(given)
    with pytest.raises(ClassroomError, match="no exercise"):
        release(ROOT, "gemma", tmp_path / "out", only=["9.9"])
    assert not (tmp_path / "out").exists()


def test_a_question_is_not_graded():
    cells = read_cells(reader_notebook(ROOT, "gemma"))
    tasks = tasks_of(ROOT, "gemma", known_exercises(), {})
    assert [task.exercise for task in only_tasks(tasks, cells, ["4.3", "4.6"])] == ["gemma-ex-parameters"]
    with pytest.raises(ClassroomError, match="a question is discussed"):
        only_tasks(tasks, cells, ["4.6"])


@needs_sandbox
def test_a_class_that_got_one_exercise(tmp_path):
    """Full marks for the one that was asked for; twin: of all exercises they would be few."""
    (tmp_path / "in").mkdir()
    write_notebook(tmp_path / "in" / "ada.ipynb", RIGHT)
    most = {}
    for out, only in (("one", ["--only", "4.1"]), ("all", [])):
        assert main(["grade", str(tmp_path / "in"), "-o", str(tmp_path / out), *only]) == 0
        row = next(csv.DictReader((tmp_path / out / "grades.csv").open()))
        most[out] = (float(row["score"]), float(row["max"]))
    assert most["one"][0] == most["one"][1] == most["all"][0] < most["all"][1] / 9


def test_nbgrader_gets_the_same_ones(tmp_path):
    assert main(["export", "gemma", "-o", str(tmp_path), "--only", "4.1", "4.2"]) == 0
    code = "\n".join(code_of(tmp_path / "source" / "gemma" / "gemma.ipynb"))
    assert set(re.findall(r'must_pass\("([\w-]+)"', code)) == {"gemma-ex-kv-cache", "gemma-ex-groups"}
    ast.parse(code)
