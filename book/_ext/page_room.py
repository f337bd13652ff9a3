"""A room for each page: the environment in which it finds nothing of the reader's own, and leaves nothing behind.

A reader may have a matplotlibrc with an old key, startup files of IPython, a home that cannot be written. Each of these
can change a page or make it write to stderr. So a page gets folders of its own for settings and for temporary files;
they go when it ends. One folder stays: matplotlib's list of fonts takes seconds to make, and a warning tells of it.
"""

import os
import subprocess
import sys
from importlib.metadata import version

OWN_FOLDERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "TMPDIR")
DROPPED = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "MATPLOTLIBRC", "MPLBACKEND", "PYTHONDEVMODE", "PYTHONOPTIMIZE",
           "PYTHONSTARTUP", "PYTHONWARNINGS")  # PYTHONOPTIMIZE would leave out what a page asserts


def page_environment(room, lasting):
    """The environment of a page.

    Args:
        room: an empty folder that goes when the page ends.
        lasting: the folder of `warm`.
    """
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    own = {name: str(room / name.lower()) for name in OWN_FOLDERS}
    for folder in own.values():
        os.makedirs(folder)
    windows = dict.fromkeys(("TEMP", "TMP"), own["TMPDIR"])
    return kept | own | windows | {"MPLCONFIGDIR": str(matplotlib_folder(lasting))}


def matplotlib_folder(lasting):
    """Where this version of matplotlib keeps its list of fonts."""
    return lasting / f"matplotlib-{version('matplotlib')}"


def warm(lasting):
    """Make matplotlib's list of fonts before the pages run, so that none of them has to, and warn of it."""
    folder = matplotlib_folder(lasting)
    if not any(folder.glob("fontlist-*.json")):
        folder.mkdir(parents=True, exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if name not in DROPPED}
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, env=environment | {"MPLCONFIGDIR": str(folder)}, capture_output=True)
