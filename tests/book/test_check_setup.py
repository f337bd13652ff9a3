"""The command that looks at a machine: what is there, what is missing, and how to mend it; and what hosts install."""

import json
import subprocess
import sys

import pytest
from book_build import ROOT

sys.path.append(str(ROOT / "scripts"))
import check_setup


@pytest.mark.parametrize(("there", "bounds", "holds"), [
    ("2.9.0", ">=2.9,<3", True), ("2.10.0+cpu", ">=2.9,<3", True), ("2.8.9", ">=2.9,<3", False),
    ("3.0", ">=2.9,<3", False), ("1.0.4.post1", ">=1.0.4.post1,<2", True), ("1.0.3", ">=1.0.4.post1,<2", False),
    ("0.0.2", ">=0.0.2", True), ("4", "", True),
])  # fmt: skip
def test_a_version_within_its_bounds(there, bounds, holds):
    assert check_setup.within(there, bounds) is holds


def test_this_machine_has_what_the_book_needs():
    run = subprocess.run([sys.executable, ROOT / "scripts/check_setup.py"], capture_output=True, text=True, check=False)
    assert run.returncode == 0 and "Everything that the notebooks need is here." in run.stdout, run.stdout
    assert "MISSING" not in run.stdout and not run.stderr


def test_a_package_that_is_missing_or_old_is_told_with_what_mends_it():
    """The twin."""
    lines = list(check_setup.of_packages("no-such-package>=1   # x\ntorch>=99\n# a remark\n"))
    assert [status for status, _, _ in lines] == ["MISSING", "MISSING", "ok"]
    assert "the book needs >=99" in lines[1][1] and all("pip install -r" in line[2] for line in lines[:2])


def test_an_old_python_is_told(monkeypatch):
    monkeypatch.setattr(check_setup, "OLDEST", (99, 0))
    assert next(check_setup.of_python())[0] == "MISSING"


def test_the_script_needs_python_alone():
    run = subprocess.run([sys.executable, "-I", "-S", ROOT / "scripts/check_setup.py"], capture_output=True, text=True,
                         check=False)  # fmt: skip
    assert run.returncode == 1 and "MISSING   torch" in run.stdout and not run.stderr


def test_hosts_install_what_the_book_needs():
    """Binder and the development container take the book's own requirements and constraints."""
    lines = (ROOT / ".binder/requirements.txt").read_text("utf-8").split("\n")
    for line in lines:
        if line.startswith(("-c ", "-r ")):
            assert (ROOT / ".binder" / line[3:]).resolve() in (ROOT / "constraints.txt", ROOT / "requirements.txt")
    assert lines[-2] == "-e ." and sum(line.startswith(("-c ", "-r ")) for line in lines) == 2
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text("utf-8"))
    target = container["postCreateCommand"].removeprefix("make ")
    assert f"BOOK_READY := {target}" in (ROOT / "Makefile").read_text("utf-8")
