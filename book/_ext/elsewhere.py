"""The directive {elsewhere}: links that open a page's notebook without an installation, once the book has an address.

Its argument is the page. Without `book_repository` in _config.yml there is nothing to link to, and it leaves nothing.
"""

from docutils import nodes
from exits import NOTEBOOKS, elsewhere
from sphinx.util.docutils import SphinxDirective

from llmbook.notebooks.contents import notebook_of


class Elsewhere(SphinxDirective):
    """A list of links, or nothing."""

    required_arguments = 1

    def run(self):
        """One line for each service that can open the notebook."""
        config = self.env.config
        repository = config.book_repository.rstrip("/").removesuffix(".git")
        if not repository:
            return []
        path = f"book/{NOTEBOOKS}/{notebook_of(self.arguments[0])}"
        links = elsewhere(repository, config.book_branch, config.book_hub, path)
        lines = [nodes.paragraph("", "", nodes.reference("", text, refuri=url)) for text, url in links]
        return [nodes.bullet_list("", *[nodes.list_item("", line) for line in lines])]


def setup(app):
    """Register the extension with Sphinx, after `exits`, whose settings it reads."""
    app.setup_extension("exits")
    app.add_directive("elsewhere", Elsewhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
