"""``make faults`` on a package of a few lines: weak tests let a fault survive, strong ones catch it, and it is told."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from package_imports import CHECKOUT

sys.path.append(str(CHECKOUT / "scripts" / "faults"))
from sight import Sight

CODE = "def is_long(length):\n    return length > three()\n\n\ndef three():\n    return 3\n"
WEAK = "from kit import is_long\ndef test_long(): assert is_long(9) and not is_long(0)\n"
STRONG = "from kit import is_long\ndef test_long(): assert is_long(4) and not is_long(3)\n"


@pytest.fixture
def project(tmp_path):
    """A function with a boundary, in a module that the package hands on."""
    return write(tmp_path / "project", {"code/kit/__init__.py": "from kit.shapes import is_long\n",
                                        "code/kit/shapes.py": CODE})  # fmt: skip


def write(root: Path, files: dict[str, str]) -> Path:
    """Put files into a project."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def faults(root: Path, *options: str) -> tuple[int, str]:
    """Run it on a project: its exit status, and what it prints."""
    before = {path: path.read_bytes() for path in root.rglob("*.py")}
    known = root / "equivalent.txt"
    known.touch()
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "scripts" / "faults"), "--root", str(root), "--equivalent", str(known),
         *options, "--libraries"], capture_output=True, text=True)  # fmt: skip
    assert {path: path.read_bytes() for path in root.rglob("*.py")} == before, "the project itself is never touched"
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_a_weak_test_lets_a_boundary_survive(project):
    write(project, {"tests/unit/test_shapes.py": WEAK})
    status, said = faults(project)
    assert status == 1
    place = "code/kit/shapes.py:2 is_long [comparison]\n    - return length > three()"
    assert f"survived   {place}\n    + return length >= three()\n    after 1 of 1 test files" in said
    assert f"caught     {place}\n    + return length < three()\n    seen by tests/unit/test_shapes.py::" in said


def test_a_strong_test_catches_it(project):
    write(project, {"tests/unit/test_shapes.py": STRONG})
    status, said = faults(project, "--jobs", "2")
    assert status == 0 and "survived  " not in said
    assert "seen by tests/unit/test_shapes.py::test_long" in said
    assert "4 faults: 4 caught (0 of them by an error of the code itself), 0 survived" in said


def test_a_survivor_on_the_list_is_no_failure(project):
    write(project, {"tests/unit/test_shapes.py": WEAK})
    lines = ["return length > three() || return length >= three()", "return 3 || return 4", "return 3 || return 2"]
    (project / "equivalent.txt").write_text("".join(f"code/kit/shapes.py || {line} || it is so\n" for line in lines))
    status, said = faults(project)
    assert status == 0 and said.count("equivalent code/kit/shapes.py") == 3


def test_what_no_test_imports_is_told(project):
    write(project, {"tests/unit/test_other.py": "def test_other(): assert True\n"})
    status, said = faults(project, "--count", "1")
    assert status == 1 and said.startswith("not run    code/kit/shapes.py")


def test_a_test_that_fails_anyway_catches_nothing(project):
    write(project, {"tests/unit/test_shapes.py": WEAK + "def test_always(): assert is_long(-1)\n"})
    status, said = faults(project)
    assert status == 1 and "survived  " in said
    assert "does not count, since it fails without a fault: tests/unit/test_shapes.py::test_always" in said


def test_a_file_that_cannot_be_imported_catches_nothing(project):
    write(project, {"tests/unit/test_shapes.py": WEAK, "tests/unit/test_kit.py": "from kit import is_long\n1 / 0\n"})
    status, said = faults(project)
    assert status == 1 and "survived  " in said
    assert "does not count, since it fails without a fault: tests/unit/test_kit.py" in said


LOOP = "def last(count):\n    while count > 0:\n        count = count - 1\n    return [][count:]\n"
CALL = "from kit.loop import last\ndef test_last(): assert last(3) == []\n"


def test_a_hang_and_an_error_of_the_code_are_told_apart(project):
    """``count + 1`` never ends; another bound is an error of no test."""
    raising = "def half(a):\n    return 6 / (a + 1)\n"
    half = "from kit.raising import half\ndef test_half(): assert half(1) == 3\n"
    write(project, {"code/kit/loop.py": LOOP, "tests/unit/test_loop.py": CALL, "code/kit/raising.py": raising,
                    "tests/unit/test_raising.py": half})  # fmt: skip
    _, said = faults(project, "--only", "loop", "--hang", "2")
    assert "    + count = count + 1\n    hang by tests/unit/test_loop.py::test_last" in said
    _, said = faults(project, "--only", "raising")
    assert "    + return 6 / (a - 1)\n    crash by tests/unit/test_raising.py::test_half" in said
    assert "    + return 6 * (a + 1)\n    seen by tests/unit/test_raising.py::test_half" in said


def test_a_run_ends_when_its_time_is_up(project):
    slow = "import time\nfrom kit import is_long\ndef test_slow(): time.sleep(60)\n"
    write(project, {"tests/unit/test_shapes.py": slow})
    status, said = faults(project, "--count", "1", "--limit", "2")
    assert status == 1 and "after 0 of 1 test files" in said


FIGURE = "def plot_bars(ax, names, heights):\n    ax.bar(names, heights)\n"
STUB = """
from kit.plots import plot_bars
class Axes:
    def bar(self, names, heights): self.drawn = list(zip(names, heights, strict=True))
def drawn():
    ax = Axes()
    plot_bars(ax, ["a", "b"], [1, 2])
    return ax.drawn
"""


@pytest.mark.parametrize(("test", "survives"), [
    ("def test_bars(): assert drawn() == drawn()\n", True),
    ("def test_bars(): assert drawn() == [('a', 1), ('b', 2)]\n", False),
])  # fmt: skip
def test_a_figure_is_drawn_wrongly_once(project, test, survives):
    """What ends in an error, ``-names``, says nothing: the next wrong drawing is tried."""
    write(project, {"code/kit/plots.py": FIGURE, "tests/unit/test_plots.py": STUB + test})
    status, said = faults(project, "--figures")
    assert status == survives and said.count("code/kit/plots.py:2 plot_bars [drawing]") == 1 + survives
    assert ("survived  " in said) == survives and "crash by" not in said


# --- which tests could see it -----------------------------------------------------------------------------------------


def test_the_nearest_tests_come_first(tmp_path):
    root = write(tmp_path, {
        "code/kit/__init__.py": "",
        "code/kit/low/__init__.py": "from kit.low.base import f\nfrom kit.low.other import g\n",
        "code/kit/low/base.py": "def f(): pass\n",
        "code/kit/low/other.py": "def g(): pass\n",
        "code/kit/high.py": "from kit.low import f\n",
        "tests/unit/low/test_base.py": "from kit.low.base import f\n",
        "tests/unit/low/test_g.py": "from kit.low import g\n",
        "tests/unit/test_high.py": "from kit import high\n",
        "tests/unit/helper.py": "import kit.high\n",
        "tests/unit/test_far.py": "from helper import x\n",
        "tests/unit/test_process.py": "CODE = 'import kit.low.other as k'\n",
        "tests/unit/test_none.py": "import kit\n",
        "tests/parity/test_f.py": "def f():\n    from kit.low import f\n",
    })
    names = ("low/test_base", "test_high", "test_far", "low/test_g", "test_process")
    units = [f"tests/unit/{name}.py" for name in names]
    assert nearest(Sight(root), "code/kit/low/base.py") == [units[0], "tests/parity/test_f.py", *units[1:3]]
    assert nearest(Sight(root), "code/kit/low/other.py") == units[3:]


def nearest(sight: Sight, name: str) -> list[str]:
    """The test files in their order, whatever portions they come in."""
    return [*chain.from_iterable(sight.nearest(name))]


def test_the_real_package_is_seen_by_its_tests():
    sight = Sight(CHECKOUT)
    assert sight.nearest("code/llmbook/layers/norm.py")[0][0] == "tests/unit/layers/test_norm.py"
    assert 2 < len(nearest(sight, "code/llmbook/chapters/gemma/norms/plots.py")) < len(sight.tests) / 4
    assert [path for path in sight.modules.values() if path.name != "__init__.py"
            and not sight.nearest(path.relative_to(CHECKOUT).as_posix())] == []  # fmt: skip
