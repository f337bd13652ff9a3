"""The pages of exercises: gates, tags and registry agree, solutions pass strictly, starters do not, examples hold."""

import ast
import copy
import re
from pathlib import Path

import nbformat
import pytest
import torch
from exercise_examples import EXAMPLES

from llmbook.chapters import exercises
from llmbook.exercises import STRICT, CheckFailed
from llmbook.exercises.report import Report

ROOT = Path(__file__).resolve().parents[3]
GATE = re.compile(r"```\{(exercise|solution)-(start|end)\} ?(.*)((?:\n:.*)*)\n```")


CHAPTERS = ("gemma", "olmo", "dora", "tiny-titans")
PREFIXES = {"tiny-titans": "tt"}  # a chapter that is not named here is its own prefix
every_chapter = pytest.mark.parametrize("chapter", CHAPTERS)


def cells(chapter):
    return nbformat.read(ROOT / f"chapters/{chapter}/exercises.ipynb", as_version=4).cells


def registered(chapter):
    prefix = PREFIXES.get(chapter, chapter)
    return {name: checks for name, checks in exercises().items() if name.startswith(f"{prefix}-ex-")}


def gates(notebook):
    """(index, kind, edge, label) of every cell that is a gate."""
    found = []
    for index, cell in enumerate(notebook):
        match = GATE.fullmatch(cell.source) if cell.cell_type == "markdown" else None
        if match:
            kind, edge, title, options = match.groups()
            label = options.removeprefix("\n:label: ") if kind == "exercise" else title
            found.append((index, kind, edge, label))
    return found


def gate_faults(notebook):
    """What is wrong with the order of the gates, and with the tags of the cells between them."""
    faults, order = [], [("exercise", "start"), ("exercise", "end"), ("solution", "start"), ("solution", "end")]
    opened, inside = "", None
    for number, (index, kind, edge, label) in enumerate(gates(notebook)):
        if (kind, edge) != order[number % 4]:
            faults.append(f"cell {index}: {kind}-{edge} out of order")
        if (kind, edge) == ("solution", "start") and label != opened:
            faults.append(f"cell {index}: solution of {label} after {opened}")
        opened = label if (kind, edge) == ("exercise", "start") else opened
    if len(gates(notebook)) % 4:
        faults.append("a gate is missing")
    for cell in notebook:
        match = GATE.fullmatch(cell.source) if cell.cell_type == "markdown" else None
        inside = match.group(1, 2) if match else inside
        tagged = "solution" in cell.metadata.get("tags", [])
        if cell.cell_type == "code" and tagged != (inside == ("solution", "start")):
            faults.append(f"cell {cell.id}: the tag and the gates disagree")
        if not match and "-start}\n" in cell.source + "\n":
            faults.append(f"cell {cell.id}: a gate must be alone in its cell")
    return faults


def run(sources):
    """Run cells in one namespace; give back the last values of those that end with an expression."""
    space, values = {}, []
    for source in sources:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), space)
        if last is not None:
            values.append(eval(compile(ast.Expression(last.value), "<cell>", "eval"), space))
    return [value for value in values if isinstance(value, Report)]


def code(chapter, solutions):
    """Sources of the code cells outside the solutions, or of the imports and the solutions."""
    found = [cell for cell in cells(chapter) if cell.cell_type == "code"]
    tagged = lambda cell: "solution" in cell.metadata.get("tags", [])  # noqa: E731
    return [cell.source for cell in found if tagged(cell) == solutions or cell.id == "imports"]


def starters(chapter):
    return [cell for cell in cells(chapter) if "exercise" in cell.metadata]


@every_chapter
def test_gates_and_tags(chapter):
    assert gate_faults(cells(chapter)) == []
    labels = {label for _, kind, edge, label in gates(cells(chapter)) if (kind, edge) == ("exercise", "start")}
    questions = {label for label in labels if label.startswith(f"{PREFIXES.get(chapter, chapter)}-q-")}
    assert labels == {*registered(chapter), *questions} and len(questions) >= 6


def test_every_registered_exercise_belongs_to_a_chapter():
    assert set(exercises()) == {name for chapter in CHAPTERS for name in registered(chapter)}


@pytest.mark.parametrize("spoil", [
    lambda nb: nb.pop(gates(nb)[1][0]),
    lambda nb: nb.pop(gates(nb)[-1][0]),
    lambda nb: nb[gates(nb)[2][0] + 1].metadata.pop("tags"),
    lambda nb: nb[gates(nb)[0][0] + 2].metadata.update(tags=["solution"]),
    lambda nb: nb[gates(nb)[2][0]].update(source="```{solution-start} gemma-ex-groups\n:class: dropdown\n```"),
])
def test_a_spoiled_gate_is_noticed(spoil):
    notebook = copy.deepcopy(cells("gemma"))
    spoil(notebook)
    assert gate_faults(notebook)


@every_chapter
def test_notebook_and_registry_agree(chapter):
    found = gates(cells(chapter))
    starts = [label for _, kind, edge, label in found if kind + edge == "exercisestart" and "-ex-" in label]
    assert [cell.metadata["exercise"]["id"] for cell in starters(chapter)] == starts
    assert sorted(starts) == sorted(registered(chapter)) and len(starts) >= 12
    sources = [cell.source for cell in cells(chapter)]
    for cell in starters(chapter):
        label, function = cell.metadata["exercise"]["id"], re.findall(r"^def (\w+)", cell.source, re.M)[-1]
        assert sources.count(f'check("{label}", {function})') == 1
        assert sources.count(f'check("{label}", {function}_solution)') == 1
        assert next(c for c in cells(chapter) if c.id == "overview").source.count(f"(#{label})") == 1


@every_chapter
def test_each_task_has_a_level_a_time_and_help(chapter):
    """A question has choices that open; an exercise has a hint in two steps."""
    found = cells(chapter)
    for index, kind, edge, label in gates(found):
        if (kind, edge) == ("exercise", "start"):
            level = re.match(r"```\{exercise-start\} (read|build|investigate|question), \d+ min\n", found[index].source)
            is_question, task = "-q-" in label, found[index + 1].source
            assert level and (level[1] == "question") == is_question, label
            helps = [task.count(f"```{{{name}}}") for name in ("choices", "dropdown")]
            assert helps == ([1, 0] if is_question else [0, 2]), label


@every_chapter
def test_progress_knows_every_exercise(chapter):
    (source,) = (cell.source for cell in cells(chapter) if cell.id == "progress")
    asked = dict(re.findall(r'"([\w-]+)": (\w+),?', source))
    assert asked == {cell.metadata["exercise"]["id"]: re.findall(r"^def (\w+)", cell.source, re.M)[-1]
                     for cell in starters(chapter)}  # fmt: skip


@every_chapter
def test_starters_run_and_do_not_pass(chapter):
    reports = run(code(chapter, solutions=False))
    assert [report.name for report in reports] == [cell.metadata["exercise"]["id"] for cell in starters(chapter)]
    assert {report.status for report in reports} == {"todo"} and {report.points for report in reports} == {0}


@every_chapter
def test_a_solution_that_has_run_does_not_pass_for_the_student(chapter):
    answered = code(chapter, solutions=True)
    given = {cell.source for cell in starters(chapter)}
    untouched = [source for source in code(chapter, solutions=False) if source not in given]
    reports = run(code(chapter, solutions=False) + answered + untouched)[-len(starters(chapter)):]
    assert len(reports) >= 12 and {report.status for report in reports} == {"todo"}
    named_alike = [re.sub(r"_solution\b", "", source) for source in answered]
    fooled = run(code(chapter, solutions=False) + named_alike + untouched)[-len(starters(chapter)):]
    assert {report.status for report in fooled} == {"PASS"}


@pytest.mark.parametrize("chapter, right, wrong, hint", [
    ("gemma", "return 2 * layers", "return layers", "keys and values are both stored"),
    ("olmo", "weight @ shift + bias", "shift + bias", "must go through the old matrix first|has shape"),
    ("dora", "bound = 1 / math.sqrt(inputs)", "bound = 1 / math.sqrt(rank)", "starts far too large"),
    ("tiny-titans", "[*ids[: limit - 1], 1]", "[*ids, 1][:limit]", "has lost its end token"),
])
def test_solutions_pass_strictly(monkeypatch, chapter, right, wrong, hint):
    monkeypatch.setenv(STRICT, "1")
    reports, checks = run(code(chapter, solutions=True)), registered(chapter)
    assert len(reports) == len(checks)
    assert sum(report.points for report in reports) == sum(item.points for each in checks.values() for item in each)
    spoiled = [source.replace(right, wrong) for source in code(chapter, solutions=True)]
    with pytest.raises(CheckFailed, match=hint):
        run(spoiled)


@every_chapter
def test_the_worked_examples_of_the_tasks_hold(chapter):
    space = {"near": lambda got, expected: torch.allclose(got, torch.tensor(expected) * 1.0, atol=6e-5)}
    space["ten"] = torch.tensor([[10.0]])
    exec("\n".join(code(chapter, solutions=True)), space)
    space |= {name.removesuffix("_solution"): each for name, each in space.items() if name.endswith("_solution")}
    space["row"] = torch.tensor([[3.0, 4]]), torch.tensor([[1.0, 4]]), torch.tensor([[2.0]])  # W, A, B of DoRA's tasks
    for line in EXAMPLES[chapter].strip().replace("\\\n", "").splitlines():
        assert eval(line, space), line
