"""Record the largest memory that the kernel of any page needed, so that a test can hold every page below 2 GiB.

The operating system keeps the largest resident size among a process's finished children. It never falls, so a page
after which it has risen is the page that needed that much.
"""

import json
import sys
from pathlib import Path

RECORD = "peak-memory.json"  # lies in the cache of executed pages: it lives exactly as long as their outputs


def peak_of_children():
    """Largest resident size, in bytes, of any finished child process; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


def note_peak(app, doctree):
    """After a page was read: write down its peak if it is the highest so far."""
    path = Path(app.config.nb_execution_cache_path) / RECORD
    so_far = json.loads(path.read_text())["bytes"] if path.exists() else 0
    peak = peak_of_children()
    if peak > so_far and path.parent.exists():
        path.write_text(json.dumps({"bytes": peak, "page": app.env.docname}))


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("doctree-read", note_peak)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
