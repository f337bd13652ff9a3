"""Tell the reader under each notebook's title how long the page takes to read, to do and to run.

Reading: words of prose at 200 a minute, and five seconds for a line of code. The core of a page is what stands before
its heading "Going deeper", and "What to remember". Doing: what the headings of its exercises say, as in "core, 10 min".
Running: what jupyter-cache measured.
"""

import json
import math
import re
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector

WORDS_PER_MINUTE = 200
SECONDS_PER_CODE_LINE = 5
NOT_PROSE = (nodes.literal_block, nodes.math_block, nodes.comment, nodes.raw)
DEEPER, SUMMARY = "Going deeper", "What to remember"
MINUTES = re.compile(r", (\d+) min$")
RECORDED = ("read_minutes", "core_minutes", "exercise_minutes", "run_seconds")


def ancestors(node):
    """The nodes that a node stands in, from the nearest to the outermost."""
    while (node := node.parent) is not None:
        yield node


def is_output(node):
    """Whether a node belongs to what a cell printed or drew, at any depth."""
    return any("cell_output" in each.get("classes", []) for each in ancestors(node) if isinstance(each, nodes.Element))


def is_prose(text):
    """Whether a text node is read as prose: not code, not a displayed formula, not an output."""
    return not is_output(text) and not any(isinstance(each, NOT_PROSE) for each in ancestors(text))


def code_lines(doctree):
    """Number of lines that are not blank in the code blocks and code cells of a page."""
    blocks = [block for block in doctree.findall(nodes.literal_block) if block.get("language") != "none"]
    inputs = [block for block in blocks if not is_output(block)]
    return sum(bool(line.strip()) for block in inputs for line in block.astext().splitlines())


def reading_minutes(*parts):
    """Whole minutes to read a page or some parts of it, at least one."""
    words = sum(len(text.split()) for part in parts for text in part.findall(nodes.Text) if is_prose(text))
    minutes = words / WORDS_PER_MINUTE + sum(map(code_lines, parts)) * SECONDS_PER_CODE_LINE / 60
    return max(1, math.ceil(minutes))


def split(doctree):
    """(core, deeper): two lists of parts of a page; nothing is deeper on a page without the heading."""
    core, deeper = [], []
    page = next(doctree.findall(nodes.section), doctree)
    for part in page.children:
        title = part.next_node(nodes.title).astext() if isinstance(part, nodes.section) else ""
        (deeper if (deeper or title == DEEPER) and title != SUMMARY else core).append(part)
    return core, deeper


def anchors(parts):
    """The ids of all sections in some parts of a page."""
    return [name for part in parts for section in part.findall(nodes.section) for name in section["ids"]]


def exercise_minutes(doctree):
    """The minutes that each exercise of a page says it takes to do."""
    elements = [node for node in doctree.findall(nodes.Element) if node.children]
    found = [MINUTES.search(node.children[0].astext()) for node in elements if node.get("type") == "exercise"]
    return [int(match[1]) for match in found if match]


def show_seconds(seconds):
    """'4 s', '75 s': whole seconds, at least one."""
    return f"{max(1, round(seconds))} s"


def show_minutes(minutes):
    """'25 min', '2 h', '2 h 5 min'."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))


def line_of_times(page):
    """The sentences under the title of a page that ran."""
    ran = f"ode ran in {show_seconds(page['run_seconds'])} when this book was built."
    if page.get("exercise_minutes"):
        count, minutes = len(page["exercise_minutes"]), sum(page["exercise_minutes"])
        return f"{count} exercises, about {show_minutes(minutes)} to do. The c{ran}"
    if page["core_minutes"] < page["read_minutes"]:
        return f"Core: {page['core_minutes']} min; whole: {page['read_minutes']} min; its c{ran}"
    return f"About {page['read_minutes']} min to read. Its c{ran}"


def insert_line(doctree, line):
    """Put the line of times directly under the title of a page."""
    title = next(doctree.findall(nodes.title), None)
    if title is not None:
        paragraph = nodes.paragraph(line, line, classes=["page-times"])
        title.parent.insert(title.parent.index(title) + 1, paragraph)


def measure_page(app, doctree):
    """Remember the times of the page just read; show them on a page that ran, but not on the front page."""
    page = app.env.metadata[app.env.docname]
    core, deeper = split(doctree)
    page["read_minutes"] = reading_minutes(doctree)
    page["core_minutes"] = reading_minutes(*core) if deeper else page["read_minutes"]
    page["deeper_anchors"], page["exercise_minutes"] = anchors(deeper), exercise_minutes(doctree)
    ran = NbMetadataCollector.get_doc_data(app.env).get(app.env.docname, {}).get("exec_data")
    if ran and ran["runtime"] is not None:
        page["run_seconds"] = ran["runtime"]
        if app.env.docname != app.config.root_doc:
            insert_line(doctree, line_of_times(page))


def write_record(app, exception):
    """Leave the times of all pages beside the book, in _build/page-times.json, for tests and for teachers."""
    if exception is None:
        pages = {doc: {name: page[name] for name in RECORDED if name in page} for doc, page in app.env.metadata.items()}
        text = json.dumps({doc: pages[doc] for doc in sorted(app.env.found_docs)}, indent=1)
        Path(app.outdir).with_name("page-times.json").write_text(text + "\n", encoding="utf-8")


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("doctree-read", measure_page)
    app.connect("build-finished", write_record)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
