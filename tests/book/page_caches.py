"""Where the outputs of built pages are."""

import nbformat
from jupyter_cache import get_cache


def page_caches(root):
    """{page: the folder of its cache that the last build used} of a book in a folder; build_cache.py makes them."""
    base = root / "_build" / ".jupyter_cache"
    found = {}
    for database in sorted(base.glob("*/**/global.db"), key=lambda path: path.parent.stat().st_mtime_ns):
        found[database.parent.parent.relative_to(base).as_posix()] = database.parent
    return found


def executed_page(root, page):
    """A page with the outputs that the last build showed, or None if it kept none."""
    notebook = nbformat.read(root / f"{page}.ipynb", nbformat.NO_CONVERT)
    folder = page_caches(root).get(page)
    try:
        return folder and get_cache(folder).merge_match_into_notebook(notebook)[1]
    except KeyError:
        return None
