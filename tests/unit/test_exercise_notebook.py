"""The page of exercises: gates, tags and registry agree, solutions pass strictly, starters do not, examples hold."""

import ast
import copy
import re
from pathlib import Path

import nbformat
import pytest
import torch

from llmbook.exercises import REGISTRY, STRICT, CheckFailed
from llmbook.exercises.report import Report

ROOT = Path(__file__).resolve().parents[2]
GATE = re.compile(r"```\{(exercise|solution)-(start|end)\} ?(.*)((?:\n:.*)*)\n```")


def cells():
    return nbformat.read(ROOT / "chapters/gemma/exercises.ipynb", as_version=4).cells


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


def code(solutions):
    """Sources of the code cells outside the solutions, or of the imports and the solutions."""
    found = [cell for cell in cells() if cell.cell_type == "code"]
    tagged = lambda cell: "solution" in cell.metadata.get("tags", [])  # noqa: E731
    return [cell.source for cell in found if tagged(cell) == solutions or cell.id == "imports"]


def starters():
    return [cell for cell in cells() if "exercise" in cell.metadata]


def test_gates_and_tags():
    assert gate_faults(cells()) == []
    assert {label for _, kind, edge, label in gates(cells()) if (kind, edge) == ("exercise", "start")} == {
        *REGISTRY, "gemma-q-query-matrix", "gemma-q-exact-gelu", "gemma-q-scale-hidden", "gemma-q-is-causal"}


@pytest.mark.parametrize("spoil", [
    lambda nb: nb.pop(gates(nb)[1][0]),
    lambda nb: nb.pop(gates(nb)[-1][0]),
    lambda nb: nb[gates(nb)[2][0] + 1].metadata.pop("tags"),
    lambda nb: nb[gates(nb)[0][0] + 2].metadata.update(tags=["solution"]),
    lambda nb: nb[gates(nb)[2][0]].update(source="```{solution-start} gemma-ex-groups\n:class: dropdown\n```"),
])
def test_a_spoiled_gate_is_noticed(spoil):
    notebook = copy.deepcopy(cells())
    spoil(notebook)
    assert gate_faults(notebook)


def test_notebook_and_registry_agree():
    starts = [label for _, kind, edge, label in gates(cells()) if kind + edge == "exercisestart" and "-ex-" in label]
    assert [cell.metadata["exercise"]["id"] for cell in starters()] == starts
    assert sorted(starts) == sorted(REGISTRY) and len(starts) >= 12
    sources = [cell.source for cell in cells()]
    for cell in starters():
        label, function = cell.metadata["exercise"]["id"], re.findall(r"^def (\w+)", cell.source, re.M)[-1]
        assert sources.count(f'check("{label}", {function})') == 2
        assert next(c for c in cells() if c.id == "overview").source.count(f"(#{label})") == 1


def test_starters_run_and_do_not_pass():
    reports = run(code(solutions=False))
    assert [report.name for report in reports] == [cell.metadata["exercise"]["id"] for cell in starters()]
    assert {report.status for report in reports} == {"todo"} and {report.points for report in reports} == {0}


def test_solutions_pass_strictly(monkeypatch):
    monkeypatch.setenv(STRICT, "1")
    reports = run(code(solutions=True))
    assert len(reports) == len(REGISTRY)
    assert sum(report.points for report in reports) == sum(item.points for each in REGISTRY.values() for item in each)
    spoiled = [source.replace("return 2 * layers", "return layers") for source in code(solutions=True)]
    with pytest.raises(CheckFailed, match="keys and values are both stored"):
        run(spoiled)


EXAMPLES = """
cache_bytes(1, 4, 1, 2, 3, 2) == 24 and key_head(2, 4, 2) == 1
count_parameters(10, 4, 1, 1, 1, 4, 6, True) == 188 and count_parameters(10, 4, 1, 1, 1, 4, 6, False) == 228
find_width(188, 10, 1, 1, 1, 4, 6) == 4
near(my_gelu(torch.tensor([0.0, 1, -1])), [0, 0.8412, -0.1588]) and near(silu_slope(torch.tensor([0.0])), [0.5])
near(torch.tensor(worst_place(torch.tensor([0.0, 1, 2]))), [1, 0.00015])
matched(12, 4) == 8 and matched(15, 4) == 12
near(geglu(torch.tensor([2.0]), *torch.tensor([0.5, 3, 10]).reshape(3, 1, 1)) / 100, [0.5047])
[half.tolist() for half in unfuse(torch.tensor([[1], [2], [3], [4]]))] == [[[3], [4]], [[1], [2]]]
near(torch.stack(branch_gradients(*torch.tensor([0.0, 3, 10]))), [15, 0])
near(gemma_norm(torch.tensor([3.0, 4]), torch.zeros(2), 0), [0.8485, 1.1314])
near(gemma_norm(torch.tensor([3.0, 4]), torch.tensor([1.0, 0]), 0), [1.6971, 1.1314])
near(torch.tensor([gain_after(2, 0.5, 0.2, 1, kind) for kind in (False, True)]), [1.8, 1.9])
all(near(add_sublayer(torch.ones(2), torch.zeros(2, 2), place), [1, 1]) for place in ("pre", "post", "both"))
all(near(add_sublayer(torch.full((2,), 2.0), torch.zeros(2, 2), place), [2, 2]) for place in ("pre", "both"))
near(add_sublayer(torch.full((2,), 2.0), torch.zeros(2, 2), "post"), [1, 1])
one_hot(torch.tensor([[1, 0]]), 3).tolist() == [[[0, 1, 0], [1, 0, 0]]]
scaled_rows(torch.tensor([[1]]), torch.tensor([[1.0, 2, 3, 4], [0, 1, 0, 1]])).tolist() == [[[0, 2, 0, 2]]]
with_one_bos([5, 7], 2) == with_one_bos([2, 2, 5, 7], 2) == [2, 5, 7]
mask(2, 3).tolist() == [[True, True, False], [True, True, True]]
keep_top_p(torch.tensor([0.125, 0.5, 0.0625, 0.3125]), 0.7).tolist() == [False, True, False, True]
near(rotate(torch.tensor([[1.0, 0]]), torch.tensor([1]), 10000), [[0.5403, 0.8415]])
"""


def test_the_worked_examples_of_the_tasks_hold():
    space = {"near": lambda got, expected: torch.allclose(got, torch.tensor(expected) * 1.0, atol=6e-5)}
    exec("\n".join(code(solutions=True)), space)
    for line in EXAMPLES.strip().splitlines():
        assert eval(line, space), line
