"""The ways out of a page: take it along as a notebook, open it elsewhere, read the source, report a mistake, edit.

What needs the address of a repository appears when `book_repository` in _config.yml has one, and not otherwise.
"""

import shutil
from pathlib import Path
from urllib.parse import quote, urlsplit

from llmbook.notebooks.contents import notebook_of

SETTINGS = {"book_repository": "", "book_branch": "main", "book_hub": ""}
NOTEBOOKS = "notebooks"
"""Where the site keeps the reader's notebooks; in a checkout they are below `book/`."""


def elsewhere(repository, branch, hub, path):
    """(text, address) of the services that open a notebook of a repository."""
    owner_and_name = urlsplit(repository).path.strip("/")
    found = []
    if urlsplit(repository).netloc == "github.com":
        found += [
            ("Open in Colab", f"https://colab.research.google.com/github/{owner_and_name}/blob/{branch}/{path}"),
            ("Open in Binder", f"https://mybinder.org/v2/gh/{owner_and_name}/{branch}?labpath={quote(path, safe='')}"),
        ]
    if hub:
        name = owner_and_name.rpartition("/")[2]
        opened = quote(f"lab/tree/{name}/{path}", safe="")
        pull = f"repo={quote(repository, safe='')}&branch={branch}&urlpath={opened}"
        found.append(("Open in the class's JupyterHub", f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{pull}"))
    return found


def of_repository(repository, branch, source, title):
    """(text, address) to mend a page."""
    if not repository:
        return []
    report = f"{repository}/issues/new?title={quote(f'Mistake on: {title}')}&body={quote(f'On the page {source}:')}"
    return [("Report a mistake", report), ("Edit this page", f"{repository}/edit/{branch}/{source}")]


def buttons(config, page, source, title, has_notebook):
    """(text, address) of all exits of a page; addresses within the site begin with `/`."""
    repository = config.book_repository.rstrip("/").removesuffix(".git")
    found = []
    if has_notebook:
        notebook = notebook_of(page)
        found.append(("Download the notebook", f"/{NOTEBOOKS}/{notebook}"))
        if repository:
            found += elsewhere(repository, config.book_branch, config.book_hub, f"book/{NOTEBOOKS}/{notebook}")
    found.append(("Source of the package", "/files/index.html"))
    return found + of_repository(repository, config.book_branch, source, title)


def add_exits(app, pagename, templatename, context, doctree):
    """Put a menu in front of the buttons at the head of a page."""
    if doctree is None or "header_buttons" not in context:
        return
    has_notebook = (Path(app.srcdir) / "book" / NOTEBOOKS / notebook_of(pagename)).exists()
    source = Path(app.env.doc2path(pagename)).relative_to(app.srcdir).as_posix()
    exits = buttons(app.config, pagename, source, context.get("title", pagename), has_notebook)
    links = [{"type": "link", "text": text, "url": context["pathto"](url[1:], 1) if url.startswith("/") else url}
             for text, url in exits]  # fmt: skip
    menu = {"type": "group", "icon": "fa-solid fa-download", "tooltip": "Take this page along", "label": "exits"}
    context["header_buttons"].insert(0, {**menu, "buttons": links})


def copy_notebooks(app, error):
    """The reader's notebooks, as files of the site."""
    there = Path(app.srcdir) / "book" / NOTEBOOKS
    if not error and app.builder.format == "html" and there.is_dir():
        shutil.copytree(there, Path(app.outdir) / NOTEBOOKS, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))


def setup(app):
    """Register the extension with Sphinx."""
    for name, default in SETTINGS.items():
        app.add_config_value(name, default, "html")
    app.connect("html-page-context", add_exits, priority=700)  # after the theme has made its list of buttons
    app.connect("build-finished", copy_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
