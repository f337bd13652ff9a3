"""The files of the checkout as pages of the site, and a link to them wherever a page names one.

The package is there as a whole, with an index; of the other files those that a page names. An import on a page leads
to the module's source.
"""

import ast
import csv
import html
import io
import json
import re
import shutil
from itertools import groupby
from pathlib import Path

from docutils import nodes
from sphinx.util.osutil import relative_uri

FILE = re.compile(
    r"(?:code|data|scripts|tests)/[\w./-]+\.(?:py|csv|json)|(?:pyproject|requirements|constraints)\.\w+|Makefile"
)
MODULE = re.compile(r'<span class="nn">(llmbook[\w.]*)</span>')
LANGUAGES = {".py": "python", ".json": "json", ".toml": "toml", ".txt": "text", "": "make"}
LONGEST = 60_000
"""Letters of a file that are shown; of a longer one the beginning, and a link to all of it."""
CACHED = "files_named"


def named_files(root, text):
    """The files of a checkout that a text names."""
    return {path for path in FILE.findall(text) if (root / path).is_file()}


def all_files(app):
    """Every file that the site shows, by its path in the checkout: the package, the tables, and what pages name."""
    root = Path(app.srcdir)
    found = {path.relative_to(root).as_posix() for pattern in ("code/llmbook/**/*.py", "data/*.csv")
             for path in root.glob(pattern)}  # fmt: skip
    for page in app.env.found_docs:
        text = Path(app.env.doc2path(page)).read_text(encoding="utf-8")
        found |= named_files(root, text)
    return sorted(found)


def link_names(app, doctree, page):
    """Each file that a page names becomes a link to its page."""
    if app.builder.format != "html":
        return
    shown = set(shown_files(app))
    for literal in list(doctree.findall(nodes.literal)):
        found = FILE.search(literal.astext())  # also in a command that names one
        if found and found[0] in shown and not isinstance(literal.parent, nodes.reference):
            address = relative_uri(app.builder.get_target_uri(page), f"files/{found[0]}.html")
            link = nodes.reference("", "", internal=True, refuri=address)
            literal.replace_self(link)
            link += literal


def shown_files(app):
    """The same as all_files, looked up once a build."""
    if not hasattr(app, CACHED):
        setattr(app, CACHED, all_files(app))
    return getattr(app, CACHED)


def link_imports(app, pagename, templatename, context, doctree):
    """The name of a module in a cell leads to its source, where package_pages.py has not led it to its entry."""
    shown = set(shown_files(app)) if "body" in context else ()

    def link(found):
        base = "code/" + found[1].replace(".", "/")
        path = next((path for path in (f"{base}.py", f"{base}/__init__.py") if path in shown), None)
        address = path and relative_uri(app.builder.get_target_uri(pagename), f"files/{path}.html")
        return f'<a class="source-link" href="{address}">{found[0]}</a>' if path else found[0]

    if shown:
        context["body"] = MODULE.sub(link, context["body"])


def file_pages(app):
    """(name, context, template) of each file's page that is not written yet, and of the index."""
    root, out = Path(app.srcdir), Path(app.outdir)
    for path in shown_files(app):
        raw = out / "files" / path
        raw.parent.mkdir(parents=True, exist_ok=True)
        source = root / path
        page = out / "files" / f"{path}.html"
        if page.exists() and raw.exists() and page.stat().st_mtime > source.stat().st_mtime:
            continue
        shutil.copyfile(source, raw)
        yield f"files/{path}", {"title": path, "body": file_body(app.builder.highlighter, source, path)}, "page.html"
    yield "files/index", {"title": "The package's source", "body": index_body(root, shown_files(app))}, "page.html"


def file_body(highlighter, source, path):
    """A file as HTML: a table, or text in colors."""
    text = source.read_text(encoding="utf-8")
    ways = f'<a href="{source.name}" download>Download the file</a> · <a href="{up(path)}">All files</a>'
    head = f"<h1>{path}</h1><p>{ways}</p>"
    if source.suffix == ".csv":
        return head + table(text)
    more = f"<p>The first of {len(text):,} letters:</p>" if len(text) > LONGEST else ""
    if source.suffix == ".json" and "\n" not in text[:LONGEST]:
        text = json.dumps(json.loads(text), indent=1)
    language = LANGUAGES.get(source.suffix, "text") if len(text) <= LONGEST else "text"  # half a file is no JSON
    return head + more + highlighter.highlight_block(text[:LONGEST], language, linespans="line")


def up(path):
    """The way from a file's page to the index."""
    return "../" * path.count("/") + "index.html"


def table(text):
    """A CSV file as a table; each row has an address, `#row-1` and so on."""
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    cells = lambda row, tag: "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row)  # noqa: E731
    body = "".join(f'<tr id="row-{number}">{cells(row, "td")}</tr>' for number, row in enumerate(rows, start=1))
    return ('<div class="pst-scrollable-table-container"><table class="table">'
            f"<thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table></div>")


def index_body(root, files):
    """The index: rooms of the package with the first line of each module, then the other files."""
    parts = ["<h1>The package's source</h1>"]
    for folder, inside in groupby(files, key=lambda path: path.rpartition("/")[0]):
        items = (f'<li><a href="{path}.html">{path.rpartition("/")[2]}</a> {first_line(root / path)}</li>'
                 for path in inside)  # fmt: skip
        parts.append(f"<h2>{folder or 'The checkout'}</h2><ul>{''.join(items)}</ul>")
    return "".join(parts)


def first_line(path):
    """The first line of a module's docstring, escaped; empty for other files."""
    if path.suffix != ".py":
        return ""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return html.escape(said.partition("\n")[0])


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("doctree-resolved", link_names)
    app.connect("html-page-context", link_imports)
    app.connect("html-collect-pages", file_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
