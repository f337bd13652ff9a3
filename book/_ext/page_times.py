"""Tell the reader under each notebook's title how long the page takes to read and how long it took to run.

Reading: words of prose at 200 a minute, and five seconds for a line of code. Running: what jupyter-cache measured.
"""

import json
import math
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector

WORDS_PER_MINUTE = 200
SECONDS_PER_CODE_LINE = 5
NOT_PROSE = (nodes.literal_block, nodes.math_block, nodes.comment, nodes.raw)


def is_prose(text):
    """Whether a text node is read as prose: not code, not a displayed formula, not an output."""
    parent = text.parent
    while parent is not None:
        if isinstance(parent, NOT_PROSE) or "cell_output" in parent.get("classes", []):
            return False
        parent = parent.parent
    return True


def code_lines(doctree):
    """Number of lines that are not blank in the code blocks and code cells of a page."""
    blocks = [block for block in doctree.findall(nodes.literal_block) if block.get("language") != "none"]
    inputs = [block for block in blocks if "cell_output" not in block.parent.get("classes", [])]
    return sum(bool(line.strip()) for block in inputs for line in block.astext().splitlines())


def reading_minutes(doctree):
    """Whole minutes to read a page, at least one."""
    words = sum(len(text.split()) for text in doctree.findall(nodes.Text) if is_prose(text))
    minutes = words / WORDS_PER_MINUTE + code_lines(doctree) * SECONDS_PER_CODE_LINE / 60
    return max(1, math.ceil(minutes))


def show_seconds(seconds):
    """'4 s', '75 s': whole seconds, at least one."""
    return f"{max(1, round(seconds))} s"


def insert_line(doctree, minutes, seconds):
    """Put the line of times directly under the title of a page."""
    line = f"About {minutes} min to read. Its code ran in {show_seconds(seconds)} when this book was built."
    title = next(doctree.findall(nodes.title), None)
    if title is not None:
        paragraph = nodes.paragraph(line, line, classes=["page-times"])
        title.parent.insert(title.parent.index(title) + 1, paragraph)


def measure_page(app, doctree):
    """Remember the times of the page just read; show them on a page that ran, but not on the front page."""
    page = app.env.metadata[app.env.docname]
    page["read_minutes"] = reading_minutes(doctree)
    ran = NbMetadataCollector.get_doc_data(app.env).get(app.env.docname, {}).get("exec_data")
    if ran and ran["runtime"] is not None:
        page["run_seconds"] = ran["runtime"]
        if app.env.docname != app.config.root_doc:
            insert_line(doctree, page["read_minutes"], ran["runtime"])


def write_record(app, exception):
    """Leave the times of all pages beside the book, in _build/page-times.json, for tests and for teachers."""
    if exception is None:
        names = ("read_minutes", "run_seconds")
        pages = {doc: {name: page[name] for name in names if name in page} for doc, page in app.env.metadata.items()}
        text = json.dumps({doc: pages[doc] for doc in sorted(app.env.found_docs)}, indent=1)
        Path(app.outdir).with_name("page-times.json").write_text(text + "\n", encoding="utf-8")


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("doctree-read", measure_page)
    app.connect("build-finished", write_record)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
