"""The package works from a wheel as well as from a checkout, and never shadows the standard library."""

import subprocess
import sys
import zipfile

import pytest
from book_build import ROOT


def run(code, folder, **environment):
    """Run Python code in a fresh interpreter in a folder; return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the package, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    unpacked = folder / "unpacked"
    zipfile.ZipFile(next(folder.glob("llmbook-*.whl"))).extractall(unpacked)
    return unpacked


def test_the_wheel_brings_its_data(wheel):
    """Each table of data/ is inside, and the package reads it from there, not from the checkout."""
    tables = sorted(path.name for path in (ROOT / "data").glob("*.csv"))
    assert tables and sorted(path.name for path in (wheel / "llmbook" / "_data").glob("*.csv")) == tables
    code = f"import llmbook.data as d; print(d.__file__); print(len(d.read_table({tables[0][:-4]!r})))"
    where, rows = run(code, wheel, PYTHONPATH=str(wheel)).split()
    assert where.startswith(str(wheel)) and int(rows) > 0


def test_the_wheel_brings_nothing_else(wheel):
    """One package, its data, its license; no tests, no pages."""
    names = {path.relative_to(wheel).parts[0] for path in wheel.rglob("*") if path.is_file()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"llmbook"}
    assert list(wheel.glob("*.dist-info/licenses/LICENSE"))


def test_code_is_a_folder_and_not_a_package():
    """The source root has the name of a module of the standard library, so it must never become a package."""
    assert not (ROOT / "code" / "__init__.py").exists()
    assert "InteractiveConsole" in run("import code; print(dir(code))", ROOT)


def test_a_package_there_would_be_noticed(tmp_path):
    """The twin: with an __init__.py, `import code` finds the folder."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "__init__.py").touch()
    assert "InteractiveConsole" not in run("import code; print(dir(code))", tmp_path)
