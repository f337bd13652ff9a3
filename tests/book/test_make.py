"""The Makefile and the tests build the same book, and a Python that does not serve is turned away with advice."""

import shutil
import subprocess

import pytest
from book_build import BUILD, ROOT

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")


def make(folder, *words):
    """Run make on a copy of the Makefile in an empty folder."""
    for name in ("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    done = subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def python(folder, text):
    """A script that stands for a Python."""
    path = folder / "some-python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def test_the_tests_build_the_book_as_make_does():
    """conftest.py and the Makefile run the same command."""
    assert f"$(BIN)/jupyter-book {' '.join(BUILD)}\n" in (ROOT / "Makefile").read_text()


def test_an_old_python_is_turned_away(tmp_path):
    """Python 3.10 would fail much later and less clearly."""
    status, printed = make(tmp_path, "book", python(tmp_path, "exit 1"))
    assert status != 0 and "needs Python 3.11 or later" in printed and not (tmp_path / ".venv").exists()


def test_no_python_is_explained(tmp_path):
    """Nothing called python at all."""
    status, printed = make(tmp_path, "book", "PYTHON=")
    assert status != 0 and "none was found" in printed


def test_a_python_without_venv_is_explained(tmp_path):
    """Debian's python3 lacks ensurepip until python3-venv is installed."""
    script = python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    status, printed = make(tmp_path, "book", script)
    assert status != 0 and "python3-venv" in printed


def test_a_good_python_goes_on_to_install(tmp_path):
    """The twin: with a Python that serves, make plans to create the environment."""
    status, printed = make(tmp_path, "--dry-run", "book", python(tmp_path, "exit 0"))
    assert status == 0 and "-m venv .venv" in printed and "pip install" in printed
