"""Run the pages that the cache lacks, several at a time, before Sphinx reads them one after another.

myst-nb runs a page when it reads it, which leaves all cores but one idle. Here the outputs are put into the cache where
myst-nb will look for them. A page that fails, or that writes to stderr, is never kept: it is shown as it came out, the
build warns of it, and the next build runs it again.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from build_cache import page_folder
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.sphinx_ import NbMetadataCollector
from page_faults import crashed, in_words, remarks, shown, write_report
from page_record import write_record
from page_room import page_environment, warm
from sphinx.util import logging
from sphinx.util.display import status_iterator

LOGGER = logging.getLogger(__name__)
MOST_PROCESSES = 4  # a page may take 2 GiB
RECORD = "page-costs.json"  # what each page needed; lies in the cache, and lives as long as the outputs do
REPORT = "page-report.json"  # what went wrong with the pages of this build; lies beside the book


class Pages:
    """The pages of one build that ran and are not kept, and what there is to say about them."""

    def __init__(self):
        self.not_kept, self.remarks = {}, []

    def run_missing(self, app, env, docnames):
        """Before Sphinx reads: run the pages that it will read and the cache lacks, if pages are cached at all."""
        if app.config.nb_execution_mode != "cache":
            return
        paths = {name: Path(env.doc2path(name)) for name in docnames}
        pages = {name: path for name, path in paths.items() if path.suffix == ".ipynb"}
        folders = {name: page_folder(app.config, env, name) for name in pages}
        missing = {name: path for name, path in pages.items() if not is_cached(folders[name], path)}
        lasting = Path(app.outdir).with_name(".kernels")
        for name, result in run_all(missing, app.config.nb_execution_timeout, lasting):
            found = remarks(name, result)
            if not found:
                keep(folders[name], name, missing[name], result)
                continue
            self.not_kept[name] = result
            self.remarks += found
            for remark in found:  # build_cache.py has the next build read every page when this one has warned
                LOGGER.warning("%s", in_words(remark), location=name)

    def show(self, app, docname, source):
        """While Sphinx reads: give it what a page that is not kept has printed, in place of the bare notebook."""
        result = self.not_kept.get(docname)
        if result:
            source[0] = shown(result)
            if not result["fault"]:
                done = {"mtime": time.time(), "runtime": result["costs"]["seconds"], "method": "cache"}
                done |= {"succeeded": True, "error": None, "traceback": None}
                NbMetadataCollector.set_exec_data(app.env, docname, done)

    def report(self, app, exception):
        """At the end of a build that got there: leave what went wrong for its last lines, also if that is nothing."""
        if exception is None:
            write_report(Path(app.outdir).with_name(REPORT), self.remarks)


def is_cached(folder, path):
    """Whether a cache holds the outputs of a page, whole: a build that was ended while it wrote them leaves a part."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    try:
        kept = get_cache(folder).match_cache_notebook(notebook).hashkey
        json.loads((Path(folder) / "executed" / kept / "base.ipynb").read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return False
    return True


def run_all(pages, timeout, lasting):
    """Run pages side by side, with a line of progress; yield the name and the result of each."""
    if not pages:
        return
    warm(lasting)
    with ThreadPoolExecutor(min(MOST_PROCESSES, usable_cores())) as threads:
        runs = {threads.submit(run_page, path, timeout, lasting): name for name, path in pages.items()}
        words = {"summary": "running pages... ", "length": len(runs), "stringify_func": runs.get}
        try:
            for run in status_iterator(as_completed(runs), **words):
                yield runs[run], run.result()
        finally:
            threads.shutdown(cancel_futures=True)  # interrupted: start no further page


def usable_cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_page(path, timeout, lasting):
    """What page_run.py writes about a page; `lasting` is the folder that page_room.py keeps between builds."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        room = Path(name)
        result = room / "result.json"
        command = [sys.executable, Path(__file__).with_name("page_run.py"), path, result, str(timeout)]
        done = subprocess.run(command, capture_output=True, env=page_environment(room, lasting))
        return json.loads(result.read_text(encoding="utf-8")) if done.returncode == 0 else crashed(path, done)


def keep(folder, name, path, result):
    """Put the outputs of a page into the cache, and its costs into the record."""
    notebook, costs = nbformat.reads(result["notebook"], nbformat.NO_CONVERT), result["costs"]
    record = folder / RECORD
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    beside = record.with_name(f"{RECORD}.{os.getpid()}")  # ended half-way, a build leaves the record as it was
    folder.mkdir(parents=True, exist_ok=True)
    beside.write_text(json.dumps({**known, name: costs}, indent=1), encoding="utf-8")
    beside.replace(record)
    if "ran" in result:
        write_record(folder, result["ran"])
    bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": costs["seconds"]})
    cache = get_cache(folder)
    _, place = cache.create_hashed_notebook(notebook)
    shutil.rmtree(folder / "executed" / place, ignore_errors=True)  # jupyter-cache stumbles over one without a notebook
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def setup(app):
    """Register the extension with Sphinx."""
    pages = Pages()
    app.connect("env-before-read-docs", pages.run_missing)
    app.connect("source-read", pages.show)
    app.connect("build-finished", pages.report)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
