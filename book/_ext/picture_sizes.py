"""Say on the page how large each drawing is, so that nothing moves when it arrives.

A drawing says its size itself, in points; on the page it stands in pixels. The style sheet lets it shrink with its
column.
"""

import posixpath
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

PICTURE = re.compile(
    r'<(?:img|source)\b(?![^>]*\swidth=")[^>]*?\ssrc(?:set)?="([^"]*\.svg|data:image/svg\+xml,[^"]*)"[^>]*?(?=\s*/?>)'
)
HEAD = re.compile(r"<svg\b[^>]*>")
SIDE = re.compile(r'\s(width|height)="([\d.]+)(pt|px)?"')
PIXELS = {"pt": 4 / 3, "px": 1, "": 1}
BEGINNING = 2000
"""Letters of a drawing in which its size stands."""


def size_of(drawing):
    """(width, height) of an SVG in whole pixels; None if it does not say them."""
    head = HEAD.search(drawing)
    sides = {side: round(float(value) * PIXELS[unit]) for side, value, unit in SIDE.findall(head[0])} if head else {}
    return (sides["width"], sides["height"]) if len(sides) == 2 else None


def sized(html, read):
    """The HTML of a page whose drawings have a width and a height.

    Args:
        html: the page.
        read: called with an address on the page; gives how the drawing there begins, or "".
    """

    def with_size(found):
        address = found[1]
        inline = address.startswith("data:")
        size = size_of(unquote(address[:BEGINNING]) if inline else read(address))
        return f'{found[0]} width="{size[0]}" height="{size[1]}"' if size else found[0]

    return PICTURE.sub(with_size, html)


def finish(app, error):
    """Go over the pages, when their drawings have been copied."""
    if error or app.builder.format != "html":
        return
    site = Path(app.outdir)

    @cache
    def beginning(path):
        there = site / path
        return there.read_text(encoding="utf-8")[:BEGINNING] if there.is_file() else ""

    for path in site.rglob("*.html"):
        folder = path.relative_to(site).parent.as_posix()
        if not folder.startswith("_static"):
            html = path.read_text(encoding="utf-8")
            made = sized(html, lambda address, folder=folder: beginning(posixpath.normpath(f"{folder}/{address}")))
            if made != html:
                path.write_text(made, encoding="utf-8")


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("build-finished", finish, priority=800)  # after the pictures have been copied
    return {"parallel_read_safe": True, "parallel_write_safe": True}
