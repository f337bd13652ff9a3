"""Take a paragraph of HTML apart into its sentences, each with its formulas and marks."""

import re

from bs4 import NavigableString, Tag

END = re.compile(r"(?<=[.?!])([”’)]*)\s+(?=[A-Z“‘(0-9]|$)")
BEGINS = re.compile(r"^\s+[A-Z“‘]")
ABBREVIATIONS = ("Fig.", "Figs.", "Eq.", "al.", "e.g.", "i.e.", "vs.", "p.", "pp.", "No.", "cf.", "St.", "approx.")


def sentences(paragraph: Tag) -> list[str]:
    """The sentences of a paragraph, as HTML. A sentence ends at its mark, in the paragraph's own text."""
    found = [""]
    for child in paragraph.children:
        if isinstance(child, Tag):
            found[-1] += str(child)
            continue
        if ends(found[-1]) and BEGINS.match(child):  # the mark stood within a bold word
            found.append("")
        pieces = split(child)
        found[-1] += pieces[0]
        found += pieces[1:]
    return [" ".join(each.split()) for each in found if each.strip()]


def split(text: NavigableString) -> list[str]:
    """Text at the ends of its sentences, as HTML; the last piece is empty if the text ends with one."""
    raw, begin, pieces = text.output_ready(formatter="minimal"), 0, []
    for end in END.finditer(raw):
        piece = raw[begin : end.start()] + end.group(1)
        if not piece.endswith(ABBREVIATIONS):
            pieces.append(piece)
            begin = end.end()
    return [*pieces, raw[begin:]]


def ends(html: str) -> bool:
    """Whether HTML ends with a mark inside a tag, such as the period of a bold word."""
    return bool(re.search(r"[.?!]</\w+>$", html))


def text_length(html: str) -> int:
    """About how many letters a reader sees: tags count nothing, and a command of a formula counts one."""
    return len(re.sub(r"\\[a-zA-Z]+|\\.|[{}]", "x", re.sub(r"<[^>]+>", "", html)))
