"""Run the pages that the cache lacks, several at a time, before Sphinx reads them one after another.

myst-nb runs a page when it reads it, which leaves all cores but one idle. Here the outputs are put into the cache where
myst-nb will look for them. A page that fails is left to myst-nb, which runs it again and reports the error.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sphinx.util.display import status_iterator

MOST_PROCESSES = 4  # a page may take 2 GiB
RECORD = "page-costs.json"  # what each page needed; lies in the cache, and lives as long as the outputs do


def run_missing_pages(app, env, docnames):
    """Before Sphinx reads: run the pages that it will read and the cache lacks; nothing where pages run otherwise."""
    if app.config.nb_execution_mode != "cache":
        return
    folder = Path(app.config.nb_execution_cache_path)
    pages = {name: Path(env.doc2path(name)) for name in docnames}
    missing = {name: path for name, path in pages.items() if path.suffix == ".ipynb" and not is_cached(folder, path)}
    for name, result in run_all(missing, app.config.nb_execution_timeout):
        keep(folder, name, missing[name], result)


def is_cached(folder, path):
    """Whether a cache holds the outputs of a page."""
    try:
        get_cache(folder).match_cache_notebook(nbformat.read(path, nbformat.NO_CONVERT))
    except KeyError:
        return False
    return True


def run_all(pages, timeout):
    """Run pages side by side, with a line of progress; yield the name and the result of each that succeeds."""
    with ThreadPoolExecutor(min(MOST_PROCESSES, usable_cores())) as threads:
        runs = {threads.submit(run_page, path, timeout): name for name, path in pages.items()}
        words = {"summary": "running pages... ", "length": len(runs), "stringify_func": runs.get}
        try:
            for run in status_iterator(as_completed(runs), **words) if runs else ():
                if run.result():
                    yield runs[run], run.result()
        finally:
            threads.shutdown(cancel_futures=True)  # interrupted: start no further page


def usable_cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_page(path, timeout):
    """What page_run.py writes about a page, or None if the page fails."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, Path(__file__).with_name("page_run.py"), path, result, str(timeout)]
        done = subprocess.run(command, capture_output=True)
        return json.loads(result.read_text(encoding="utf-8")) if done.returncode == 0 else None


def keep(folder, name, path, result):
    """Put the outputs of a page into the cache, and its costs into the record."""
    notebook, costs = nbformat.reads(result["notebook"], nbformat.NO_CONVERT), result["costs"]
    bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": costs["seconds"]})
    get_cache(folder).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    record = folder / RECORD
    known = json.loads(record.read_text()) if record.exists() else {}
    record.write_text(json.dumps({**known, name: costs}, indent=1))


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("env-before-read-docs", run_missing_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
