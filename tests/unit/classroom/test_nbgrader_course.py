"""nbgrader takes the assignment, cuts the solutions out, and gives the points that our own grader gives."""

import ast
import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from classroom_tasks import needs_sandbox

from llmbook.classroom.grading import grade
from llmbook.classroom.hidden import known_exercises
from llmbook.classroom.nbgrader_course import BEGIN, export, solved
from llmbook.classroom.sandbox import Limits
from llmbook.classroom.submission import ClassroomError, code_of, tasks_of

ROOT = Path(__file__).resolve().parents[3]
CHAPTERS = ("gemma", "olmo", "dora", "tiny-titans")
needs_nbgrader = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None and not os.environ.get("CI"), reason="nbgrader is not installed"
)


def tasks(chapter):
    return tasks_of(ROOT, chapter, known_exercises(), {})


def told(notebook):
    """The metadata of nbgrader's cells."""
    return [cell.metadata.nbgrader for cell in nbformat.read(notebook, 4).cells if "nbgrader" in cell.metadata]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_answer_is_a_solution_and_every_check_a_locked_test(chapter, tmp_path):
    place = export(ROOT, chapter, tasks(chapter), tmp_path)
    assert place == tmp_path / "source" / chapter / f"{chapter}.ipynb"
    nbformat.validate(nbformat.read(place, 4))
    cells = told(place)
    answers, tests = ([cell for cell in cells if cell.solution is kind] for kind in (True, False))
    checks = [(f"{task.exercise}-test-{number}", check.points)
              for task in tasks(chapter) for number, check in enumerate(task.visible, start=1)]  # fmt: skip
    assert [cell.grade_id for cell in answers] == [task.exercise for task in tasks(chapter)]
    assert [(cell.grade_id, cell.points) for cell in tests] == checks
    assert all(cell.grade and cell.locked for cell in tests) and not any(cell.grade or cell.locked for cell in answers)
    assert len({cell.grade_id for cell in cells}) == len(cells)
    given = code_of(place)
    assert sum(BEGIN in cell for cell in given) == len(answers) and "_solution" not in "\n".join(given)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_source_passes_its_own_tests(chapter, tmp_path):
    """Each cell as it stands, in order; the twin is one whose body is cut out."""
    cells, space = code_of(export(ROOT, chapter, tasks(chapter), tmp_path)), {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell, "<cell>", "exec"), space)
    answer = next(cell for cell in cells if BEGIN in cell)
    exec(compile(answer.partition(BEGIN)[0] + "raise NotImplementedError", "<cell>", "exec"), space)
    test = next(cell for cell in cells if "must_pass(" in cell)
    with pytest.raises(Exception, match="not attempted"):
        exec(compile(test, "<cell>", "exec"), space)


def test_what_a_solution_needs_comes_with_it():
    """Imports and helpers of the cell, unless the starter has them; no helper of another place, no demonstration."""
    starter = 'import re\n\n\ndef f(x):\n    """Doc."""\n    raise NotImplementedError  # your code here\n'
    before = "import re\nimport math\n\n\ndef half(x):\n    return x / 2\n\n\n"
    solution = before + 'def f(x):\n    """Doc."""\n    # why\n    return math.floor(half(x))\n\n\nprint(f(3))'
    text = solved(starter, "f", solution)
    assert text.count("import re") == 1 and "print" not in text and "# why" in text and text.count('"""Doc."""') == 1
    space = {}
    exec(text, space)
    assert space["f"](5) == 2 and ast.parse(text)


def test_a_file_that_is_there_stays_and_a_missing_solution_is_told(tmp_path):
    place = export(ROOT, "gemma", tasks("gemma"), tmp_path)
    settings = tmp_path / "nbgrader_config.py"
    assert "timeout" in settings.read_text()
    settings.write_text("c = get_config()  # mine")
    with pytest.raises(ClassroomError, match="there already"):
        export(ROOT, "gemma", tasks("gemma"), tmp_path)
    export(ROOT, "olmo", tasks("olmo"), tmp_path)
    assert settings.read_text().endswith("mine")
    place.unlink()
    with pytest.raises(ClassroomError, match="no function"):
        export(ROOT, "gemma", tasks("olmo"), tmp_path)
    assert not place.exists()


def nbgrader(course, *command):
    """Run a command of nbgrader's in the folder of a course."""
    paths = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(course)}
    paths |= {"JUPYTER_CONFIG_DIR": str(course), "PYTHONPATH": str(ROOT / "code"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=course, env=os.environ | paths,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def hand_in(course, student, notebook, old="", new=""):
    """Put a notebook where nbgrader looks for it, with a change in its text."""
    folder = course / "submitted" / student / "olmo"
    folder.mkdir(parents=True)
    text = notebook.read_text("utf-8")
    assert old in text
    (folder / "olmo.ipynb").write_text(text.replace(old, new), "utf-8")
    return folder / "olmo.ipynb"


@needs_nbgrader
@needs_sandbox
def test_nbgrader_releases_and_grades_it(tmp_path):
    """A right submission, one that is wrong in one place, one that nobody has touched, and one that tampers."""
    source = export(ROOT, "olmo", tasks("olmo"), tmp_path)
    nbgrader(tmp_path, "generate_assignment", "olmo", "--create")
    released = tmp_path / "release" / "olmo" / "olmo.ipynb"
    assert "SOLUTION" not in released.read_text() and len(told(released)) == len(told(source))
    wrong = solved_line(source, "olmo-ex-fold-norm")
    handed_in = {
        "right": hand_in(tmp_path, "right", source),
        "wrong": hand_in(tmp_path, "wrong", source, wrong, wrong.replace("return ", "return 2 * ")),
        "untouched": hand_in(tmp_path, "untouched", released),
        "patched": hand_in(tmp_path, "patched", released, '"import torch\\n"', json.dumps(PATCH)[1:-1]),
    }
    nbgrader(tmp_path, "autograde", "olmo", "--create")
    nbgrader(tmp_path, "export")
    rows = {row["student_id"]: row for row in csv.DictReader((tmp_path / "grades.csv").open())}
    most = sum(check.points for task in tasks("olmo") for check in task.visible)
    assert {float(row["max_score"]) for row in rows.values()} == {most}
    assert float(rows["right"]["score"]) == most and float(rows["untouched"]["score"]) == 0
    assert 0 < float(rows["wrong"]["score"]) < most
    ours = {name: grade(name, handed_in[name], tasks("olmo"), Limits(), sandboxed=True)
            for name in ("wrong", "patched")}  # fmt: skip
    assert ours["wrong"].score == float(rows["wrong"]["score"])
    assert float(rows["patched"]["score"]) == most and ours["patched"].score == 0  # what the Teach page warns of


PATCH = ["import torch\n", "import llmbook.classroom.strict as s\n",
         "s.run_check = lambda *given: type('O', (), {'status': 'PASS'})\n"]  # fmt: skip


def solved_line(source, exercise):
    """The line of a solution that returns, as it stands in the file of a notebook."""
    cell = next(cell for cell in nbformat.read(source, 4).cells
                if cell.metadata.get("nbgrader", {}).get("grade_id") == exercise)  # fmt: skip
    return json.dumps(next(line for line in cell.source.split("\n") if line.strip().startswith("return ")))[1:-1]
