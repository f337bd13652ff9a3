"""The Makefile and the tests build the same book; make works in any folder, and mends an environment that broke.

A Python that does not serve is turned away with advice.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from book_build import BUILD, ROOT, STRICT

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")


def make(folder, *words):
    """Run make on a copy of the Makefile in a folder."""
    (folder / "scripts").mkdir(exist_ok=True)
    for name in ("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml", "scripts/venv_holds.py"):
        shutil.copy2(ROOT / name, folder / name)
    done = subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def python(folder, text):
    """A script that stands for a Python."""
    path = folder / "some-python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def plan(folder, target="book"):
    """What make would do, as text."""
    status, printed = make(folder, "--dry-run", target)
    assert status == 0, printed
    return printed


def add_pip(folder):
    """An empty pip for the environment in a folder."""
    pip = next((folder / ".venv").glob("lib/python*/site-packages")) / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()


def installed(folder):
    """A folder with an environment in .venv, complete as far as make can see."""
    folder.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=folder, check=True)
    add_pip(folder)
    for name in (".ready-book", ".ready-test"):
        (folder / ".venv" / name).touch()
    return folder


def test_the_tests_build_the_book_as_make_does():
    """One command for all: make book, make test and conftest.py."""
    makefile = (ROOT / "Makefile").read_text()
    assert f"$(BIN)/python {BUILD}\n" in makefile and f"$(BIN)/python {BUILD} {' '.join(STRICT)}\n" in makefile


def split_by_pip(printed, folder):
    """The constraint files that pip would read in a folder, for a line that installs: pip splits at every space."""
    line = next(line for line in printed.splitlines() if "pip install" in line)
    values = [word.split("=", 1)[1] for word in shlex.split(line) if re.match(r"PIP_\w*CONSTRAINT=", word)]
    assert len(values) == 2
    return [(folder / path).is_file() for value in values for path in value.split()]


def test_a_folder_with_a_space_has_its_constraints(tmp_path):
    """The paths that pip is given are found in such a folder; the twin is the path that stood here once."""
    folder = tmp_path / "my book"
    folder.mkdir()
    printed = plan(folder)
    assert all(split_by_pip(printed, folder))
    whole = printed.replace("CONSTRAINT=constraints.txt", f'CONSTRAINT="{folder}/constraints.txt"')
    assert not any(split_by_pip(whole, folder))


def test_a_whole_environment_is_left_alone(tmp_path):
    """Nothing is made or installed a second time; the twin of the three tests that follow."""
    for target in ("book", "test"):
        printed = plan(installed(tmp_path / f"for {target}"), target)
        assert "-m venv" not in printed and "pip install" not in printed and BUILD in printed


def is_made_anew(printed):
    """Whether make plans to clear the environment, and to install everything into the new one."""
    return "-m venv --clear .venv" in printed and "-r requirements.txt" in printed


def test_a_moved_folder_recovers(tmp_path):
    """The commands in .venv name the old folder."""
    assert is_made_anew(plan(installed(tmp_path / "before").rename(tmp_path / "after"), "test"))


def test_another_python_recovers(tmp_path):
    """The packages of Python 3.10 are not seen by this one."""
    record = installed(tmp_path / "book") / ".venv" / "pyvenv.cfg"
    record.write_text(re.sub("^version = 3[.]", "version = 2.", record.read_text(), flags=re.M))
    assert is_made_anew(plan(tmp_path / "book"))


def test_a_python_that_is_gone_recovers(tmp_path):
    """The link leads nowhere."""
    link = installed(tmp_path / "book") / ".venv" / "bin" / "python"
    link.unlink()
    link.symlink_to(tmp_path / "python3.10")
    assert is_made_anew(plan(tmp_path / "book"))


def test_recovering_makes_an_environment_that_holds(tmp_path):
    """Not only planned: after a move .venv is made, the stamps go, and then the plan is short."""
    installed(tmp_path / "before").rename(tmp_path / "after")
    script = python(tmp_path, f'case "$2" in venv) shift 2; set -- -m venv --without-pip "$@";; esac\n'
                              f'exec "{os.path.realpath(sys.executable)}" "$@"')
    status, printed = make(tmp_path / "after", ".venv/bin/python", script)
    assert status == 0, printed
    assert not list((tmp_path / "after" / ".venv").glob(".ready-*"))
    ran = subprocess.run([".venv/bin/python", "scripts/venv_holds.py"], cwd=tmp_path / "after", capture_output=True)
    assert ran.returncode == 0 and ran.stdout == b""  # it lacks pip, so it does not hold yet
    add_pip(tmp_path / "after")
    assert "-m venv" not in plan(tmp_path / "after")


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
    assert status == 0 and "-m venv --clear .venv" in printed and "pip install" in printed
