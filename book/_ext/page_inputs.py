"""What a page depends on beside its own code: the modules it reaches by imports, and the data that these read.

    python book/_ext/page_inputs.py                      how many pages each file of the package and the data concerns
    python book/_ext/page_inputs.py chapters/dora/02-lora.ipynb      the files that one page depends on
"""

import json
import os
import re
import statistics
import sys
from functools import cache
from pathlib import Path

from code_facts import SHORT, Facts, facts_of
from IPython.core.inputtransformer2 import TransformerManager

CODE, DATA = ("code",), ("data",)
# A code cell in Markdown: a fence, its settings in one of two forms, the code.
TEXT_CELL = re.compile(
    r"^(?P<fence>`{3,}|~{3,}|:{3,})\{code-cell\}[^\n]*\n(---\n.*?^---\n|(:[^\n]*\n)*)(?P<code>.*?)^(?P=fence)",
    re.MULTILINE | re.DOTALL,
)
STRAY_ENDINGS = ("~", ".bak", ".orig", ".pyc", ".rej", ".swo", ".swp", ".tmp")
CLIMBING = {"..", "../", "../..", "../../"}  # on a page the way to all of the book; in a module a pattern of dots
STRAY_NAMES = {"__pycache__", "Thumbs.db", "desktop.ini"}


def is_stray(parts):
    """Whether a path is nothing of the book: hidden, an editor's or a system's leftover, Python's byte code."""
    return any(
        part.startswith((".", "#")) or part in STRAY_NAMES or part.endswith((*STRAY_ENDINGS, ".egg-info"))
        for part in parts
    )


def files_under(folder):
    """The files of a folder, sorted, without stray ones; a file is its own folder."""
    found = [folder, *folder.rglob("*")]
    return sorted(path for path in found if path.is_file() and not is_stray(path.relative_to(folder).parts))


def is_page(path):
    """Whether a file has code cells to run: a notebook, or Markdown with such cells."""
    if path.suffix != ".md":
        return path.suffix == ".ipynb"
    text = path.read_text(encoding="utf-8")
    return text.startswith("---\n") and bool(TEXT_CELL.search(text))


def code_of(page):
    """The code cells of a page as Python text, one below the other; None if it cannot be read."""
    try:
        text = page.read_text(encoding="utf-8")
        if page.suffix == ".md":
            texts = [cell["code"] for cell in TEXT_CELL.finditer(text)]
        else:
            cells = json.loads(text)["cells"]
            texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return "\n".join(map(plain_python, texts))


@cache
def plain_python(text):
    """A cell as Python has it: IPython's own commands become calls."""
    return TransformerManager().transform_cell(text)


class Inputs:
    """The files that the pages of a book depend on. Each file is read once: make a new one after changes.

    Args:
        root: the folder of the book.
        code: folders below it in which `import` finds the book's modules.
        data: folders below it with the data that the readers of code_facts.py read.
    """

    def __init__(self, root, code=CODE, data=DATA):
        self.root = Path(root).resolve()
        self.code = [self.root / name for name in code]
        self.data = {folder: files_under(folder) for folder in (self.root / name for name in data)}
        self.modules = [path for folder in self.code for path in files_under(folder)]
        self.facts, self.listed, self.places = {}, {}, {}

    def of(self, page):
        """All files that a page depends on, sorted, itself apart."""
        page = Path(page).resolve()
        text = code_of(page)
        own = Facts(hides=True) if text is None else facts_of(text)
        modules = self.reached(own, page.parent)
        told = Facts(words=own.words & CLIMBING)
        for facts in (own, *modules.values()):
            told.add(facts, words=facts.words - CLIMBING)
        found = {*modules, *(path for path in self.modules if path.suffix != ".py")}
        found.update(path for read in told.reads for path in self.data_of(*read))
        found.update(path for word in told.words for path in self.named(word, page.parent))
        if told.hides or self.root in found:
            found.update(self.modules, *self.data.values())
        return sorted(found - {page, self.root})

    def reached(self, own, folder):
        """{file: its facts} of the modules that a page in a folder imports, directly or through others."""
        found, waiting, seen = {}, set(own.imports), set()
        tops = {path.stem for base in (folder, *self.code) for path in self.files_at(base) if path.parent == base}
        while waiting:
            name = waiting.pop()
            seen.add(name)
            if name.partition(".")[0] not in tops:
                continue  # somebody else's package
            for path, module in self.files_of(name, folder):
                if path not in found:
                    found[path] = self.facts_of(path, module)
                    waiting |= found[path].imports - seen
                if name.removeprefix(f"{module}.").partition(".")[0] in {"*", *found[path].names}:
                    waiting |= found[path].later - seen
        return found

    def files_of(self, name, folder):
        """(file, dotted name) of all that importing a name runs: the packages on the way, and the module."""
        for base in (folder, *self.code):
            if (base, name) not in self.places:
                self.places[base, name] = list(self.files_in(base, name.split(".")))
            yield from self.places[base, name]

    def files_in(self, base, parts):
        """The same in one of the folders where `import` looks, for the parts of a name."""
        for length in range(1, len(parts) + 1):
            place = base.joinpath(*parts[:length])
            for path in (place / "__init__.py", Path(f"{place}.py")):
                if path in self.files_at(base):
                    yield path, ".".join(parts[:length])

    def files_at(self, folder):
        """The files of a folder, and the folders that hold them, as keys; listed once."""
        if folder not in self.listed:
            files = files_under(folder)
            self.listed[folder] = dict.fromkeys([*files, *(parent for path in files for parent in path.parents)])
        return self.listed[folder]

    def facts_of(self, path, module):
        """The facts of a module, read once."""
        if path not in self.facts:
            text = path.read_text(encoding="utf-8")
            self.facts[path] = facts_of(text, module, path.name == "__init__.py")
        return self.facts[path]

    def data_of(self, reader, name):
        """The data that a reader reads: the files of a name, or all that it could if the name is None or unknown."""
        inside, could = SHORT[reader]
        for folder, files in self.data.items():
            below = {path.relative_to(folder / inside).as_posix(): path
                     for path in files if path.is_relative_to(folder / inside)}  # fmt: skip
            named = [path for text, path in below.items() if name and (text + "/").startswith((name + ".", name + "/"))]
            yield from named or [path for pattern in could for path in folder.glob(pattern) if path in files]

    def named(self, word, folder):
        """The files of the book that a text names, seen from the folder of a page or from the root.

        A text without a slash names files beside the page only. For a folder that holds code or data, the root.
        """
        if not word.strip("./") and word not in CLIMBING:
            return
        if "/" not in word and word not in CLIMBING:
            yield from self.files_at(folder).keys() & {folder / word}
            return
        for place in [Path(os.path.normpath(f"{base}/{word}")) for base in (folder, self.root)]:
            if any(base.is_relative_to(place) for base in (*self.code, *self.data)):
                yield self.root
            elif exists(place) and place.is_relative_to(self.root) and not is_stray(place.relative_to(self.root).parts):
                yield from files_under(place)


def exists(path):
    """Whether there is such a file or folder."""
    try:
        return path.exists()
    except (OSError, ValueError):  # no path at all: too long, or with letters that paths cannot have
        return False


def table(root):
    """{file: the pages that it concerns} for each file of the package and the data."""
    inputs = Inputs(root)
    written = root / "book" / "notebooks"  # from the pages, for readers; no pages themselves
    pages = [page for folder in ("book", "chapters") for page in files_under(root / folder)
             if is_page(page) and not page.is_relative_to(written)]  # fmt: skip
    reached = {page: set(inputs.of(page)) for page in pages}
    files = [*inputs.modules, *(path for found in inputs.data.values() for path in found)]
    return {file: [page for page in pages if file in reached[page]] for file in files}


def main(pages):
    """Print the files that pages depend on, or how many pages each file concerns."""
    root = Path(__file__).resolve().parents[2]
    for page in pages:
        print(*(path.relative_to(root).as_posix() for path in Inputs(root).of(page)), sep="\n")
    if not pages:
        counts = {file.relative_to(root).as_posix(): len(found) for file, found in table(root).items()}
        for kind in (*CODE, *DATA):
            own = {name: count for name, count in counts.items() if name.startswith(f"{kind}/")}
            print(*(f"{count:3} {name}" for name, count in sorted(own.items())), sep="\n")
            print(f"A file of {kind}/ concerns {statistics.mean(own.values()):.1f} pages on average.\n")


if __name__ == "__main__":
    main(sys.argv[1:])
