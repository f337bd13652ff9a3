"""Make the titles of exercises headings, in the outline of a page and, with what each is called, in its contents.

sphinx_exercise writes a title as a paragraph, which neither a screen reader's list of headings nor the theme's contents
know. It also gives the text of every exercise and every solution the same id, which is taken out.
"""

import html
import re
from typing import NamedTuple

from bs4 import BeautifulSoup

PART = re.compile(
    r"<h(?P<level>[1-6])[ >]"
    r'|(?P<open><div class="exercise[^"]*" id="(?P<id>[^"]*)">\s*)<p class="admonition-title">(?P<title>.*?)</p>'
    r'(?P<rest>\s*<section id="exercise-content">\s*(?:<p><strong>(?P<name>.*?)</strong>)?)',
    re.DOTALL,
)
SAME_ID = re.compile(r' id="(?:exercise|solution)-content"')
SECTION = re.compile(r'<section id="([^"]*)">')
DEFINITION = re.compile(r'<span class="term-definition".*?</span>', re.DOTALL)


class Title(NamedTuple):
    """The title of an exercise."""

    id: str
    section: str
    """The id of the section that it stands in."""
    number: str
    name: str


def plain(said):
    """HTML as text, without the definitions of its terms."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", DEFINITION.sub("", said))).split())


def with_headings(body):
    """The HTML of a page whose exercises have headings, each a level below the heading before it; and their titles.

    What a reader of headings hears of one is its number, what the exercise is called, and what it asks for.
    """
    titles, level = [], 1

    def heading(found):
        nonlocal level
        if found["level"]:
            level = int(found["level"])
            return found[0]
        number, _, kind = plain(found["title"]).partition(" (")
        name = plain(found["name"] or "").rstrip(".")
        titles.append(Title(found["id"], section_before(body, found.start()), number, name))
        heard = html.escape(f"{number}: {name}{f' ({kind}' if kind else ''}" if name else plain(found["title"]))
        tag = f"h{min(level + 1, 6)}"
        made = f'<{tag} class="admonition-title" aria-label="{heard}">{found["title"]}</{tag}>'
        return found["open"] + made + found["rest"]

    made = PART.sub(heading, body)
    return (SAME_ID.sub("", made), titles) if titles else (body, titles)


def section_before(body, place):
    """The id of the last section of the page itself that begins before a place."""
    names = [found[1] for found in SECTION.finditer(body, 0, place) if not found[1].endswith("-content")]
    return names[-1] if names else ""


def with_entries(contents, titles):
    """The list of a page's contents with an entry for each exercise, below its section."""
    tree = BeautifulSoup(contents, "html.parser")
    links = {link["href"]: link for link in tree.find_all("a", href=True)}
    for title in titles:
        link = links.get(f"#{title.section}", links.get("#"))
        if link is not None:
            entry = tree.new_tag("a", href=f"#{title.id}", attrs={"class": "reference internal"})
            entry.string = f"{title.number}: {title.name}" if title.name else title.number
            item = tree.new_tag("li")
            item.append(entry)
            list_below(tree, link.find_parent("li")).append(item)
    return str(tree)


def list_below(tree, item):
    """The list within an entry of a list; a new one if it has none."""
    below = item.find("ul", recursive=False)
    if below is None:
        below = tree.new_tag("ul")
        item.append(below)
    return below


def add_headings(app, pagename, templatename, context, doctree):
    """Change the text and the contents of a page with exercises."""
    if 'class="exercise' not in context.get("body", ""):
        return
    context["body"], titles = with_headings(context["body"])
    if titles and context.get("toc"):
        context["toc"] = with_entries(context["toc"], titles)


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("html-page-context", add_headings, priority=400)  # before the theme reads the contents
    return {"parallel_read_safe": True, "parallel_write_safe": True}
