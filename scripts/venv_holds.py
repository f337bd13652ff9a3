"""Say "yes" if the environment of the Python that runs this still works: `make` asks before it relies on .venv.

`python -m venv` writes into pyvenv.cfg which Python and which folder an environment is made for. When that Python is
upgraded the packages are not found, and when the folder is moved the commands in it call a Python that is not there.
"""

import importlib.util
import sys
from pathlib import Path


def holds(record, version, folder):
    """Whether a pyvenv.cfg, as text, is of this minor version of Python and of this folder."""
    values = dict(line.split(" = ", 1) for line in record.splitlines() if " = " in line)
    made_for = values.get("version", "").split(".")[:2]
    return made_for == version.split(".")[:2] and values.get("command", "").endswith(f" {folder}")


if __name__ == "__main__":
    record = Path(sys.prefix, "pyvenv.cfg").read_text(encoding="utf-8")
    whole = importlib.util.find_spec("pip") is not None  # not so when its making was interrupted
    if whole and holds(record, sys.version.split()[0], sys.prefix):
        print("yes")
