"""The commands of a teacher: release a chapter, grade a folder with hidden checks, grade it again."""

import csv
from pathlib import Path

import pytest
from classroom_tasks import needs_linux, needs_sandbox, write_notebook

from llmbook.classroom.__main__ import main
from llmbook.classroom.hidden import digest_of_checks, hidden_checks, known_exercises, own_exercises
from llmbook.classroom.submission import ClassroomError, code_of, find_submissions

HIDDEN = '''
import random
from llmbook.exercises import exercise
from llmbook.exercises.compare import expect_number

@exercise("gemma-ex-kv-cache", points=3)
def random_sizes(f):
    """Random sizes"""
    sizes = [random.Random(SECRET).randint(2, 9) for _ in range(6)]
    layers, heads, kv_heads, size, tokens, number = sizes
    expect_number(f(*sizes), 2 * layers * kv_heads * size * tokens * number)
'''.replace("SECRET", "314159")  # fmt: skip
RIGHT = """
def cache_bytes(layers, heads, kv_heads, head_size, tokens, bytes_per_number):
    return 2 * layers * kv_heads * head_size * tokens * bytes_per_number
"""
HALF = RIGHT.replace("2 * layers", "layers")


@needs_sandbox
def test_a_class_from_release_to_overview(tmp_path, capsys):
    inbox, out, checks = tmp_path / "inbox", tmp_path / "out", tmp_path / "hidden.py"
    assert main(["release", "gemma", "-o", str(inbox)]) == 0
    (inbox / "ben").mkdir()
    (inbox / "gemma.ipynb").rename(inbox / "ben" / "exercises.ipynb")
    write_notebook(inbox / "ada.ipynb", RIGHT)
    write_notebook(inbox / "cleo.ipynb", HALF)
    (inbox / "dan.ipynb").write_text("{")
    checks.write_text(HIDDEN)
    command = ["grade", str(inbox), "--checks", str(checks), "-o", str(out)]
    assert main(command) == 0 and "graded 4 submissions of gemma" in capsys.readouterr().out
    rows = {row["student"]: row for row in csv.DictReader((out / "grades.csv").open())}
    found = [(name, row["status"], row["gemma-ex-kv-cache: Random sizes (hidden)"]) for name, row in rows.items()]
    assert found == [("ada", "ok", "3"), ("ben", "not attempted", "0"), ("cleo", "ok", "0"), ("dan", "unreadable", "0")]
    visible = {name: sum(check.points for check in checks) for name, checks in known_exercises().items()}
    scores = [f"{visible['gemma-ex-kv-cache'] + 3:g}", "0", "0", "0"]
    assert [row["score"] for row in rows.values()] == scores
    every = sum(points for name, points in visible.items() if name.startswith("gemma-ex-"))
    assert {row["max"] for row in rows.values()} == {f"{every + 3:g}"}
    pages = {path.stem: path.read_text() for path in (out / "feedback").iterdir()}
    assert pages.keys() == rows.keys() and "keys and values are both stored" in pages["cleo"]
    assert "The cache of one conversation (0 of" in pages["cleo"] and "gemma-ex-" not in pages["cleo"]
    assert not any("314159" in page or "random_sizes" in page for page in pages.values())
    before = {path.name: path.stat().st_mtime_ns for path in (out / "results").iterdir()}
    assert main(command) == 0
    assert {path.name: path.stat().st_mtime_ns for path in (out / "results").iterdir()} == before


@pytest.mark.parametrize(("command", "message"), [
    (["release", "gemmma", "-o", "out"], "there are: dora, gemma"),
    (["grade", "nowhere", "-o", "out"], "no folder"),
    (["grade", "empty", "-o", "out"], "holds no notebooks"),
    (["grade", "inbox", "-o", "inbox/out"], "lies within"),
    (["grade", "inbox", "-o", "out"], "name the chapter with --chapter"),
    (["grade", "inbox", "-o", "out", "--chapter", "gemmma"], "there are: dora, gemma"),
    (["grade", "inbox", "-o", "out", "--chapter", "olmo", "--checks", "hidden.py"], "no exercise of olmo is called"),
    (["grade", "inbox", "-o", "out", "--checks", "broken.py"], "cannot be run"),
    (["grade", "inbox", "-o", "out", "--checks", "none.py"], "has no checks"),
    (["grade", "inbox", "-o", "out", "--checks", "gone.py"], "cannot be run"),
    (["grade", "inbox", "-o", "out", "--jobs", "0"], "at least 1"),
    (["grade", "inbox", "-o", "out", "--lms", "canvas"], "go together"),
    (["grade", "inbox", "-o", "out", "--roster", "roster.csv"], "go together"),
    (["grade", "inbox", "-o", "out", "--chapter", "gemma", "--lms", "moodle", "--roster", "gone.csv"], "be read"),
    (["grade", "inbox", "-o", "out", "--chapter", "gemma", "--lms", "canvas", "--roster", "roster.csv"], "Section"),
    (["export", "gemmma", "-o", "out"], "there are: dora, gemma"),
    (["release", "gemma", "-o", "out", "--checks", "taken.py"], "is an exercise of the book"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(command, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("llmbook.classroom.__main__.check_sandbox", lambda: None)
    for name in ("empty", "inbox"):
        Path(name).mkdir()
    write_notebook(Path("inbox/ada.ipynb"), "x = 1")
    Path("hidden.py").write_text(HIDDEN)
    Path("broken.py").write_text("1 / 0")
    Path("none.py").write_text("x = 1")
    Path("taken.py").write_text(f"TASKS = {{'gemma-ex-kv-cache': 'def f(): raise NotImplementedError'}}\n{HIDDEN}")
    Path("roster.csv").write_text("submission,Student,ID\nada,Ada,1\n")
    assert main(command) == 2 and message in capsys.readouterr().err
    assert not Path("out").exists()


OWN = HIDDEN + '''
TASKS = {"own-ex-twice": """
**Twice.** Return twice the number.

def twice(number):
    raise NotImplementedError  # your code here
"""}

@exercise("own-ex-twice", points=4)
def seven(f):
    """A number"""
    expect_number(f(271828), 2 * 271828)
'''


@needs_sandbox
def test_an_exercise_of_the_teachers_own_with_a_roster(tmp_path, capsys):
    inbox, out, checks, roster = (tmp_path / name for name in ("inbox", "out", "hidden.py", "roster.csv"))
    checks.write_text(OWN)
    roster.write_text("submission,Email address\nada,ada@example.org\ncleo,cleo@example.org\n")
    assert main(["release", "gemma", "-o", str(inbox), "--checks", str(checks)]) == 0
    given = (inbox / "gemma.ipynb").read_text()
    assert "**Twice.** Return" in given and "271828" not in given and "own-ex-twice" in given
    (inbox / "gemma.ipynb").unlink()
    write_notebook(inbox / "ada.ipynb", RIGHT, "def twice(number):\n    return number + number")
    write_notebook(inbox / "ben.ipynb", HALF)
    command = ["grade", str(inbox), "--checks", str(checks), "-o", str(out), "--lms", "moodle", "--roster", str(roster)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "without a row: ben" in said and "without a mark: cleo" in said
    rows = {row["student"]: row for row in csv.DictReader((out / "grades.csv").open())}
    assert [row["own-ex-twice: A number (hidden)"] for row in rows.values()] == ["4", "0"]
    assert (out / "moodle.csv").read_text() == (
        f"Email address,gemma exercises\nada@example.org,{rows['ada']['score']}\n"
    )


@pytest.mark.parametrize(("old", "new", "message"), [
    ("own-ex-twice", "gemma-ex-mask", "is an exercise of the book"),
    ("@exercise(\"own-ex-twice\", points=4)\n", "", "has no check"),
    ("raise NotImplementedError", "pass", "raises NotImplementedError"),
    ("def twice(number):", "twice = None", "raises NotImplementedError"),
])  # fmt: skip
def test_an_own_exercise_that_cannot_be_graded_is_refused(old, new, message, tmp_path):
    path = tmp_path / "hidden.py"
    path.write_text(OWN)
    (own,) = own_exercises(path, known_exercises())
    assert (own.exercise, own.function, own.words) == ("own-ex-twice", "twice", "**Twice.** Return twice the number.")
    path.write_text(OWN.replace(old, new))
    with pytest.raises(ClassroomError, match=message):
        own_exercises(path, known_exercises())


@needs_linux
def test_without_bubblewrap_it_refuses_unless_told(tmp_path, monkeypatch, capsys):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_notebook(inbox / "ada.ipynb", RIGHT)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = ["grade", str(inbox), "-o", str(tmp_path / "out"), "--chapter", "gemma"]
    assert main(command) == 2 and "apt-get install bubblewrap" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*command, "--no-sandbox"]) == 0 and (tmp_path / "out" / "grades.csv").exists()


def test_submissions_are_files_or_folders(tmp_path):
    write_notebook(tmp_path / "ada.ipynb", "x")
    for name, count in (("ben", 1), ("cleo", 2), ("dan", 0)):
        (tmp_path / name).mkdir()
        for number in range(count):
            write_notebook(tmp_path / name / f"{number}.ipynb", "y")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "notes.txt").touch()
    found = find_submissions(tmp_path)
    assert list(found) == ["ada", "ben", "cleo", "dan"] and code_of(found["ben"]) == ["y"]
    assert found["cleo"].is_dir() and found["dan"].is_dir()
    (tmp_path / "ada").mkdir()
    with pytest.raises(ClassroomError, match="one student"):
        find_submissions(tmp_path)


def test_the_digest_changes_with_the_checks(tmp_path):
    path = tmp_path / "hidden.py"
    path.write_text(HIDDEN)
    first = digest_of_checks(path)
    assert digest_of_checks(path) == first != digest_of_checks(None) and len(hidden_checks(path)) == 1
    path.write_text(HIDDEN + "\n")
    assert digest_of_checks(path) != first and hidden_checks(None) == {}
