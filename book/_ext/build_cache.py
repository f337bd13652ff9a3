"""Keep executed pages true: run a page again when anything it could depend on has changed.

jupyter-cache remembers the outputs of a page under its code cells alone. A page also depends on the package, on the
data, on the installed versions and on the book's settings in the environment, so all of these are digested and the
digest names the folder of the cache. A new digest is an empty cache (every page runs) and a changed Sphinx setting
(every page is read).
"""

import hashlib
import os
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sphinx.errors import ConfigError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",  # one order of summation on every machine; small models gain nothing from more threads
    "LLMBOOK_STATIC": "1",  # figures and explorers draw themselves for the page, not for a live notebook
    "HF_HUB_OFFLINE": "1",  # a build asks nothing of the network, whatever the reader is logged in to
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def input_files(root, names):
    """Sorted files under the named files and folders, without Python's byte code."""
    missing = [name for name in names if not (root / name).exists()]
    if missing:
        raise ConfigError(f"book_cache_inputs names {missing}, which {root} does not have: correct _config.yml")
    found = [path for name in names for path in [root / name, *(root / name).rglob("*")]]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def surroundings(root):
    """Python's version, what is installed of requirements.txt, and the book's settings, one a line.

    Not everything that is installed: `make test` adds its tools, and no page depends on them.
    """
    names = re.findall(r"^[A-Za-z][\w.-]*", (root / "requirements.txt").read_text(encoding="utf-8"), re.M)
    versions = [f"{name}=={installed_version(name)}" for name in sorted(names)]
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("LLMBOOK_"))
    return "\n".join([sys.version, *versions, *settings])


def installed_version(name):
    """Version of an installed distribution, or "none"."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def digest_of(root, names, start=""):
    """Hexadecimal digest of some text and of the paths and contents of the inputs."""
    digest = hashlib.sha256(start.encode())
    for path in input_files(root, names):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:16]


def digest_of_book(app):
    """Digest of all that the pages depend on beside their own code."""
    root = Path(app.srcdir)
    return digest_of(root, app.config.book_cache_inputs, surroundings(root))


def choose_cache(app, config):
    """Point myst-nb at the cache of this digest, and set what the kernels inherit."""
    os.environ.update(KERNEL_ENVIRONMENT)
    config.nb_execution_cache_path = str(Path(app.outdir).parent / ".jupyter_cache" / digest_of_book(app))
    config.book_extension_digest = digest_of(Path(__file__).parent, ["."])


def finish(app, exception):
    """Drop what the next build must not reuse: other digests, pages with warnings, pages built while inputs changed."""
    cache = Path(app.config.nb_execution_cache_path)
    changed = digest_of_book(app) != cache.name
    if changed:
        LOGGER.info("The package or the data changed during the build: the next build runs the pages again.")
    for folder in cache.parent.glob("*"):
        if folder != cache or changed:
            shutil.rmtree(folder, ignore_errors=True)
    if exception or changed or app._warncount:
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)


def setup(app):
    """Register the extension with Sphinx."""
    app.add_config_value("book_cache_inputs", ["code/llmbook", "data", "constraints.txt"], "env")
    app.add_config_value("book_extension_digest", "", "env")
    app.connect("config-inited", choose_cache)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
