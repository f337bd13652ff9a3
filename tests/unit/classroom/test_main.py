"""The commands of a teacher: release a chapter, grade a folder with hidden checks, grade it again."""

import csv
from pathlib import Path

import pytest
from classroom_tasks import needs_linux, needs_sandbox, write_notebook

from llmbook.classroom.__main__ import main
from llmbook.classroom.hidden import digest_of_checks, hidden_checks
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
    found = [(name, row["status"], row["score"], row["gemma-ex-kv-cache: Random sizes (hidden)"])
             for name, row in rows.items()]  # fmt: skip
    assert found == [("ada", "ok", "5", "3"), ("ben", "not attempted", "0", "0"), ("cleo", "ok", "0", "0"),
                     ("dan", "unreadable", "0", "0")]  # fmt: skip
    assert {row["max"] for row in rows.values()} == {"53"}
    pages = {path.stem: path.read_text() for path in (out / "feedback").iterdir()}
    assert pages.keys() == rows.keys() and "keys and values are both stored" in pages["cleo"]
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
    assert main(command) == 2 and message in capsys.readouterr().err
    assert not Path("out").exists()


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
