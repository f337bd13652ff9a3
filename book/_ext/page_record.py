"""When, on what processor and with which versions a page ran: taken down as it runs, and kept beside its outputs.

It says what a result may depend on, and nothing of who ran it: no name of a machine, no user, no path.
"""

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "numpy", "matplotlib", "llmbook")
FILE = "page-ran.json"


def surroundings_now():
    """{"date", "processor", "versions"} of this moment and this machine."""
    versions = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"date": datetime.now(UTC).date().isoformat(), "processor": processor(), "versions": versions}


def processor():
    """The make of the processor, as far as the system tells it; "" if it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def write_record(folder, ran):
    """Keep a record with the outputs in a folder."""
    Path(folder, FILE).write_text(json.dumps(ran, indent=1) + "\n", encoding="utf-8")


def read_record(folder):
    """The record that a folder keeps; None if it has none, or what is there is no record."""
    try:
        found = json.loads(Path(folder, FILE).read_text(encoding="utf-8"))
        return found if found.keys() == {"date", "processor", "versions"} else None
    except (OSError, ValueError, AttributeError):
        return None
