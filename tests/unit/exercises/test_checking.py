"""The checks of exercises survive whatever a function does, and say what is wrong with it."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from llmbook.chapters import all_checks, check, evaluate, exercises
from llmbook.exercises import STRICT, CheckFailed, collect, exercise
from llmbook.exercises.compare import Mistake, expect_number, expect_tensor
from llmbook.exercises.report import Outcome, Report


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


@pytest.mark.parametrize("name", exercises())
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
    plain, seen = (bool, int, float, str, list, dict, np.ndarray, torch.Tensor), set()

    def spy(*args, **kwargs):
        seen.update(map(type, (*args, *kwargs.values())))
        return 0

    for name in exercises():
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
    repeated = Report("x", tuple(Outcome(str(i), "FAIL", "why", 1) for i in range(3)))
    assert repr(repeated).splitlines()[1:] == ["  FAIL  0: why", "  FAIL  1: as above", "  FAIL  2: as above"]
    assert repr(Report("x", (Outcome("one", "todo", "", 1),))) == "todo  x: not attempted yet (1 point)"


def made(name, **contents):
    """A module with some contents, its functions as its own."""
    module = ModuleType(name)
    for key, value in contents.items():
        value.__module__ = name
        setattr(module, key, value)
    return module


def check_of(name, title, points=1):
    """A check that nothing fails."""
    def run(f):
        pass

    run.__doc__ = f"{title}\n\nMore."
    return exercise(name, points)(run)


def test_a_check_needs_a_title_and_points():
    for points, run_check in ((1, lambda f: None), (0, test_interrupting_works)):
        with pytest.raises(ValueError, match=r"docstring|points"):
            exercise("nowhere", points)(run_check)


def test_checks_are_collected_in_the_order_of_their_definition():
    first, second = check_of("a", "Two.", 2), check_of("a", "One.")
    found = collect([made("m", z=first, y=second, other=check_of("b", "B.")), made("n", w=check_of("c", "C."))])
    titles = {name: [(check.title, check.points) for check in checks] for name, checks in found.items()}
    assert titles == {"a": [("Two.", 2), ("One.", 1)], "b": [("B.", 1)], "c": [("C.", 1)]}
    assert found["a"][0].run is first


def test_what_a_module_imports_is_not_its_own():
    here = made("m", f=check_of("a", "A."))
    there = made("n", g=check_of("b", "B."))
    there.f = here.f
    assert list(collect([here, there])) == ["a", "b"]
    with pytest.raises(ValueError, match="n has checks of a"):
        collect([here, made("n", g=check_of("a", "Again."))])


def test_a_module_that_is_loaded_again_has_as_many_points_as_before():
    before = sum(len(checks) for checks in collect([all_checks.gemma_norms]).values())
    again = importlib.reload(all_checks.gemma_norms)
    assert before == sum(len(checks) for checks in collect([again]).values()) > 0


def test_no_check_is_lost():
    """A second function of the same name would hide the first, so the marks in the sources are counted."""
    rooms = Path(all_checks.__file__).parent
    marks = sum(path.read_text(encoding="utf-8").count("\n@exercise(") for path in rooms.glob("*/*/checks*.py"))
    assert marks == sum(map(len, exercises().values())) > 100
    with pytest.raises(TypeError):
        exercises()["more"] = ()


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
