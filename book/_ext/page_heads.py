"""What a page says of itself to a search engine and to whoever is sent its address: description, title, picture.

With `html_baseurl` set, also a map of the site. A page that is missing is answered by 404.html.
"""

import html
import re
from pathlib import Path

from docutils import nodes

LONGEST = 200
PICTURE = "_static/logo.svg"


def description(doctree):
    """What a page says first, apart from its times, as plain text, cut at a word; with the list that it opens."""
    paragraphs = (each for each in doctree.findall(nodes.paragraph) if "page-times" not in each["classes"])
    paragraph = next(paragraphs, None)
    text = words(paragraph) if paragraph else ""
    following = paragraph.next_node(descend=False, siblings=True) if paragraph else None
    if isinstance(following, nodes.bullet_list):
        text = f"{text.rstrip(':')}: {'; '.join(words(item).rstrip('.,;') for item in following)}"
    return text if len(text) <= LONGEST else text[:LONGEST].rpartition(" ")[0] + " ..."


def words(node):
    """The text of a part of a page, with single spaces."""
    return " ".join(node.astext().split())


def metatags(title, text, address, picture):
    """The tags of a page; address and picture may be empty."""
    found = [("name", "description", text), ("property", "og:title", title), ("property", "og:description", text),
             ("property", "og:type", "article"), ("property", "og:url", address), ("property", "og:image", picture)]
    return "".join(f'<meta {kind}="{name}" content="{html.escape(content)}" />\n'
                   for kind, name, content in found if content)  # fmt: skip


def add_tags(app, pagename, templatename, context, doctree):
    """Put the tags into the head of a page of the book."""
    if doctree is None:
        return
    base = app.config.html_baseurl.rstrip("/")
    address = f"{base}/{app.builder.get_target_uri(pagename)}" if base else ""
    title = html.unescape(re.sub(r"<[^>]*>", "", context.get("title", "")))
    tags = metatags(title, description(doctree), address, f"{base}/{PICTURE}" if base else "")
    context["metatags"] = context.get("metatags", "") + tags
    if title == context.get("docstitle"):
        context["docstitle"] = ""  # the front page has the title of the book, and would have it twice


def missing_page(app):
    """The page that a server sends for an address that leads nowhere."""
    title = "There is no such page"
    said = "The address leads nowhere in this book. Its pages are listed at the side, and the search knows their words."
    yield "404", {"title": title, "body": f"<h1>{title}</h1><p>{said}</p>"}, "page.html"


def write_map(app, error):
    """All pages of the site for search engines."""
    base = app.config.html_baseurl.rstrip("/")
    if error or app.builder.format != "html" or not base:
        return
    places = "".join(f"<url><loc>{html.escape(f'{base}/{app.builder.get_target_uri(page)}')}</loc></url>\n"
                     for page in sorted(app.env.found_docs))  # fmt: skip
    text = f'<?xml version="1.0"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n'
    Path(app.outdir, "sitemap.xml").write_text(text, encoding="utf-8")


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("html-page-context", add_tags)
    app.connect("html-collect-pages", missing_page)
    app.connect("build-finished", write_map)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
