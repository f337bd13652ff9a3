"""The directive {chapter-map}: the chapters of the book and their pages, with reading and running times.

The times are known only when every page has been read, so the list is made when the page with the map is written, and
that page is written in every build.
"""

from docutils import nodes
from page_times import show_seconds
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective


class ChapterMapNode(nodes.General, nodes.Element):
    """Stands where the map will be."""


class ChapterMap(SphinxDirective):
    """Put the map of the chapters here. It takes no argument and no content."""

    def run(self):
        """Leave the placeholder, and note that this page has a map."""
        self.env.metadata[self.env.docname]["has_chapter_map"] = True
        return [ChapterMapNode()]


class FillChapterMap(SphinxPostTransform):
    """Replace the placeholder by the list of chapters."""

    default_priority = 5
    formats = ("html",)

    def run(self, **options):
        """Fill every map of the page being written."""
        for node in list(self.document.findall(ChapterMapNode)):
            chapters = [self.chapter(name) for name in chapter_names(self.env)]
            node.replace_self(nodes.container("", *chapters, classes=["chapter-map"]))

    def chapter(self, name):
        """One chapter: its title, its totals, its pages in order."""
        pages = self.env.toctree_includes.get(name, [])
        heading = nodes.paragraph("", "", self.link(name), classes=["chapter-map-title"])
        totals = times([self.env.metadata[page] for page in [name, *pages]])
        count = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
        summary = nodes.paragraph("", f"{count}. {totals}", classes=["chapter-map-times"])
        items = [nodes.list_item("", self.page(page)) for page in pages]
        return nodes.container("", heading, summary, nodes.bullet_list("", *items), classes=["chapter-map-chapter"])

    def page(self, name):
        """One page: its link and its times."""
        shown = nodes.inline("", times([self.env.metadata[name]]), classes=["chapter-map-times"])
        return nodes.paragraph("", "", self.link(name), nodes.Text(" "), shown)

    def link(self, name):
        """A link from the page being written to another page, with that page's title."""
        target = self.app.builder.get_relative_uri(self.env.docname, name)
        return nodes.reference("", self.env.titles[name].astext(), refuri=target, internal=True)


def chapter_names(env):
    """The chapters in the order of the table of contents: the index pages under chapters/."""
    listed = env.toctree_includes.get(env.config.root_doc, [])
    return [name for name in listed if name.startswith("chapters/") and name.endswith("/index")]


def times(pages):
    """'25 min to read, 12 s to run.' summed over pages; without the second part when nothing runs."""
    minutes = sum(page.get("read_minutes", 0) for page in pages)
    seconds = [page["run_seconds"] for page in pages if "run_seconds" in page]
    return f"{minutes} min to read" + (f", {show_seconds(sum(seconds))} to run." if seconds else ".")


def pages_with_map(app, env):
    """Names of the pages to write anew, since the times on them may have changed."""
    return [name for name, page in env.metadata.items() if page.get("has_chapter_map")]


def setup(app):
    """Register the extension with Sphinx."""
    app.add_node(ChapterMapNode)
    app.add_directive("chapter-map", ChapterMap)
    app.add_post_transform(FillChapterMap)
    app.connect("env-updated", pages_with_map)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
