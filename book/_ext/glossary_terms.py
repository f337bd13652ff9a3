"""Put the definition of a term beside each link to it: a page shows it on hover and on focus, without a request.

The text is that of the glossary without its last paragraph, which says where the term is taught. Formulas become plain
letters, since they have to be read without a script. The style sheet terms.css hides the text until it is asked for.
"""

import html
import re
from itertools import count

from docutils import nodes
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
LINK = re.compile(
    r'<a class="reference internal" href="[^"]*#(?P<id>[^"]+)"(?P<more>[^>]*)>'
    r'(?P<words><span class="xref std std-term">.*?</span>)</a>',
    re.S,
)
LETTERS = {
    r"\Phi": "Φ", r"\sigma": "σ", r"\pm": "±", r"\times": "×", r"\max": "max", r"\ln": "ln",
    r"\tanh": "tanh", r"\,": " ",
}  # fmt: skip
COMMAND = re.compile(r"\\(?:[A-Za-z]+|,)")
ROOT = re.compile(r"\\sqrt\{(\w)\}")
RAISED = re.compile(r"\^\{?([-\dx]+)\}?")
SUPERSCRIPTS = str.maketrans("-0123456789x", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹ˣ")


def plain(formula):
    """A short formula in letters: roots, raised numbers and the commands of LETTERS.

    Raises:
        ValueError: the formula holds something else.
    """
    text = RAISED.sub(lambda found: found[1].translate(SUPERSCRIPTS), ROOT.sub(r"√\1", formula))
    text = COMMAND.sub(lambda found: LETTERS.get(found[0], found[0]), text)
    if re.search(r"[\\{}^_]", text):
        raise ValueError(f"no plain letters for ${formula}$: say it in words, or teach book/_ext/glossary_terms.py")
    return text


def definition(item):
    """The text of an entry of the glossary without its last paragraph, if there are others."""
    paragraphs = [part.deepcopy() for part in item.findall(nodes.paragraph)]
    for paragraph in paragraphs:
        for formula in list(paragraph.findall(nodes.math)):
            formula.replace_self(nodes.Text(plain(formula.astext())))
    texts = [" ".join(paragraph.astext().split()) for paragraph in paragraphs]
    return " ".join(texts[:-1] or texts)


def definitions(doctree):
    """{id of a term: its definition} of a page with a glossary."""
    found = {}
    for term in doctree.findall(nodes.term):
        bodies = [part for part in term.parent.children if isinstance(part, nodes.definition)]
        found |= {name: definition(bodies[0]) for name in term["ids"] if bodies}
    return found


def with_definitions(body, known):
    """The HTML of a page, each link to a term that is known followed by its definition."""
    numbers = count(1)

    def beside(link):
        text = known.get(link["id"])
        if text is None:
            return link[0]
        name = f"definition-{next(numbers)}"
        opened = link[0].replace("<a ", f'<a aria-describedby="{name}" ', 1)
        shown = f'<span class="term-definition" role="tooltip" id="{name}">{html.escape(text, quote=False)}</span>'
        return f'<span class="term">{opened}{shown}</span>'

    return LINK.sub(beside, body)


def read_glossaries(app, env):
    """Read the definitions; if they have changed, every page is written anew."""
    terms = [entry for entry in env.get_domain("std").get_objects() if entry[2] == "term"]
    known = {}
    for page in sorted({entry[3] for entry in terms}):
        try:
            known |= definitions(env.get_doctree(page))
        except ValueError as problem:
            LOGGER.warning("%s", problem, location=page)
    changed = known != getattr(env, "glossary_definitions", {})
    env.glossary_definitions = known
    return sorted(env.found_docs) if changed else []


def show_definitions(app, pagename, templatename, context, doctree):
    """Put the definitions into the text of a page."""
    if "body" in context:
        context["body"] = with_definitions(context["body"], app.env.glossary_definitions)


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("env-updated", read_glossaries)
    app.connect("html-page-context", show_definitions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
