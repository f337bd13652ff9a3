"""Run pages and compare what they open with what page_inputs.py says that they depend on.

    python tests/book/witness.py                                   every page (minutes)
    python tests/book/witness.py chapters/tiny-titans/02-rouge.ipynb

A hook in the kernel sees every file that Python opens. What other code opens is not seen, except where it goes through
safetensors; of a stored model Python itself reads the config.
"""

import json
import sys
from pathlib import Path

import nbformat
from book_build import ROOT
from nbclient import NotebookClient

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from page_inputs import Inputs, files_under, is_stray

WATCH = """
import sys, safetensors
_opened = set()
_open_safe = safetensors.safe_open
safetensors.safe_open = lambda path, *words, **more: (_opened.add(str(path)), _open_safe(path, *words, **more))[1]
sys.addaudithook(lambda event, given: event == "open" and isinstance(given[0], str) and _opened.add(given[0]))
"""
TELL = """
import json, os, sys
_files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps(sorted({os.path.realpath(path) for path in [*_files, *_opened] if isinstance(path, str)})))
"""


def opened(page):
    """The files that were opened, and those of the modules that were imported, when a page ran."""
    notebook = nbformat.read(page, nbformat.NO_CONVERT)
    make = nbformat.v4.new_code_cell
    notebook.cells = [make(WATCH, id="watch"), *notebook.cells, make(TELL, id="tell")]
    folder = {"metadata": {"path": str(Path(page).parent)}}
    NotebookClient(notebook, timeout=300, startup_timeout=300, resources=folder).execute()
    told = "".join(piece.text for piece in notebook.cells[-1].outputs if piece.get("name") == "stdout")
    return {Path(path) for path in json.loads(told)}  # a kernel may send one line in two pieces


def missed(page, root=ROOT, **folders):
    """Files of the book that a page opened or imported, and on which it is not said to depend."""
    root, page = Path(root).resolve(), Path(page).resolve()
    below = {path for path in opened(page) if path.is_relative_to(root) and path.is_file()}
    own = {path for path in below if not is_stray(path.relative_to(root).parts) and "_build" not in path.parts}
    return sorted(path.relative_to(root).as_posix() for path in own - {page, *Inputs(root, **folders).of(page)})


def main(pages):
    """Check pages, all by default; the exit status is the number of those that depend on more than is said."""
    found = [Path(page) for page in pages] or files_under(ROOT / "chapters")
    faults = {page: missed(page) for page in found if page.suffix == ".ipynb"}
    for page, files in faults.items():
        print(page, "opens nothing else" if not files else f"also opens {', '.join(files)}")
    return sum(map(bool, faults.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
