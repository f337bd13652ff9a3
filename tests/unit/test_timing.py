"""The scripts of ``make bench``: in which order they time, and that no two scripts import each other."""

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.append(str(SCRIPTS))
import timing  # noqa: E402


def imported(path):
    """The first parts of all names that a file imports, inside functions too."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def circle(folder):
    """The names of files in a folder that import each other in a circle, or None."""
    files = {path.stem: path for path in folder.glob("*.py")}
    try:
        TopologicalSorter({name: imported(path) & files.keys() for name, path in files.items()}).prepare()
    except CycleError as error:
        return set(error.args[1])
    return None


FOLDERS = sorted({path.parent for path in SCRIPTS.rglob("*.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_scripts_import_each_other_in_a_circle(folder):
    assert list(folder.glob("*.py")) and circle(folder) is None


@pytest.mark.parametrize("back", ["import table", "def main():\n    from table import report", "from table import *"])
def test_a_circle_is_seen_even_inside_a_function(tmp_path, back):
    for name, text in {"table": "import between", "between": "import rows", "rows": "import json", "free": ""}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    assert circle(tmp_path) is None
    (tmp_path / "rows.py").write_text(back, encoding="utf-8")
    assert circle(tmp_path) == {"table", "between", "rows"}


def observed(function, monkeypatch):
    """Which variants a function runs, and what it reports, by a clock that runs for the variants alone.

    Each takes a second, but ten the first time.
    """
    now, ran = [0.0], []
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def variant(name):
        def run():
            now[0] += 1 if name in ran else 10
            ran.append(name)

        return run

    return function({name: variant(name) for name in "ab"}, 3), "".join(ran)


WANTED = {"a": [1000.0] * 3, "b": [1000.0] * 3}, "abababab"


def test_variants_are_timed_in_turn_after_a_round_that_does_not_count(monkeypatch):
    assert observed(timing.interleaved, monkeypatch) == WANTED


@pytest.mark.parametrize("wrong", [
    lambda variants, rounds: {name: timing.interleaved({name: run}, rounds)[name] for name, run in variants.items()},
    lambda variants, rounds: timing.interleaved(variants, rounds + 1),
    lambda variants, rounds: [timing.interleaved(variants, 0) for _ in range(rounds)] and WANTED[0],
], ids=["one after the other", "a round more", "a round less"])  # fmt: skip
def test_other_orders_are_told_apart(monkeypatch, wrong):
    assert observed(wrong, monkeypatch) != WANTED


def test_a_row_tells_the_fastest_the_median_and_the_ratio(monkeypatch, capsys):
    monkeypatch.setattr(timing, "interleaved", lambda *_: {"a": [4.0, 2.0, 9.0], "b": [8.0, 1.0, 9.0]})
    timing.report("title", {})
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows == [["title", "a", "2.00", "4.00", "1.00"], ["title", "b", "1.00", "8.00", "2.00"]]
