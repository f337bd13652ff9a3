"""Show on a page what its cells printed, letter for letter.

A kernel sends what a cell prints in pieces, cut wherever its buffer happens to be flushed. With nb_merge_streams,
myst-nb joins them by a function of its own that trims every piece and ends it with a line break: "a 1," and " b 2"
become two lines, though the cell printed one. Here its place is taken by a function that joins the pieces as they are.
"""

import re
from itertools import groupby

from myst_nb.core import render

ERASED = re.compile(r"[^\n\r\x08]\x08")
STREAMS = ("stdout", "stderr")


def join_streams(outputs):
    """Outputs of a cell in their order, the pieces of each stream between two others joined; none is changed in place.

    The order of stdout and stderr among each other depends on the kernel's clock, so stdout comes first.
    """
    joined = []
    for are_streams, group in groupby(outputs, lambda output: output["output_type"] == "stream"):
        found = list(group)
        joined += join_pieces(found) if are_streams else found
    return joined


def join_pieces(pieces):
    """One output for each stream that printed more than blanks."""
    joined = []
    for name in STREAMS:
        own = [piece for piece in pieces if piece["name"] == name]
        text = "".join(piece["text"] for piece in own)
        if text.strip():
            joined.append(type(own[0])({**own[0], "text": on_terminal(text)}))
    return joined


def on_terminal(text):
    """What a terminal leaves of a text: a carriage return leads back to the left, a backspace takes a letter."""
    while ERASED.search(text):
        text = ERASED.sub("", text)
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(written_over(line) for line in lines)


def written_over(line):
    """A line with carriage returns: each part begins at the left and leaves what it does not reach."""
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown


def setup(app):
    """Register the extension with Sphinx."""
    if not hasattr(render, "coalesce_streams"):
        raise ImportError("this myst-nb joins streams elsewhere: book/_ext/streams.py has to learn where")
    render.coalesce_streams = join_streams
    return {"parallel_read_safe": True, "parallel_write_safe": True}
