"""A book of two pages in a temporary folder, built by the real command with the real configuration and extensions."""

import nbformat
import yaml
from book_build import ROOT, build_book

# The page counts its own executions, so that a test can tell a cached page from one that ran.
COUNT = "from pathlib import Path\nwith open('../../.runs.txt', 'a') as runs:\n    runs.write('x')"
USE = "from thing import answer\nprint('answer', answer)"
DROPPED = ("sphinxcontrib.bibtex", "search_places")  # the pages cite nothing, and have no glossary


class TinyBook:
    """Write, change and build the book.

    Args:
        folder: an empty folder.
        write: whether to write the book; otherwise it is there already.
    """

    def __init__(self, folder, write=True):
        self.folder = folder
        if write:
            self.write_all()

    def write_all(self):
        """Write every file of the book."""
        self.write("package/thing.py", "answer = 41\n")
        self.write("data/table.csv", "a,b\n1,2\n")
        self.write("constraints.txt", "numpy==1\n")
        self.write("requirements.txt", "# what is used\nnumpy>=1  # arrays\n")
        self.write("book/index.md", "# Tiny\n\nA book.\n\n```{chapter-map}\n```\n")
        self.write("chapters/one/index.md", "# One\n\nThe chapter.\n")
        self.write("_toc.yml", yaml.safe_dump(self.contents()))
        self.write("_config.yml", yaml.safe_dump(self.settings()))
        self.write_page()

    def write(self, name, text):
        """Write a file of the book."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def write_page(self, sentence="First words.", cells=(COUNT, USE), name="page"):
        """Write a notebook: a title, a sentence and code cells."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.cells = [nbformat.v4.new_markdown_cell(f"# Page\n\n{sentence}", id="title")]
        notebook.cells += [nbformat.v4.new_code_cell(text, id=f"cell-{i}") for i, text in enumerate(cells)]
        self.write(f"chapters/one/{name}.ipynb", nbformat.writes(notebook))

    @staticmethod
    def contents():
        """The table of contents."""
        chapter = {"file": "chapters/one/index", "sections": [{"file": "chapters/one/page"}]}
        return {"format": "jb-book", "root": "book/index", "chapters": [chapter]}

    @staticmethod
    def settings():
        """The book's own configuration, with this book's inputs and without the book's own assets."""
        settings = yaml.safe_load((ROOT / "_config.yml").read_text())
        sphinx = settings["sphinx"]
        local = {name: str(ROOT / path) for name, path in sphinx["local_extensions"].items()}
        sphinx["local_extensions"] = local
        config = sphinx["config"]
        config["extensions"] = [name for name in config["extensions"] if name not in DROPPED]
        for name in ("html_extra_path", "html_static_path", "bibtex_default_style", "bibtex_reference_style"):
            del config[name]
        config["book_cache_code"] = ["package"]
        del settings["html"]["favicon"], settings["logo"], settings["bibtex_bibfiles"]
        return settings

    def build(self):
        """Build as `make book` does; return (exit status, everything printed)."""
        return build_book(self.folder, PYTHONPATH=str(self.folder / "package"))

    def runs(self):
        """How often the page has been executed."""
        path = self.folder / ".runs.txt"
        return len(path.read_text()) if path.exists() else 0

    def html(self, name):
        """A built page."""
        return (self.folder / "_build" / "html" / name).read_text()
