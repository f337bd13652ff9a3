"""Grading one submission: what is right earns its points, and no attack earns more or harms what is around."""

import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from classroom_tasks import DOUBLE, RIGHT, SMALL, TASKS, WRONG, needs_linux, needs_sandbox, write_notebook
from hostile_answers import ANSWERS, RAW
from hostile_processes import PROCESSES

from llmbook.classroom import sandbox
from llmbook.classroom.grading import Result, grade
from llmbook.classroom.hidden import known_exercises
from llmbook.classroom.sandbox import Limits, NoSandboxError, check_sandbox
from llmbook.classroom.submission import code_of, reader_notebook, tasks_of

HOSTILE = [*ANSWERS, *PROCESSES]
AUTOGRAD = """
import torch
def {name}(x, upstream, A, B, scaling):
    A, B = A.clone().requires_grad_(), B.clone().requires_grad_()
    return torch.autograd.grad((scaling * (x @ A.T @ B.T) * upstream).sum(), [A, B])
"""
BUILT = """
def {name}(x, weight, bias, A, B, magnitude, scaling):
    moved = weight + scaling * B @ A
    return x @ (magnitude[:, None] * moved / moved.norm(dim=1, keepdim=True)).T + bias
"""
LOOP = """
def {name}(length, window):
    total = 0
    for position in range(length):
        total += min(position + 1, window)
    return total
"""
SPLIT = """
import random
def {name}(pairs, share, seed):
    meetings = {order}(set(meeting for meeting, _ in pairs))
    random.Random(seed).shuffle(meetings)
    test = set(meetings[: round(share * len(meetings))])
    return [pair for pair in pairs if pair[0] not in test], [pair for pair in pairs if pair[0] in test]
"""
SIGNS = ("WROTE", "FOUND", "CONNECTED", "SECRET", "MOUNTED")


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder with a secret, beside the submission; and a secret in the environment."""
    monkeypatch.setenv("CLASSROOM_SECRET", "a secret")
    (tmp_path / "hidden.txt").write_text("a secret")
    return tmp_path


@pytest.fixture
def port():
    """A port of this machine that somebody listens to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def sleepers():
    """Processes that a submission has left."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path] if b"98765" in path.read_bytes() else []
        except OSError:
            continue
    return found


@needs_sandbox
@pytest.mark.parametrize(("name", "cells", "status", "score"), HOSTILE, ids=[case[0] for case in HOSTILE])
def test_hostile(name, cells, status, score, outside, port):
    filled = {"{outside}": str(outside), "{port}": str(port), "{package}": str(sandbox.PACKAGE)}
    for key, value in filled.items():
        cells = [cell.replace(key, value) for cell in cells]
    path = write_notebook(outside / "student.ipynb", *cells)
    before = path.read_bytes(), sandbox.PACKAGE.joinpath("exercises", "compare.py").read_bytes()
    result = grade("student", path, TASKS, SMALL, sandboxed=True)
    assert result.status in status.split("|") and result.score == score, (result.note, result.outcomes)
    assert sorted(os.listdir(outside)) == ["hidden.txt", "student.ipynb"]
    assert (path.read_bytes(), sandbox.PACKAGE.joinpath("exercises", "compare.py").read_bytes()) == before
    assert sleepers() == [] and not any(sign in result.log for sign in SIGNS)
    assert len(result.log) <= SMALL.log and Result.from_values(json.loads(json.dumps(result.as_values()))) == result


@pytest.mark.parametrize(("name", "text", "status"), RAW, ids=[case[0] for case in RAW])
def test_what_is_no_notebook_earns_nothing_and_starts_nothing(name, text, status, tmp_path):
    path = tmp_path / "student.ipynb"
    path.write_text(text)
    result = grade("student", path, TASKS, SMALL, sandboxed=True)
    assert (result.status, result.score, len(result.outcomes)) == (status, 0, 4)


def test_a_link_and_a_folder_are_no_notebooks(tmp_path):
    write_notebook(tmp_path / "other.ipynb", RIGHT)
    (tmp_path / "student.ipynb").symlink_to(tmp_path / "other.ipynb")
    for path in (tmp_path / "student.ipynb", tmp_path, tmp_path / "gone.ipynb"):
        assert grade("student", path, TASKS, SMALL, sandboxed=True).status == "unreadable"


def test_metadata_and_kernels_do_not_count(tmp_path):
    """What says that a cell is something else is not read: see ``submission.py``."""
    cell = {"cell_type": "code", "metadata": {"exercise": {"id": "other"}, "tags": ["solution"]}, "source": [RIGHT]}
    text = json.dumps({"cells": [cell], "metadata": {"kernelspec": {"name": "no-such-kernel"}}, "nbformat": 9})
    (tmp_path / "student.ipynb").write_text("\ufeff" + text)
    assert code_of(tmp_path / "student.ipynb") == [RIGHT]


def test_without_bubblewrap_nothing_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    path = write_notebook(tmp_path / "student.ipynb", f"open({str(tmp_path / 'ran')!r}, 'w')", DOUBLE)
    with pytest.raises(NoSandboxError, match="--no-sandbox"):
        grade("student", path, TASKS, SMALL, sandboxed=True)
    with pytest.raises(NoSandboxError):
        check_sandbox()
    assert not (tmp_path / "ran").exists()


@needs_linux
def test_unsandboxed_the_marks_are_the_same(tmp_path):
    """Twin of the sandbox: without it a file is written, and a patch still earns nothing."""
    patch = f"import torch\ntorch.equal = lambda *a: True\nopen({str(tmp_path / 'ran')!r}, 'w').write('x')"
    path = write_notebook(tmp_path / "student.ipynb", patch, WRONG, DOUBLE)
    result = grade("student", path, TASKS, SMALL, sandboxed=False)
    assert (result.status, result.score) == ("ok", 1) and (tmp_path / "ran").exists()


@needs_sandbox
@pytest.mark.parametrize("chapter", ["gemma", "olmo", "dora", "tiny-titans"])
def test_the_solutions_of_the_book_earn_everything_and_its_starters_nothing(chapter, tmp_path):
    """Every exercise of the book can be graded: what checks ask of a function passes between two processes."""
    root = Path(__file__).resolve().parents[3]
    tasks = tasks_of(root, chapter, known_exercises(), {})
    given = reader_notebook(root, chapter)
    assert grade("starters", given, tasks, Limits(), sandboxed=True).status == "not attempted"
    answers = [cell.replace("_solution", "") for cell in code_of(given.with_name("solutions.ipynb"))]
    result = grade("solutions", write_notebook(tmp_path / "s.ipynb", *answers), tasks, Limits(), sandboxed=True)
    assert [each for each in result.outcomes if each.status != "PASS"] == [] and result.status == "ok"


@needs_sandbox
def test_a_forbidden_way_is_seen_in_the_other_process(tmp_path):
    """Autograd where formulas are asked for, the matrix that must not be built, a loop over a long text."""
    root = Path(__file__).resolve().parents[3]
    ways = [("dora", "dora-ex-lora-gradients", AUTOGRAD, "without autograd"),
            ("dora", "dora-ex-forward", BUILT, "you multiply by W'"),
            ("olmo", "olmo-ex-window", LOOP, "without a loop")]  # fmt: skip
    for chapter, name, cell, hint in ways:
        tasks = [task for task in tasks_of(root, chapter, known_exercises(), {}) if task.exercise == name]
        path = write_notebook(tmp_path / "student.ipynb", cell.format(name=tasks[0].function))
        result = grade("student", path, tasks, Limits(), sandboxed=True)
        assert any(hint in each.message for each in result.outcomes), result
        assert result.score < sum(each.points for each in result.outcomes)


@needs_sandbox
def test_a_failure_of_the_grader_is_no_mark(tmp_path, monkeypatch):
    def no_more_files(*given, **named):
        raise OSError("too many open files")

    monkeypatch.setattr("llmbook.classroom.grading.Student", no_more_files)
    with pytest.raises(OSError, match="too many"):
        grade("student", write_notebook(tmp_path / "student.ipynb", RIGHT), TASKS, SMALL, sandboxed=True)


@needs_linux
@pytest.mark.parametrize("command", [["false"], ["sh", "-c", "echo no namespaces; exit 1"], ["sleep", "9"]])
def test_a_process_that_does_not_start_is_no_mark(command, tmp_path, monkeypatch):
    monkeypatch.setattr("llmbook.classroom.student.command", lambda *given, **named: command)
    path, limits = write_notebook(tmp_path / "student.ipynb", RIGHT), replace(SMALL, boot=0.2)
    with pytest.raises(RuntimeError, match="did not start"):
        grade("student", path, TASKS, limits, sandboxed=False)


@needs_sandbox
@pytest.mark.parametrize(("order", "passes"), [("sorted", True), ("list", False)])
def test_an_order_that_does_not_last_is_seen_in_the_other_process(order, passes, tmp_path):
    """A set of texts has another order in another run of Python, and one process is one run."""
    root = Path(__file__).resolve().parents[3]
    every = tasks_of(root, "tiny-titans", known_exercises(), {})
    tasks = [task for task in every if task.exercise == "tt-ex-meet-split"]
    path = write_notebook(tmp_path / "student.ipynb", SPLIT.format(name=tasks[0].function, order=order))
    result = grade("student", path, tasks, Limits(), sandboxed=True)
    failed = [each for each in result.outcomes if each.status == "FAIL"]
    assert bool(failed) != passes and all("another run of Python" in each.message for each in failed)
