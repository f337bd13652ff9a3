"""The rules of ``make faults``: each makes the faults it should, no fault leaves the program as it is, none is idle."""

import ast
import random
import sys

import pytest
from package_imports import CHECKOUT

sys.path.append(str(CHECKOUT / "scripts" / "faults"))
from chosen import all_faults, draw, figures, lot, sources
from judge import read_equivalent
from points import Source, changes
from rules import RULES, faults_in
from wrong_drawings import plotting_functions, wrong_drawings


def by_rule(rule: str, line: str, path: str = "code/kit/shapes.py") -> set[str]:
    """The lines that a rule makes of a line."""
    return {fault.after for fault in faults_in(Source(path, line.encode())) if fault.rule == rule}


@pytest.mark.parametrize(("rule", "line", "expected"), [
    ("comparison", "a < b", {"a <= b", "a > b"}),
    ("comparison", "0 <= a < 3", {"0 < a < 3", "0 >= a < 3", "0 <= a <= 3", "0 <= a > 3"}),
    ("comparison", "(a) == (b)", {"(a) != (b)"}),
    ("comparison", "a not  in b", {"a in b"}),
    ("comparison", "a is None", {"a is not None"}),
    ("arithmetic", "a + b", {"a - b"}),
    ("arithmetic", "a * (b // c)", {"a / (b // c)", "a * (b / c)"}),
    ("arithmetic", "a += b", {"a -= b"}),
    ("arithmetic", "a = 'x' + b", set()),
    ("arithmetic", "a | b", {"a & b"}),
    ("arithmetic", "é = ü - 1", {"é = ü + 1"}),
    ("sign", "a = -b", {"a = b"}),
    ("sign", "a = - (b)", {"a = (b)"}),
    ("sign", "a[:-1]", {"a[:1]"}),
    ("sign", "a[-1]", set()),
    ("constant", "a = 3", {"a = 4", "a = 2"}),
    ("constant", "a = 0", {"a = 1"}),
    ("constant", "a = 0.5", {"a = 1.0"}),
    ("constant", "a = True", {"a = False"}),
    ("constant", "zip(a, b, strict=True)", set()),
    ("constant", "a = 'x'", set()),
    ("default", "def f(b=2, *, c=False): pass", {"def f(b=3, *, c=False): pass", "def f(b=1, *, c=False): pass",
                                                  "def f(b=2, *, c=True): pass"}),
    ("default", "class A: a: float = 1e-5", {"class A: a: float = 2e-05"}),
    ("axis", "a.sum(dim=-1)", {"a.sum(dim=-2)"}),
    ("axis", "a.mean(0)", {"a.mean(1)"}),
    ("axis", "np.cumsum(a, axis=1)", {"np.cumsum(a, axis=0)"}),
    ("axis", "a.transpose(1, -2)", {"a.transpose(0, -2)", "a.transpose(1, -1)"}),
    ("axis", "f(-1)", set()),
    ("order", "a[0]", {"a[-1]"}),
    ("order", "a[-1]", {"a[0]"}),
    ("order", "min(a, b)", {"max(a, b)"}),
    ("order", "sorted(a, key=f)", {"list(reversed(sorted(a, key=f)))"}),
    ("order", "a.sort(descending=b)", {"a.sort(descending=not (b))"}),
    ("order", "f(a + 1, b)", {"f(b, (a + 1))"}),
    ("order", "f('x', b)", set()),
    ("order", "f(ax, b)", set()),
    ("order", "ax.axhspan(a, b)", set()),
    ("order", "a - b", {"b - a"}),
    ("order", "abs(a - b)", set()),
    ("order", "def f(): return a, b", {"def f(): return b, a"}),
    ("boolean", "a and b or c", {"a or b or c", "a and b and c"}),
    ("boolean", "not a", {"bool(a)"}),
    ("boolean", "a if b else c", {"a if not (b) else c"}),
    ("boolean", "if a: pass", {"if not a: pass"}),
    ("boolean", "any(a)", {"all(a)"}),
])  # fmt: skip
def test_a_rule_makes_its_faults(rule, line, expected):
    assert by_rule(rule, line) == expected


@pytest.mark.parametrize("line", [
    '"""Doc 3."""', "import a", "def f(a: 3 < 4) -> 5: pass", "raise E(3 + a)", "def __repr__(self): return 3 < 4",
    "@cache(3)\ndef f(): pass", "f'{3 + a}'", "warnings.warn('x', 3)",
])  # fmt: skip
def test_what_cannot_matter_is_left_alone(line):
    assert list(faults_in(Source("code/kit/shapes.py", line.encode()))) == []


def test_examples_of_exercises_and_looks_of_figures_are_left_alone():
    """Each with its twin: the same line elsewhere."""
    for path, line in (("chapters/checks.py", "f([3, -4])"), ("kit/plots.py", "f(fontsize=3)"),
                       ("kit/plots.py", "ax.annotate(name, place, (3, 4))")):  # fmt: skip
        assert by_rule("constant", line, path) == set()
        assert by_rule("constant", line)


def test_a_fault_says_where_it_is():
    text = "class A:\n    def f(self):\n        return (self.a\n                < 3)\n"
    (fault, _) = (fault for fault in faults_in(Source("code/kit/a.py", text.encode())) if fault.rule == "comparison")
    assert (fault.path, fault.line, fault.function) == ("code/kit/a.py", 4, "A.f")
    assert (fault.before, fault.after) == ("< 3)", "<= 3)")
    assert fault.apply(text.encode()).decode() == text.replace("<", "<=")


def test_no_fault_leaves_the_package_as_it_is():
    """A sample of all that the rules make, of every rule: readable, and another program."""
    files = {source.path: source for source in sources(CHECKOUT)}
    faults = [fault for source in files.values() for fault in all_faults(source)]
    chances = random.Random(0)
    for rule in (*RULES, "drawing"):
        for fault in chances.sample([fault for fault in faults if fault.rule == rule], 30):
            source = files[fault.path]
            assert ast.dump(ast.parse(fault.apply(source.text))) != ast.dump(source.tree), str(fault)


def test_what_changes_nothing_is_seen():
    """Twin: the same program in other letters, and no program at all."""
    source = Source("code/kit/a.py", b"a = 1 + b\n")
    same, none, other = (source.fault(source.tree, "constant", 4, 5, new) for new in (b"(1)", b"1 +* ", b"2"))
    assert (changes(same, source.text), changes(none, source.text), changes(other, source.text)) == (False, False, True)


def test_the_draw_is_fixed_by_its_seed_and_takes_of_every_rule():
    files = sources(CHECKOUT, ["layers/", "plots/curves"])
    drawn = draw(files, 27, 0)
    assert drawn == draw(files, 27, 0) and len(drawn) == 27
    assert drawn != draw(files, 27, 1)
    assert {fault.rule for fault in drawn} == {*RULES, "drawing"}
    assert len({(fault.path, fault.function or fault.line) for fault in drawn}) == 27


def test_a_change_elsewhere_leaves_the_draw():
    """The lot of a fault hangs on its own line."""
    here = b"def f(a):\n    return a < 3 and a > 1\n"
    alone, moved, renamed = (
        {lot(fault, 0) for fault in faults_in(Source("code/kit/a.py", text))}
        for text in (here, b"x = {1: 2}\n\n" + here, here.replace(b" f", b" g")))  # fmt: skip
    assert len(alone) > 5 and alone < moved and not alone & renamed


def test_a_small_file_gives_all_that_it_has():
    files = [Source("code/kit/a.py", b"def f(a):\n    return a < 3\n")]
    assert len(draw(files, 100, 0)) == 4


# --- wrong drawings --------------------------------------------------------------------------------------------------

FIGURE = b'''
@styled
def plot_lines(x, low, *, highest=3):
    figure, ax = new_figure(size=(6, 3))
    ax.plot(x, low, linewidth=2)
    ax.set(ylim=(0, highest))
    ax.text(2, low[0], "low")
    return figure


def _mark(ax, x):
    ax.axvline(x)


def count(x):
    return len(x) + 1
'''


def test_plotting_functions_are_those_that_are_styled_or_take_axes():
    source = Source("code/kit/plots.py", FIGURE)
    assert [node.name for node in plotting_functions(source)] == ["plot_lines", "_mark"]


def test_data_are_exchanged_reversed_scaled_and_negated_first():
    source = Source("code/kit/plots.py", FIGURE)
    function, _ = plotting_functions(source)
    wrong = {fault.after: rank for rank, fault in wrong_drawings(source, function)}
    for data in ("low, x", "1.5 * x, low", "-x, low", "list(x)[::-1], low", "x, 1.5 * low", "x, -low"):
        assert wrong[f"ax.plot({data}, linewidth=2)"] == 0
    assert wrong["ax.set(ylim=(1, highest))"] == 1 and wrong['ax.text(3, low[0], "low")'] == 2
    assert not any("linewidth=3" in line or "size=(7" in line or "highest=4" in line for line in wrong)


def test_every_plotting_function_of_the_book_can_be_drawn_wrongly():
    """Also the ones that only put other drawings together."""
    found = figures(sources(CHECKOUT), 0, 1)
    assert len(found) > 130
    assert [name for name, wrong in found if not wrong] == []


def test_faults_that_change_nothing_are_still_in_the_package():
    """And each says why."""
    known = read_equivalent(CHECKOUT / "scripts" / "faults" / "equivalent.txt")
    assert stale(known) == []


def stale(known: dict[tuple[str, str, str], str]) -> list[str]:
    """Lines of the list that name no fault of today, or give no reason."""
    made = {(fault.path, fault.before, fault.after)
            for source in sources(CHECKOUT, {path for path, _, _ in known} or ["no file"])
            for fault in (*all_faults(source), *of_figures(source))}  # fmt: skip
    return [" || ".join(key) for key, reason in known.items() if key not in made or len(reason.split()) < 3]


def of_figures(source: Source) -> list:
    """All wrong drawings of a source."""
    return [fault for function in plotting_functions(source) for _, fault in wrong_drawings(source, function)]


def test_a_stale_line_is_seen():
    """Twin: a fault that is not made, and a reason that is none."""
    fault = next(faults_in(Source.read(CHECKOUT, CHECKOUT / "code" / "llmbook" / "layers" / "norm.py")))
    key = (fault.path, fault.before, fault.after)
    assert stale({key: "changes only speed"}) == []
    assert len(stale({key: "yes"})) == len(stale({(*key[:2], "x = 3"): "changes only speed"})) == 1
