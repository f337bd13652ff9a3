"""What can be checked in the files of a site without a browser. Each function returns the problems it finds."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

FENCE, ROLE, OPTION = (
    r"(```|:::)\s*\{[a-z]",
    r"(?<!\\text)\{(numref|eq|term|doc|ref|cite:[pt])\}",  # \text{ref} is of a formula
    r"^\s*:(name|label|filter|alt):",
)
RAW_MARKUP = re.compile(f"{FENCE}|{ROLE}|{OPTION}", re.M)
NOT_READ = ("script", "style", "pre", "code")


class PageParser(HTMLParser):
    """Collects what the checks need: the start tags with their attributes, the anchors, and the links."""

    def __init__(self):
        super().__init__()
        self.tags, self.anchors, self.links, self.text = [], set(), [], ""
        self.inside = []

    def handle_starttag(self, tag, attrs):
        """Note one start tag."""
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.anchors.update(attributes[name] for name in ("id", "name") if attributes.get(name))
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag in NOT_READ:
            self.inside.append(tag)

    def handle_endtag(self, tag):
        """Leave an element whose text is not prose."""
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data):
        """Collect the prose."""
        if not self.inside:
            self.text += data


def parse(html):
    """Parse the text of a page."""
    parser = PageParser()
    parser.feed(html)
    return parser


def find_missing_alt(html):
    """Pictures that a screen reader could not name: <img> without alt, or role=img without a label."""
    problems = []
    for tag, attributes in parse(html).tags:
        names = ("alt",) if tag == "img" else ("aria-label", "aria-labelledby")
        named = any((attributes.get(name) or "").strip() for name in names)
        is_picture = tag == "img" or attributes.get("role") == "img"
        if is_picture and not named and attributes.get("aria-hidden") != "true":
            problems.append(f"<{tag}> without a description: {str(attributes)[:120]}")
    return problems


def find_raw_markup(html):
    """Directives and roles that were not understood, and so stand on the page as they were typed."""
    text = parse(html).text
    return [text[found.start() : found.start() + 80] for found in RAW_MARKUP.finditer(text)]


def find_broken_links(folder, paths):
    """Links of the pages that lead to no file, or to no anchor in one of them."""
    pages = {path: parse(path.read_text(encoding="utf-8")) for path in paths}
    problems = []
    for path, page in pages.items():
        for link in page.links:
            problem = check_link(path, link, pages)
            if problem:
                problems.append(f"{path.relative_to(folder)}: {problem}")
    return problems


def check_link(path, link, pages):
    """None for a link that works or leads elsewhere; otherwise what is wrong with it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return f"{link} leads to no file"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return f"{link} leads to no anchor"
    return None
