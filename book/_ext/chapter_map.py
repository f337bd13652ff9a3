"""Three directives: {book-map}, the drawing of what needs what; {reading-paths}, three ways through the book with times
that add up; and {chapter-map}, the chapters and their pages as a list.

Times and links are known only when every page has been read, so all three are made when their page is written, and
that page is written in every build. In the index of a chapter {book-map} shows that chapter.
"""

from functools import cached_property
from html import escape

from docutils import nodes
from map_drawing import Item, draw_book, draw_chapter
from map_facts import Book
from page_times import show_minutes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

CAPTION = (
    "An arrow leads from a page to one that needs it. A circle: the page needs “{}”; a square: it needs “{}”. Dashed or"
    " hollow: only its part “Going deeper” does. The minutes are those of the core / of the whole page, and for"
    " exercises those of doing them. Thick frames: the two-hour tour."
)


class MapNode(nodes.General, nodes.Element):
    """Stands where a map, the paths or the list will be; `kind` says which."""


class MapDirective(SphinxDirective):
    """Put a map here. It takes no argument and no content."""

    def run(self):
        """Leave the placeholder, and note that this page has a map."""
        self.env.metadata[self.env.docname]["has_chapter_map"] = True
        return [MapNode(kind=self.name)]


class FillMaps(SphinxPostTransform):
    """Replace the placeholders of the page being written."""

    default_priority = 5
    formats = ("html",)

    def run(self, **options):
        """Fill every map of the page."""
        kinds = {"chapter-map": self.chapters, "reading-paths": self.paths, "book-map": self.map}
        for node in list(self.document.findall(MapNode)):
            node.replace_self(kinds[node["kind"]]())

    @cached_property
    def book(self):
        """What the environment knows of the book."""
        return Book(self.env)

    def chapters(self):
        """The chapters and their pages as a list."""
        found = [self.chapter(name) for name in self.book.chapters]
        return nodes.container("", *found, classes=["chapter-map"])

    def chapter(self, name):
        """One chapter: its title, its totals, its pages in order."""
        pages = self.book.chapters[name]
        heading = nodes.paragraph("", "", self.link(name), classes=["chapter-map-title"])
        count = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
        text = f"{count}. {self.book.times([name, *pages])}."
        items = [nodes.list_item("", self.line(page, self.book.times([page]), self.needed(page))) for page in pages]
        summary = nodes.paragraph("", text, classes=["chapter-map-times"])
        return nodes.container("", heading, summary, nodes.bullet_list("", *items), classes=["chapter-map-chapter"])

    def needed(self, page):
        """The pages that a page needs, as links behind the word "after", first those that its core needs."""
        shown = []
        for part, word in (("core", "after "), ("deeper", "deeper after ")):
            found = [there for there, kind in self.book.drawn.get(page, {}).items() if kind == part]
            names = [self.link(there, self.book.short(there)) for there in found]
            parts = [each for name in names for each in (nodes.Text(", "), name)]
            shown += [nodes.Text("; " * bool(shown) + word), *parts[1:]] if found else []
        return [nodes.inline("", "", *shown, classes=["chapter-map-needs"])] if shown else []

    def line(self, page, times, more=(), text=None):
        """One page: its link, its times, and what else there is to say."""
        shown = nodes.inline("", times, classes=["chapter-map-times"])
        return nodes.paragraph("", "", self.link(page, text), nodes.Text(" "), shown, nodes.Text(" "), *more)

    def paths(self):
        """The paths of the table, each a list of pages with their times and the sum."""
        return nodes.container("", *map(self.path, self.book.table.paths), classes=["reading-paths"])

    def path(self, path):
        """One path; the whole book by its chapters, since its pages are listed elsewhere."""
        book = self.book
        steps = book.steps(path)
        if path.get("everything"):
            lines = [self.line(name, book.times([name, *pages])) for name, pages in book.parts]
        else:
            lines = [self.line(page, book.step_times(page, part), text=book.short(page)) for page, part in steps]
        total = show_minutes(sum(book.minutes(page, part) for page, part in steps))
        doing = sum(book.doing(page) for page in book.exercises) * bool(path.get("everything"))
        total += " to read" + f", and {show_minutes(doing)} to do the exercises" * bool(doing)
        return nodes.container(
            "", nodes.paragraph("", path["name"], classes=["chapter-map-title"]), nodes.paragraph("", path["for"]),
            nodes.paragraph("", f"{total}.", classes=["path-total"]),
            nodes.enumerated_list("", *[nodes.list_item("", line) for line in lines]), classes=["reading-path"],
        )  # fmt: skip

    def map(self):
        """The drawing: of a chapter in its index, of the whole book elsewhere."""
        book, here = self.book, self.env.docname
        if here in book.chapters:
            pages = book.chapters[here]
            outside = [page for page in book.table.needs if page not in pages
                       and any(page in book.linked.get(each, {}) for each in pages)]  # fmt: skip
            drawing = draw_chapter([self.item(page) for page in pages], [self.item(page) for page in outside],
                                   book.linked_within(pages), f"Map of the chapter: {book.title(here)}")  # fmt: skip
        else:
            columns = [[self.item(name), *map(self.item, pages)] for name, pages in book.chapters.items()]
            drawing = draw_book([self.item(page) for page in book.opening], columns, book.drawn, "Map of the book")
        caption = CAPTION.format(*map(book.title, book.opening)) if len(book.opening) == 2 else ""
        kind = "map-of-chapter" if here in book.chapters else "map-of-book"
        figure = f'<figure class="map {kind}">{drawing}<figcaption>{escape(caption)}</figcaption></figure>'
        return nodes.raw("", figure, format="html")

    def item(self, page):
        """A page as the drawing wants it."""
        book = self.book
        needed = book.linked.get(page, {})
        signs = tuple((place, needed[there]) for place, there in enumerate(book.opening) if there in needed)
        names = "; ".join(map(book.title, needed))
        spoken = f"{book.title(page)}. {book.reading([page])}." + f" Needs: {names}." * bool(names)
        opens = book.opening.index(page) if page in book.opening else None
        heads = page in book.chapters
        times = book.short_times([page, *book.chapters[page]] if heads else [page])
        return Item(page, book.short(page), times, self.uri(page), spoken, signs, opens, page in book.tour, heads)

    def uri(self, name):
        """The address of a page, from the page being written."""
        return self.app.builder.get_relative_uri(self.env.docname, name)

    def link(self, name, text=None):
        """A link from the page being written to another page, with that page's title."""
        return nodes.reference("", text or self.book.title(name), refuri=self.uri(name), internal=True)


def pages_with_map(app, env):
    """Names of the pages to write anew, since the times on them may have changed."""
    return [name for name, page in env.metadata.items() if page.get("has_chapter_map")]


def setup(app):
    """Register the extension with Sphinx."""
    app.add_node(MapNode)
    for name in ("book-map", "reading-paths", "chapter-map"):
        app.add_directive(name, MapDirective)
    app.add_post_transform(FillMaps)
    app.connect("env-updated", pages_with_map)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
