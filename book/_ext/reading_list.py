"""The directive ``reading-list``: the papers of the table in data/, each with what a script needs to filter them.

Without a script all of them are shown. The reader's notebooks show the same text, with llmbook.notebooks.papers.
"""

from html import escape

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from llmbook.data import data_path
from llmbook.notebooks.papers import TABLE, paper_markdown, read_papers

PAGE = "book/reading-list"


class paper(nodes.General, nodes.Element):
    """One paper, with its topic, its star and its chapters."""


class ReadingList(SphinxDirective):
    """All papers of the list."""

    def run(self):
        """A box for each paper, all in one."""
        self.env.note_dependency(str(data_path(TABLE)))
        box = nodes.container(classes=["papers"])
        box += [self.shown(each) for each in read_papers()]
        return [box]

    def shown(self, each):
        """One paper."""
        made = paper(ids=[each.anchor], topic=each.topic, starred="yes" if each.is_starred else "no",
                     chapters="; ".join(each.chapters))  # fmt: skip
        lines = StringList(paper_markdown(each).split("\n"), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, made)
        return made


def open_paper(writer, node):
    """A box that says in its attributes what it can be filtered by."""
    data = " ".join(f'data-{name}="{escape(node[name])}"' for name in ("topic", "starred", "chapters"))
    writer.body.append(f'<div class="paper" id="{node["ids"][0]}" {data}>')


def close_paper(writer, node):
    """The end of the box."""
    writer.body.append("</div>\n")


def load_filter(app, pagename, templatename, context, doctree):
    """Only the page of the list takes the script and its styles."""
    if pagename == PAGE:
        app.add_js_file("reading-list.js")
        app.add_css_file("reading-list.css")


def setup(app):
    """Register the extension with Sphinx."""
    app.add_directive("reading-list", ReadingList)
    app.add_node(paper, html=(open_paper, close_paper))
    app.connect("html-page-context", load_filter)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
