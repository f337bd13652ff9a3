"""A line at the end of each page with code: when it last ran, on what processor, and with which versions."""

import html

from build_cache import page_folder
from myst_nb.sphinx_ import NbMetadataCollector
from page_record import read_record, surroundings_now, write_record


def line(ran):
    """The line of a record, HTML."""
    tools = ", ".join(f"{name} {number}" for name, number in ran["versions"].items())
    where = f" on {html.escape(ran['processor'])}" if ran["processor"] else ""
    date = f'<time datetime="{html.escape(ran["date"])}">{html.escape(ran["date"])}</time>'
    return f'<p class="page-ran">The code of this page last ran on {date}{where}, with {html.escape(tools)}.</p>\n'


def record_markdown(app, doctree):
    """A page in Markdown is run by myst-nb as it is read: take down then what page_run.py takes down for notebooks."""
    name = app.env.docname
    if not app.env.doc2path(name).endswith(".md") or not ran_here(app.env, name):
        return
    folder = page_folder(app.config, app.env, name)
    if folder.is_dir() and read_record(folder) is None:  # the folder is that of its present digest: it ran just now
        write_record(folder, surroundings_now())


def ran_here(env, name):
    """Whether the build has outputs of a page, in which no cell failed."""
    ran = NbMetadataCollector.get_doc_data(env).get(name, {}).get("exec_data")
    return bool(ran and ran.get("succeeded"))


def add_line(app, pagename, templatename, context, doctree):
    """Put the line behind the text of a page."""
    if doctree is None or "body" not in context or not ran_here(app.env, pagename):
        return
    ran = read_record(page_folder(app.config, app.env, pagename))
    if ran:
        context["body"] += line(ran)


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("doctree-read", record_markdown)
    app.connect("html-page-context", add_line, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
