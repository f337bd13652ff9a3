"""Record what the kernels needed: processor seconds of each page, and the largest memory of any page.

Tests hold every page below a minute and 2 GiB with this record. It lies in the cache of executed pages and lives as
long as their outputs. The operating system sums the processor time of a process's finished children, so what a page
adds is its own. Of their memory it keeps only the largest, which never falls: the page after which it has risen
needed that much. Processor time counts beside the clock because a busy machine stretches the clock.
"""

import json
import sys
from pathlib import Path

RECORD = "page-costs.json"


class CostRecorder:
    """Compares the children's totals after each page with those before it."""

    def __init__(self):
        """Start with what the children have used so far."""
        self.seconds = children()[0]

    def note(self, app, doctree):
        """After a page was read: if a kernel ran for it, write down its costs."""
        seconds, peak = children()
        used, self.seconds = seconds - self.seconds, seconds
        path = Path(app.config.nb_execution_cache_path) / RECORD
        if used == 0 or not path.parent.exists():
            return
        record = json.loads(path.read_text()) if path.exists() else {"cpu_seconds": {}, "peak": {"bytes": 0}}
        record["cpu_seconds"][app.env.docname] = used
        if peak > record["peak"]["bytes"]:
            record["peak"] = {"bytes": peak, "page": app.env.docname}
        path.write_text(json.dumps(record, indent=1))


def children():
    """(processor seconds, largest resident bytes) of the finished child processes; zeros on Windows."""
    try:
        import resource
    except ImportError:
        return 0.0, 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return used.ru_utime + used.ru_stime, used.ru_maxrss * unit


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("doctree-read", CostRecorder().note)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
