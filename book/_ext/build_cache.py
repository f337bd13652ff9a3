"""Keep executed pages true: run a page again when anything that it depends on has changed, and only then.

jupyter-cache remembers the outputs of a page under its code cells and their metadata alone. A page also depends on the
modules that it reaches by imports, on the data that these read (page_inputs.py finds both), on the installed versions
and on some settings in the environment. All of these are digested, and a page has a cache for each of its digests,
`_build/.jupyter_cache/PAGE/DIGEST`. The last few of a page are kept, so a branch can be left and come back to.
"""

import hashlib
import os
import re
import shutil
import sys
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache
from myst_nb.sphinx_ import NbMetadataCollector
from page_inputs import CODE, DATA, Inputs, files_under, is_page
from sphinx.errors import ConfigError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",  # one order of summation on every machine; small models gain nothing from more threads
    "LLMBOOK_STATIC": "1",  # figures and explorers draw themselves for the page, not for a live notebook
    "HF_HUB_OFFLINE": "1",  # a build asks nothing of the network, whatever the reader is logged in to
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
SETTINGS = ("LLMBOOK_", "ATEN_", "DNNL_", "MKL_", "ONEDNN_")  # the book's own, and those that choose the arithmetic
RUNNERS = ("page_run.py", "page_record.py", "page_room.py")  # how a page is run
KEPT = 5  # digests of a page, the present one among them


def surroundings(root):
    """Python's version, what is installed of requirements.txt, and the settings in the environment, one a line.

    Not everything that is installed: `make test` adds its tools, and no page depends on them.
    """
    names = re.findall(r"^[A-Za-z][\w.-]*", (root / "requirements.txt").read_text(encoding="utf-8"), re.M)
    versions = [f"{name}=={installed_version(name)}" for name in sorted(names)]
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(SETTINGS))
    return "\n".join([sys.version, *versions, *settings])


def installed_version(name):
    """Version of an installed distribution, or "none"."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def digest_of(root, files, start=""):
    """Hexadecimal digest of some text and of the paths and contents of files."""
    digest = hashlib.sha256(start.encode())
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "gone"
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:16]


def page_digests(app, names):
    """{page: digest of all that it depends on beside its code cells}, for those of some pages that have such cells."""
    root, config, here = Path(app.srcdir).resolve(), app.config, Path(__file__).parent
    every = [path for name in config.book_cache_inputs for path in files_under(root / name)]
    start = surroundings(root) + digest_of(root, every) + digest_of(here, [here / name for name in RUNNERS])
    inputs = Inputs(root, config.book_cache_code, config.book_cache_data)
    pages = {name: Path(app.env.doc2path(name)) for name in sorted(names)}
    return {name: digest_of(root, inputs.of(path), start) for name, path in pages.items() if is_page(path)}


def page_folder(config, env, name):
    """The cache of a page under its present digest."""
    digest = getattr(env, "book_page_digests", {}).get(name)
    base = Path(config.nb_execution_cache_path)
    return base / name / digest if digest else base


def configure(app, config):
    """Say where the caches are, and set what the kernels inherit."""
    os.environ.update(KERNEL_ENVIRONMENT)
    root, here = Path(app.srcdir), Path(__file__).parent
    missing = [name for name in (*config.book_cache_inputs, *config.book_cache_code, *config.book_cache_data)
               if not (root / name).exists()]  # fmt: skip
    if missing:
        raise ConfigError(f"book_cache_... names {missing}, which {root} does not have: correct _config.yml")
    config.nb_execution_cache_path = str(Path(app.outdir).parent / ".jupyter_cache")
    config.book_extension_digest = digest_of(here, files_under(here))


def outdated_pages(app, env, added, changed, removed):
    """Have Sphinx read those pages whose digest is another than when it last read them."""
    before = getattr(env, "book_page_digests", {})
    env.book_page_digests = page_digests(app, env.found_docs)
    return [name for name, digest in env.book_page_digests.items() if before.get(name) != digest]


def show_cached(app, docname, source):
    """While Sphinx reads: give it a page with its outputs; or else tell myst-nb, which runs it, which cache to use."""
    if app.config.nb_execution_mode != "cache" or docname not in app.env.book_page_digests:
        return
    cache = get_cache(page_folder(app.config, app.env, docname))
    if app.env.doc2path(docname).endswith(".md"):
        source[0] = name_cache(source[0], cache.path)
        return
    try:
        notebook = nbformat.reads(source[0], nbformat.NO_CONVERT)
    except ValueError:
        return  # myst-nb says what is wrong with it
    try:
        record = cache.match_cache_notebook(notebook)
        take_outputs(notebook, cache.get_cache_bundle(record.pk).nb)
        setting = {"execution_mode": "off"}
    except KeyError:
        setting = {"execution_cache_path": str(cache.path)}
    else:
        ran = {"mtime": record.created.timestamp(), "runtime": record.data.get("execution_seconds"), "method": "cache"}
        ran |= {"succeeded": True, "error": None, "traceback": None}
        NbMetadataCollector.set_exec_data(app.env, docname, ran)
    notebook.metadata["mystnb"] = setting | notebook.metadata.get("mystnb", {})
    source[0] = nbformat.writes(notebook)


def name_cache(text, folder):
    """A page in Markdown whose settings, which stand at its beginning, name its cache."""
    _, settings, rest = re.split(r"^---\n", text, maxsplit=2, flags=re.M)
    settings = yaml.safe_load(settings)
    settings["mystnb"] = {**settings.get("mystnb", {}), "execution_cache_path": str(folder)}
    return f"---\n{yaml.safe_dump(settings, sort_keys=False)}---\n{rest}"


def take_outputs(notebook, executed):
    """Give the code cells of a notebook what they showed when they ran; what is said about them stays as it is now."""
    for name in ("kernelspec", "language_info", "widgets"):
        if name in executed.metadata:
            notebook.metadata[name] = executed.metadata[name]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    done = [cell for cell in executed.cells if cell.cell_type == "code"]
    for cell, ran in zip(cells, done, strict=True):
        cell.outputs, cell.execution_count = ran.outputs, ran.execution_count


def finish(app, exception):
    """Drop what must not be used again: pages whose inputs changed while they ran, old digests; warn again."""
    env = app.env
    digests = getattr(env, "book_page_digests", {})
    now = page_digests(app, digests)
    changed = [name for name, digest in digests.items() if now.get(name) != digest]
    for name in [*changed, *filter(partial(wrote_to_stderr, app), digests)]:
        shutil.rmtree(page_folder(app.config, env, name), ignore_errors=True)
    if changed:
        LOGGER.info("Changed while the book was built: %s. The next build runs the pages again.", ", ".join(changed))
    for name in digests:
        keep_last(page_folder(app.config, env, name))
    if exception or app._warncount:
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def wrote_to_stderr(app, name):
    """Whether a page that myst-nb has run, as it does with Markdown, is in the cache with text on stderr."""
    kept = page_folder(app.config, app.env, name).glob("executed/*/base.ipynb")
    is_markdown = app.env.doc2path(name).endswith(".md")
    return is_markdown and any('"name": "stderr"' in path.read_text(encoding="utf-8") for path in kept)


def keep_last(folder):
    """Note that a cache of a page was used now, and drop all but the last that were."""
    if folder.exists():
        os.utime(folder)
    found = sorted(folder.parent.glob("*/global.db"), key=lambda path: path.parent.stat().st_mtime_ns, reverse=True)
    for database in found[KEPT:]:
        shutil.rmtree(database.parent, ignore_errors=True)


def setup(app):
    """Register the extension with Sphinx."""
    app.add_config_value("book_cache_inputs", ["constraints.txt"], "env")
    app.add_config_value("book_cache_code", list(CODE), "env")
    app.add_config_value("book_cache_data", list(DATA), "env")
    app.add_config_value("book_extension_digest", "", "env")
    app.connect("config-inited", configure)
    app.connect("env-get-outdated", outdated_pages)
    app.connect("source-read", show_cached, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
