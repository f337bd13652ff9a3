"""Say what this machine has for the book, what is missing, and how to mend it: `python3 scripts/check_setup.py`

It needs nothing but Python, so that it also runs where the installation has failed. Exit status 0: the notebooks can
run. What only the tests or the grader need is told, and is no fault.
"""

import importlib.util
import os
import platform
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
SPACE = 4 * 10**9
"""Bytes that the installation and a build take."""
INSTALL = "pip install -r requirements.txt -c constraints.txt -e ."
OK, MISSING, OPTIONAL = "ok", "MISSING", "optional"


def main():
    """Print a line for each thing; return the exit status."""
    found = [*of_python(), *of_packages((ROOT / "requirements.txt").read_text("utf-8")), *of_machine()]
    for status, what, help_text in found:
        print(f"{status:8}  {what}" + (f"\n          {help_text}" if help_text else ""))
    missing = sum(status == MISSING for status, _, _ in found)
    print(f"\n{platform.platform()}, Python {platform.python_version()} at {sys.executable}")
    print("Everything that the notebooks need is here." if not missing else f"{missing} to mend; begin at the top.")
    return int(missing > 0)


def of_python():
    """Whether this Python can run the book."""
    said = f"Python {platform.python_version()}"
    if sys.version_info < OLDEST:
        yield MISSING, said, "the book needs 3.11 or later: https://www.python.org, then name it: make book PYTHON=..."
    else:
        yield OK, said, ""
    bits = platform.architecture()[0]
    yield (OK, bits, "") if bits == "64bit" else (MISSING, bits, "PyTorch has no packages for 32 bits")
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        yield MISSING, "the module venv", "on Debian and Ubuntu: sudo apt-get install python3-venv"
    if sys.prefix == sys.base_prefix and not os.environ.get("CONDA_PREFIX") and (ROOT / ".venv").is_dir():
        name = r".venv\Scripts\python" if os.name == "nt" else ".venv/bin/python"
        yield OPTIONAL, "this is not the Python of .venv", f"look at that one too: {name} scripts/check_setup.py"


def of_packages(requirements):
    """A line for each requirement, and one for the package of the book."""
    for line in requirements.splitlines():
        if wanted := re.match(r"([\w-]+)([^#]*)", line):
            yield of_package(wanted[1], wanted[2].strip())
    if importlib.util.find_spec("llmbook") is None:
        yield MISSING, "llmbook, the package of this book", f"in the folder of the book: {INSTALL}"
    else:
        yield OK, "llmbook", ""


def of_package(name, bounds):
    """Whether a package is installed within its bounds."""
    try:
        there = version(name)
    except PackageNotFoundError:
        return MISSING, f"{name} {bounds}", f"{INSTALL} (behind a proxy: export HTTPS_PROXY=http://HOST:PORT first)"
    if within(there, bounds):
        return OK, f"{name} {there}", ""
    return MISSING, f"{name} {there}, and the book needs {bounds}", INSTALL


def within(there, bounds):
    """Whether a version lies within bounds such as `>=2.9,<3`; parts behind the numbers do not count."""
    for bound in filter(None, bounds.split(",")):
        sign, wanted = re.fullmatch(r"\s*(>=|<)([\d.]+).*", bound).groups()
        if (sign == ">=") == (numbers(there) < numbers(wanted)):
            return False
    return True


def numbers(text):
    """A version as numbers, without zeros at its end: 2.10.0+cpu is 2.10."""
    found = [int(part) for part in re.match(r"[\d.]*\d", text)[0].split(".")]
    while found and not found[-1]:
        found.pop()
    return found


def of_machine():
    """Space, the right to write, and the programs that only some commands need."""
    free = shutil.disk_usage(ROOT).free
    status, text = (OK, "") if free > SPACE else (OPTIONAL, "an installation and a build take about 4 GB")
    yield status, f"{free / 1e9:.0f} GB free", text
    if not os.access(ROOT, os.W_OK):
        yield MISSING, f"the right to write into {ROOT}", "copy the book into a folder of yours"
    programs = [
        (("make",), "the short commands; setup has each without make"),
        (("git",), "updates of the book"),
        (("chromium", "chromium-browser", "google-chrome"), "the browser tests, make slides, make print, make pdf"),
        (("bwrap",), "the grader, on Linux: sudo apt-get install bubblewrap"),
    ]
    for names, use in programs:
        if not any(map(shutil.which, names)):
            yield OPTIONAL, f"no {names[0]}", f"only needed for {use}"


if __name__ == "__main__":
    sys.exit(main())
