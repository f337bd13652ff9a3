"""The exercises: notebook and registry agree, solutions pass, starters do not, and no attempt breaks a check."""

import ast
import copy
import re
from pathlib import Path

import nbformat
import pytest
import torch

from llmbook.exercises import REGISTRY, STRICT, CheckFailed, check, evaluate, exercise
from llmbook.exercises.compare import Mistake, expect_number, expect_tensor
from llmbook.exercises.report import Outcome, Report

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
        assert next(c for c in cells() if c.id == "overview").source.count(f" <{label}>`") == 1


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


class EqualsEverything:
    def __eq__(self, other):
        return True

    __hash__ = None
    __sub__ = __rsub__ = __le__ = __abs__ = __eq__


def endless(*args, **kwargs):
    return endless(*args, **kwargs)


def leave(*args, **kwargs):
    raise SystemExit(0)


def give(value):
    return lambda *args, **kwargs: value


NAN = float("nan")
USELESS = [
    leave, endless, None, 7, lambda: 1, give(None), give("8"), give(True), give(NAN), give(torch.tensor(NAN)), give({}),
    give(torch.full((2, 2), NAN)), give((NAN, NAN)), give((None, None)), give([]), give(["a"]), give(1j), give(len),
    give(torch.empty(0)), give((torch.zeros(0), torch.zeros(0))), give(EqualsEverything()), give(iter([1])),
    give((EqualsEverything(), EqualsEverything())), lambda *args, **kwargs: 1 / 0, give(torch.zeros(2, 3, 4, 5)),
]


@pytest.mark.parametrize("name", REGISTRY)
def test_useless_attempts_fail_with_a_message(name):
    for number, attempt in enumerate(USELESS):
        report = check(name, attempt)
        assert report.status == "FAIL", (number, report)
        assert all(outcome.message for outcome in report.outcomes if outcome.status != "PASS")
        assert len(repr(report)) < 3000 and "<strong>FAIL</strong>" in report._repr_html_()


@pytest.mark.parametrize("attempt, message", [
    (leave, "called exit()"), (endless, "calls itself without end"), (None, "without parentheses"),
    (lambda: 1, "calling your function as the task describes raised TypeError"),
    (lambda *sizes: sizes[0] / 0, "ZeroDivisionError: division by zero (line"),
    (give(None), "end with `return`"), (give("8"), "a str; expected a number"), (give(NAN), "nan, which is what 0 / 0"),
    (give(torch.zeros(2)), "a tensor of shape (2,); expected one number"),
    (lambda *s: 4 * s[0] * s[2] * s[3] * s[4] * s[5], "(2 times too large)"),
])
def test_messages_help(attempt, message):
    assert message in evaluate("gemma-ex-kv-cache", attempt).outcomes[0].message


def test_checks_pass_nothing_but_values():
    plain, seen = (bool, int, float, str, list, torch.Tensor), set()

    def spy(*args, **kwargs):
        seen.update(map(type, (*args, *kwargs.values())))
        return 0

    for name in REGISTRY:
        evaluate(name, spy)
    assert torch.Tensor in seen and all(kind in plain for kind in seen)


def test_an_attempt_may_change_its_arguments():
    def in_place(x):
        inner = x.clone().pow_(3).mul_(0.044715).add_(x).mul_(0.7978845608)
        return x.mul_(0.5).mul_(inner.tanh().add_(1))

    assert evaluate("gemma-ex-gelu-tanh", in_place).passed
    assert evaluate("gemma-ex-gelu-tanh", in_place).passed


def test_interrupting_works():
    def interrupted(*args):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("gemma-ex-mask", interrupted)


def test_strict_mode_raises(monkeypatch):
    assert not check("gemma-ex-mask", give(None)).passed
    monkeypatch.setenv(STRICT, "1")
    with pytest.raises(CheckFailed, match="None"):
        check("gemma-ex-mask", give(None))
    with pytest.raises(CheckFailed, match="did you mean 'gemma-ex-mask'"):
        check("gemma-ex-maks", give(None))


def test_the_report_shows_itself():
    outcomes = Outcome("one", "PASS", "", 1), Outcome("two", "FAIL", "a < b", 2), Outcome("3", "todo", "", 1)
    report = Report("x", outcomes)
    assert repr(report).splitlines() == ["FAIL  x: 1 of 4 points", "  PASS  one", "  FAIL  two: a < b", "  todo  3"]
    assert "a &lt; b" in report._repr_html_() and report._repr_html_().count("<li>") == 3
    assert repr(Report("x", (Outcome("one", "todo", "", 1),))) == "todo  x: not attempted yet (1 point)"


def test_register_needs_a_title_and_points():
    for points, run_check in ((1, lambda f: None), (0, test_interrupting_works)):
        with pytest.raises(ValueError, match=r"docstring|points"):
            exercise("nowhere", points)(run_check)
    assert "nowhere" not in REGISTRY


def test_comparison_is_neither_blind_nor_blurred():
    right = torch.tensor([1.0, 100.0])
    expect_tensor([1.0, 100.0], right)
    expect_tensor(right.double() + 5e-4, right)
    expect_number(torch.tensor([3]), 3)
    for wrong in (right + 2e-3, right[None], right.long()):
        with pytest.raises(Mistake):
            expect_tensor(wrong, right)
    with pytest.raises(Mistake, match=r"is 0 at position \[1\], expected 100"):
        expect_tensor(torch.tensor([1.0, 0.0]), right)
