"""Give names and right roles to the parts of the theme that a screen reader could not make sense of.

- The arrows that open a chapter in the side bar are <summary> elements without a name.
- The entries of a bibliography stand in a role=list without being list items.
- Every folded cell has the same name, which hides what its line says.
"""

import re
from itertools import count

from bs4 import BeautifulSoup

FOLDED = re.compile(
    r'<summary aria-label="Toggle hidden content">(?=\s*<p class="collapsed admonition-title">([^<]*)</p>)'
)


def name_the_folds(body):
    """Name each folded cell of a page by what its line says and by its number."""
    numbers = count(1)
    return FOLDED.sub(lambda found: f'<summary aria-label="{found[1]}, folded code {next(numbers)}">', body)


def name_the_arrows(html):
    """Name each arrow of the side bar after the link beside it."""
    tree = BeautifulSoup(html, "html.parser")
    for summary in tree.find_all("summary"):
        link = summary.find_parent("li").find("a")
        summary["aria-label"] = f"Pages of {link.get_text(strip=True)}"
    return str(tree)


def repair_page(app, pagename, templatename, context, doctree):
    """Wrap the theme's function that makes the side bar, and correct the roles in the text of the page."""
    make_tree = context.get("generate_toctree_html")
    if make_tree:
        context["generate_toctree_html"] = lambda *args, **options: name_the_arrows(str(make_tree(*args, **options)))
    if "body" in context:
        context["body"] = name_the_folds(context["body"].replace('role="doc-biblioentry"', 'role="listitem"'))


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("html-page-context", repair_page, priority=900)  # after the theme has put its functions there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
