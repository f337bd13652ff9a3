"""Places that the search of the site puts first: numbered things, terms of the glossary, and questions in search.yml.

They are written as a script, so that the search also works where the pages are opened as files.
"""

import json
import re
from pathlib import Path

import yaml

from llmbook.notebooks.contents import read_pages
from llmbook.notebooks.labels import find_targets
from llmbook.notebooks.myst import replace_roles

NUMBERED = ("Exercise", "Figure", "Table", "equation")
TERM = re.compile(
    r"^(?P<term>\S[^\n]*)\n(?:(?!^\S).*\n)*?  Taught in \{(?P<role>ref|doc)\}`(?P<target>[^`]+)`", re.MULTILINE
)


def key(text):
    """How a query and a name are compared: small letters and digits alone."""
    return re.sub(r"[\W_]", "", text.lower())


def plain(title):
    """A title without roles and marks."""
    return re.sub(r"[`*$]", "", replace_roles(title, lambda role, said, target: said or target))


def places(root):
    """{key: [page, title, anchor]} of everything that has a name or a number.

    Raises:
        ValueError: search.yml names a page that does not exist.
    """
    targets = find_targets(read_pages(root))
    found = {}
    for label, target in targets.items():
        if target.kind in NUMBERED and target.number and " " not in label:
            name = f"{target.kind.capitalize()} {target.number}"
            anchor = f"#equation-{label}" if target.kind == "equation" else f"#{label}"
            title = f"{name}: {plain(target.title or target.page.title)}"
            found[key(name)] = [target.page.name, title, anchor]
    return found | of_terms(root, targets) | of_questions(root, targets)


def of_terms(root, targets):
    """The section that teaches each term of the glossary."""
    found = {}
    for entry in TERM.finditer((root / "book/glossary.md").read_text("utf-8")):
        name = entry["target"].lstrip("/") if entry["role"] == "doc" else entry["target"]
        if name in targets:
            target = targets[name]
            title = f"{plain(entry['term'])}, in: {plain(target.title)}"
            found[key(entry["term"])] = [target.page.name, title, f"#{name}" if target.kind != "page" else ""]
    return found


def of_questions(root, targets):
    """Where the questions of search.yml are answered."""
    found = {}
    for question, place in yaml.safe_load((root / "book/search.yml").read_text("utf-8")).items():
        page, _, anchor = place.partition("#")
        if page not in targets:
            raise ValueError(f"book/search.yml: {question}: there is no page {page}")
        found[key(question)] = [page, plain(targets[page].title), f"#{anchor}" if anchor else ""]
    return found


def write_places(app):
    """The script of the site."""
    if app.builder.format == "html":
        script = Path(app.outdir, "_static", "places.js")
        script.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(places(Path(app.srcdir)), ensure_ascii=False, separators=(",", ":"))
        script.write_text(f"const BOOK_PLACES = {text};\n", encoding="utf-8")


def load_places(app, pagename, templatename, context, doctree):
    """Only the page of the search takes the script."""
    if pagename == "search":
        app.add_js_file("places.js")


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("builder-inited", write_places)
    app.connect("html-page-context", load_places)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
