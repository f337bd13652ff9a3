"""The Teach pages: plans whose minutes add up, questions and commands that exist, and a file of checks that works."""

import csv
import json
import re
import shlex
import sys
from dataclasses import replace

import pytest
from book_build import ROOT
from teach_plans import EXERCISE, faults, plans

from llmbook.classroom.__main__ import main
from llmbook.classroom.hidden import hidden_checks, known_exercises, own_exercises
from llmbook.classroom.sandbox import NoSandboxError, check_sandbox

CHAPTERS = {"tiny-titans": "tt", "dora": "dora", "olmo": "olmo", "gemma": "gemma"}
TEACH = ROOT / "book" / "teach"
PAGES = [ROOT / "book" / "teach.md", *sorted(TEACH.glob("*.md"))]
LESSONS = {chapter: (TEACH / f"{chapter}-lessons.md").read_text("utf-8") for chapter in CHAPTERS}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def labels(chapter):
    """The exercises and questions of a chapter."""
    cells = json.loads((ROOT / "chapters" / chapter / "exercises.ipynb").read_text("utf-8"))["cells"]
    return set(re.findall(r"^:label: ([\w-]+)$", "\n".join("".join(cell["source"]) for cell in cells), re.MULTILINE))


def blocks(path, language):
    """The fenced blocks of a page in one language."""
    return [text for kind, text in FENCE.findall(path.read_text("utf-8")) if kind == language]


def arguments():
    """What the pages pass to ``python -m llmbook.classroom``, each as a list of words."""
    lines = [line for path in PAGES for text in blocks(path, "bash") for line in text.splitlines()]
    start = ".venv/bin/python -m llmbook.classroom "
    return [shlex.split(line.removeprefix(start)) for line in lines if line.startswith(start)]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_minutes_add_up(chapter):
    """A short and a long plan; each has a goal, a vote, a demo, and ends with the exit ticket."""
    found = plans(LESSONS[chapter])
    assert [plan.minutes for plan in found] == [50, 90]
    assert [faults(plan) for plan in found] == [[], []]


def test_a_minute_too_many_is_found():
    """The twin: another sum, a part left out, a last row that is another one, nobody who votes."""
    plan = plans(LESSONS["gemma"])[0]
    (first, what), *rest = plan.rows
    assert faults(replace(plan, rows=((first + 1, what), *rest))) == ["its minutes are 51"]
    assert faults(replace(plan, text=plan.text.replace("**Goal.**", ""))) == ["it lacks **Goal.**"]
    assert faults(replace(plan, rows=(plan.rows[-1], *plan.rows[:-1]))) == ["it does not end with the exit ticket"]
    quiet = tuple((minutes, what.replace("**Vote.**", "**Talk.**")) for minutes, what in plan.rows)
    assert faults(replace(plan, rows=quiet)) == ["nobody votes"]
    assert plans("## 50 minutes: Nothing\n\n**Goal.** None.\n")[0].sum == 0


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_questions_and_exercises_of_a_plan_exist(chapter):
    """They are of its chapter; both plans vote on a question, and the long one builds."""
    there = labels(chapter)
    assert set(EXERCISE.findall(LESSONS[chapter])) <= there
    short, long = ({name.split("-")[1] for name in EXERCISE.findall(plan.text)} for plan in plans(LESSONS[chapter]))
    assert "q" in short and {"q", "ex"} <= long
    assert not {f"{CHAPTERS[chapter]}-q-no-such-question"} <= there


def test_each_command_is_one_that_the_program_takes(monkeypatch, capsys, tmp_path):
    """As it stands on the page: what it names is missing here, and nothing else is wrong."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("llmbook.classroom.__main__.check_sandbox", lambda: None)
    commands = [words for words in arguments() if words[0] == "grade"]
    assert len(commands) >= 4 and {words[0] for words in arguments()} == {"release", "grade", "export"}
    for words in commands:
        assert main(words) == 2
        assert capsys.readouterr().err.strip() == "submissions is no folder", words
    with pytest.raises(SystemExit):
        main([*commands[0], "--no-such-option"])


def test_the_other_commands_do_what_the_page_says(monkeypatch, tmp_path):
    """Release and export, as they stand there; with the file that the page shows where it is named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hidden.py").write_text(worked_file(), "utf-8")
    for place, words in enumerate(words for words in arguments() if words[0] != "grade"):
        out = tmp_path / str(place)
        assert main([*words[: words.index("-o")], "-o", str(out), *words[words.index("-o") + 2 :]]) == 0
        assert list(out.rglob("gemma.ipynb"))


def worked_file():
    """The file of checks that the page on private exercises shows."""
    (text,) = blocks(TEACH / "private-exercises.md", "python")
    return text


RIGHT = """
def cache_bytes(layers, heads, kv_heads, head_size, tokens, bytes_per_number):
    return 2 * layers * kv_heads * head_size * tokens * bytes_per_number
def conversations(memory, weights, token, length):
    return max(0, (memory - weights) // (token * length))
"""
WRONG = RIGHT.replace("max(0, (memory - weights) // (token * length))", "(memory - weights) // (token * length)")


def sandbox_works():
    """Whether this machine can grade."""
    try:
        check_sandbox()
    except NoSandboxError:
        return False
    return True


@pytest.mark.skipif(sys.platform != "linux" or not sandbox_works(), reason="grading needs Linux and bubblewrap")
def test_the_worked_file_grades(tmp_path):
    """As it stands on the page: right answers earn its points; a mistake that it foresees does not."""
    checks, inbox, out = tmp_path / "hidden.py", tmp_path / "inbox", tmp_path / "graded"
    checks.write_text(worked_file(), "utf-8")
    (own,) = own_exercises(checks, known_exercises())
    assert own.function == "conversations" and own.words.startswith("**How many conversations fit?**")
    assert {name: [check.points for check in found] for name, found in hidden_checks(checks).items()} == {
        "gemma-ex-kv-cache": [2], "own-ex-conversations": [2, 1],
    }  # fmt: skip
    inbox.mkdir()
    for name, cell in (("ada", RIGHT), ("ben", WRONG), ("cleo", own.starter)):
        cells = [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": []}]
        (inbox / f"{name}.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    assert main(["grade", str(inbox), "-o", str(out), "--checks", str(checks), "--chapter", "gemma"]) == 0
    rows = list(csv.DictReader((out / "grades.csv").open()))
    earned = [[float(row[column]) for column in row if column.endswith("(hidden)")] for row in rows]
    assert [row["student"] for row in rows] == ["ada", "ben", "cleo"]
    assert earned == [[2, 2, 1], [2, 2, 0], [0, 0, 0]]
