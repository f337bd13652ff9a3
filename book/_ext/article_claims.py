"""The directive ``article-claims``: the statements of one part of the article, from the table in data/.

The reader's notebooks show the same text, with llmbook.notebooks.claims.
"""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from llmbook.data import data_path
from llmbook.notebooks.claims import TABLE, claims_markdown
from llmbook.notebooks.contents import BookError


class ArticleClaims(SphinxDirective):
    """The statements of one part, or how many there are."""

    required_arguments = 1

    def run(self):
        """A list, or a table."""
        self.env.note_dependency(str(data_path(TABLE)))
        try:
            text = claims_markdown(self.arguments[0])
        except BookError as error:
            raise self.error(str(error)) from error
        inside = nodes.Element()
        lines = StringList(text.split("\n"), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, inside)
        return inside.children


def setup(app):
    """Register the extension with Sphinx."""
    app.add_directive("article-claims", ArticleClaims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
