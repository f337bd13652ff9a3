"""A glossary from A to Z: a bar of letters, a heading for each, and under each entry the pages that use its word.

The pages are those with a {term} link, in the order of the book; a link leads to the section of the first one. All of
it is made when the glossary is written, and it is written in every build.
"""

from html import escape
from string import ascii_uppercase

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

BAR = "letters"
UNWRITTEN = ("exercise-content", "solution-content")  # sections of sphinx-exercise


def letter_of(item):
    """The letter under which an entry stands."""
    return next(item.findall(nodes.term)).astext()[0].upper()


def by_letter(items):
    """[(letter, entries)] in the order of the entries."""
    found = []
    for item in items:
        if not found or found[-1][0] != letter_of(item):
            found.append((letter_of(item), []))
        found[-1][1].append(item)
    return found


def bar(letters):
    """All letters, those with entries as links."""
    every = [*ascii_uppercase, *(letter for letter in letters if letter not in ascii_uppercase)]
    links = "".join(f'<li><a href="#letter-{letter.lower()}">{escape(letter)}</a></li>' if letter in letters else
                    f'<li aria-hidden="true"><span>{letter}</span></li>' for letter in every)  # fmt: skip
    return f'<nav class="{BAR}" aria-label="A to Z"><ul>{links}</ul></nav>'


def heading(letter):
    """The heading of a letter; no section, so that the contents of the page at its side stay short."""
    return f'<h2 class="letter" id="letter-{letter.lower()}">{escape(letter)}</h2>'


def section_of(node):
    """The id of the section in which a node stands, outside of an exercise; "" on a page without one."""
    while node is not None:
        if isinstance(node, nodes.section) and node["ids"] and node["ids"][0] not in UNWRITTEN:
            return node["ids"][0]
        node = node.parent
    return ""


def first_uses(doctree):
    """{term as it is linked, in small letters: the section of its first link} of a page."""
    found = {}
    for link in doctree.findall(addnodes.pending_xref):
        if link.get("reftype") == "term":
            found.setdefault(" ".join(link["reftarget"].split()).lower(), section_of(link))
    return found


def remember(app, doctree):
    """Keep the first uses of the page just read; note whether it is a glossary."""
    page = app.env.metadata[app.env.docname]
    page["has_glossary"] = next(iter(doctree.findall(addnodes.glossary)), None) is not None
    page["term_uses"] = {} if page["has_glossary"] else first_uses(doctree)


def glossaries(app, env):
    """The pages to write anew, since other pages may use other words now."""
    return [name for name, page in env.metadata.items() if page.get("has_glossary")]


def in_order(env):
    """Every page in the order of the book."""
    found, waiting = [], [env.config.root_doc]
    while waiting:
        page = waiting.pop(0)
        found.append(page)
        waiting = [*env.toctree_includes.get(page, ()), *waiting]
    return list(dict.fromkeys(found))


class IndexGlossary(SphinxPostTransform):
    """Take the glossary of the page being written apart, by letters."""

    default_priority = 5
    formats = ("html",)

    def run(self, **options):
        """The bar above it, a heading before each letter, the pages at the end of each entry."""
        for glossary in list(self.document.findall(addnodes.glossary)):
            items = [item for part in glossary.findall(nodes.definition_list) for item in part.children]
            if not items:
                continue
            pages = in_order(self.env)
            for item in items:
                self.add_pages(item, pages)
            groups = by_letter(items)
            glossary.insert(0, nodes.raw("", bar([letter for letter, _ in groups]), format="html"))
            shape = next(glossary.findall(nodes.definition_list))
            parts = [glossary[0]]
            for letter, members in groups:
                group = shape.copy()
                group.extend(members)
                parts += [nodes.raw("", heading(letter), format="html"), group]
            glossary.children = []
            glossary.extend(parts)

    def add_pages(self, item, pages):
        """A last line of an entry: the pages that use one of its words."""
        words = {" ".join(term.astext().split()).lower() for term in item.findall(nodes.term)}
        found = []
        for page in pages:
            uses = self.env.metadata[page].get("term_uses", {})
            places = [place for word, place in uses.items() if word in words]
            found += [self.link(page, places[0])] if places else []
        if found:
            shown = [part for link in found for part in (nodes.Text(", "), link)][1:]
            line = nodes.paragraph("", "Used on: ", *shown, classes=["used-on"])
            next(part for part in item.children if isinstance(part, nodes.definition)).append(line)

    def link(self, page, place):
        """To the first use on a page: its number, or its title if it has none, and for the ear always its title."""
        title = self.env.titles[page].astext()
        number = ".".join(map(str, self.env.toc_secnumbers.get(page, {}).get("", ())))
        address = self.app.builder.get_relative_uri(self.env.docname, page) + f"#{place}" * bool(place)
        shown = escape(number or title.partition(":")[0])
        return nodes.raw("", f'<a class="reference internal" href="{escape(address)}" title="{escape(title)}" '
                         f'aria-label="{escape(f"{number} {title}".strip())}">{shown}</a>', format="html")  # fmt: skip


def setup(app):
    """Register the extension with Sphinx."""
    app.add_post_transform(IndexGlossary)
    app.connect("doctree-read", remember)
    app.connect("env-updated", glossaries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
