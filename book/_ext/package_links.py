"""Where a name of the package may become a link: an import in the HTML of a cell, a name in prose, a signature."""

import re

from docutils import nodes
from sphinx.util.osutil import relative_uri

GAP = r'(?:<span class="w">\s*</span>|\s)+'
IMPORT = re.compile(
    rf'(<span class="kn">from</span>{GAP})<span class="nn">(llmbook[\w.]*)</span>'
    rf'({GAP}<span class="kn">import</span>{GAP})'
    r'(<span class="p">\(</span>.*?<span class="p">\)</span>|[^\n]*)', re.DOTALL)  # fmt: skip
NAME = re.compile(r'<span class="n">(\w+)</span>')
SIGNATURE = re.compile(
    r'(<span class="sig-paren">\(</span>)\s*<dl>(.*?)</dl>\s*(?=<span class="sig-paren">\)</span>)', re.DOTALL
)


def in_lines(html):
    """Signatures in lines that are no list: Sphinx makes definitions without terms of them, which are none."""
    line = '<span class="sig-line">'
    return SIGNATURE.sub(
        lambda found: found[1] + found[2].replace("<dd>", line).replace("</dd>", "</span>").strip(), html
    )


def section_of(node):
    """The nearest section around a node."""
    while node is not None and not isinstance(node, nodes.section):
        node = node.parent
    return id(node)


def may_be_linked(node):
    """Whether a link may stand around a node: not in another link, in a heading, or in a line that is a button."""
    while (node := node.parent) is not None:
        if isinstance(node, nodes.reference | nodes.title) or type(node).__name__ in ("choice_line", "pending_xref"):
            return False
    return True


def link_sources(app, doctree, docname, places):
    """A link behind each signature to the line of the source."""
    for signature in doctree.findall(lambda node: node.tagname == "desc_signature" and node.get("module")):
        place = places.get(f"{signature['module']}.{signature['fullname']}")
        if place:
            path, line = place
            address = relative_uri(app.builder.get_target_uri(docname), f"files/{path}.html")
            said = nodes.inline("", "source", classes=["api-source"])
            signature += nodes.reference("", "", said, internal=True, refuri=f"{address}#line-{line}")
