"""A line "Reproduces: ..." under a result becomes a badge that says on focus and on hover what it promises.

The meanings are the rows of the table on the notation page, to which the badge links. terms.css shows and hides them.
"""

import html
import re
from itertools import count

from docutils import nodes
from sphinx.util.osutil import relative_uri

PAGE, TABLE = "book/notation", "tab-notation-reproduces"
LINE = re.compile(
    r"<p><em>Reproduces: (?P<words>(?:(?!</?p>|</em>).)+)</em>\s*(?P<rest>(?:(?!</?p>).)*)</p>", re.DOTALL
)
CLASSES = {
    "exact": r"\bexact\b",
    "to the printed digits": r"printed digits",
    "to 0.02; to 2 %": r"\bto \d[\d.]*(?: %)?(?![\d.]*\w)",
    "to one, two, three or four digits": r"\bto (?:one|two|three|four) digits?",
    "to the power of ten": r"power of ten",
    "rounding, below": r"\brounding\b",
    "up to the seed": r"up to the seed",
    "illustrative": r"\billustrative\b",
}
"""How a row of the table begins, and by what a line that uses it is known."""


def meanings(doctree):
    """{how a row begins: what you get} of the table of promises.

    Raises:
        ValueError: a class of promises has no row.
    """
    table = next((table for table in doctree.findall(nodes.table) if TABLE in table["ids"]), None)
    rows = [[" ".join(cell.astext().split()) for cell in row.findall(nodes.entry)]
            for row in (table.findall(nodes.row) if table else ())]  # fmt: skip
    found = {start: gets for start in CLASSES for words, gets in rows if words.startswith(start)}
    if found.keys() != CLASSES.keys():
        raise ValueError(f"no row of {TABLE} begins with: {', '.join(CLASSES.keys() - found.keys())}")
    return found


def said_of(words, known):
    """What a line promises: the meaning of each class in it, in the order of the table."""
    plain = re.sub(r"<[^>]*>", "", words)
    used = [start for start, pattern in CLASSES.items() if re.search(pattern, plain)]
    return " ".join(f"{start[0].upper()}{start[1:]}: {known[start]}." for start in used)


def with_badges(body, known, address):
    """The HTML of a page with a badge for each line."""
    numbers = count(1)

    def badge(found):
        meaning = said_of(found["words"], known)
        if not meaning:
            return found[0]
        name = f"promise-{next(numbers)}"
        link = f'<a class="badge-link" href="{address}" aria-describedby="{name}">Reproduces: {found["words"]}</a>'
        shown = f'<span class="term-definition" role="tooltip" id="{name}">{html.escape(meaning, quote=False)}</span>'
        rest = f"\n<p>{found['rest']}</p>" if found["rest"] else ""  # what the page says of the result stands below
        return f'<p class="reproduces"><span class="term">{link}{shown}</span></p>{rest}'

    return LINE.sub(badge, body)


def read_meanings(app, env):
    """Read the table; if it has changed, every page is written anew."""
    known = meanings(env.get_doctree(PAGE)) if PAGE in env.found_docs else {}
    changed = known != getattr(env, "promise_meanings", {})
    env.promise_meanings = known
    return sorted(env.found_docs) if changed else []


def show_badges(app, pagename, templatename, context, doctree):
    """Put the badges into the text of a page."""
    if "body" in context and app.env.promise_meanings:
        address = relative_uri(app.builder.get_target_uri(pagename), app.builder.get_target_uri(PAGE))
        context["body"] = with_badges(context["body"], app.env.promise_meanings, f"{address}#notation-reproduces")


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("env-updated", read_meanings)
    app.connect("html-page-context", show_badges)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
