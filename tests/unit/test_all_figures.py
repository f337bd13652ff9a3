"""Every plotting function is drawn twice by a test of its own room, with the same bytes both times (``redrawn``)."""

import ast
from pathlib import Path

import pytest
from package_imports import CHECKOUT, FILES

TESTS = CHECKOUT / "tests" / "unit"
ROOMS = ("plots", *(f"chapters/{name}" for name in ("dora", "front", "gemma", "olmo", "tiny_titans")))


def plotting_functions(source: str) -> set[str]:
    """The decorated functions of a module that give back a figure."""
    return {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.returns
            and any(getattr(mark, "id", "") == "styled" for mark in node.decorator_list)
            and ast.unparse(node.returns) in ("Figure", "tuple[Figure, str]")}


def redrawn(source: str) -> set[str]:
    """The functions that a test hands to ``redrawn``."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    names = [node.args[0] for node in calls if getattr(node.func, "id", getattr(node.func, "attr", "")) == "redrawn"]
    return {getattr(name, "attr", getattr(name, "id", "")) for name in names}


def untested(files: dict[str, str], tests: dict[str, str]) -> list[str]:
    """Plotting functions that no test in the folder of their room draws."""
    found = []
    for name, source in files.items():
        room = Path(name).parent
        seen = set().union(*(redrawn(text) for test, text in tests.items() if Path(test).parent == room))
        found += [f"{name}: {function}" for function in sorted(plotting_functions(source) - seen)]
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_every_figure_has_a_test_that_draws_it_twice(room):
    files = {name: source for name, source in FILES.items() if name.startswith(f"{room}/") and "styled" in source}
    tests = {path.relative_to(TESTS).as_posix(): path.read_text("utf-8") for path in (TESTS / room).rglob("test_*.py")}
    assert any(plotting_functions(source) for source in files.values())
    assert untested(files, tests) == []


def test_a_figure_without_a_test_is_seen():
    code = "@styled\ndef plot_a() -> Figure:\n    pass\n\n\n@styled\ndef write(ax) -> None:\n    pass\n"
    assert untested({"plots/a.py": code}, {"plots/test_a.py": "redrawn(a.plot_a, 1)"}) == []
    assert untested({"plots/a.py": code}, {"plots/test_a.py": "drawing.redrawn(plot_a)"}) == []
    for test in ("plot_a()", "redrawn(plot_b)"):
        assert untested({"plots/a.py": code}, {"plots/test_a.py": test}) == ["plots/a.py: plot_a"]
    assert untested({"plots/a.py": code}, {"layers/test_a.py": "redrawn(plot_a)"}) == ["plots/a.py: plot_a"]
