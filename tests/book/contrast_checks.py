"""Contrast in the drawings of the pages: what carries meaning has 3:1 against its paper, words 4.5:1 (WCAG 2.2).

A drawing is SVG as matplotlib writes it. Each mark counts by the better of its edge and its face, mixed with the paper
where it is not solid. What may be fainter, and why, is in :data:`EXCEPTIONS`.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
from matplotlib.colors import to_hex, to_rgb

from llmbook.plots.dark import MARK, turned
from llmbook.plots.style import GRID, contrast

LIGHT, DARK = "#fdfcfa", "#1b1f26"
"""The darkest light paper and the lightest dark one that a figure lies on: the page, and an explorer's box."""
IMAGE = re.compile(r"<img\b[^>]*>")


@dataclass(frozen=True)
class Mark:
    """What is drawn: a kind such as "text", "patch" or "line2d", and its colors, each with how solid it is."""

    kind: str
    colors: tuple[tuple[str, float], ...]

    @property
    def names(self):
        """Its colors alone."""
        return {color for color, _ in self.colors}

    @property
    def solid(self):
        """How solid its most solid color is."""
        return max(share for _, share in self.colors)


EXCEPTIONS = {
    "lines of the grid and empty cells: they lead the eye, and the numbers stand at the axis":
        lambda mark: mark.names <= {GRID.lower(), turned(GRID)},
    "on a heat map, which is its paper":
        lambda mark: mark.kind.startswith(MARK),
    "white: the edge of a mark, or words in a cell that is dark, so another paper than the page's":
        lambda mark: mark.names == {"#ffffff"},
    "a band, which says how far around its line, or where a mark means something":
        lambda mark: mark.kind.startswith(("FillBetween", "patch")) and mark.solid <= 0.35,
    "single values in a cloud, behind the mean or median that is drawn solid":
        lambda mark: mark.kind == "line2d" and mark.solid <= 0.45,
}  # fmt: skip


def style_of(element):
    """The properties in an element's style."""
    pairs = (each.split(":", 1) for each in element.get("style", "").split(";") if ":" in each)
    return {name.strip(): value.strip() for name, value in pairs}


def hatches(root):
    """The color of each hatch, by what a face refers to it."""
    found = {}
    for pattern in root.iter("{http://www.w3.org/2000/svg}pattern"):
        strokes = [style_of(part).get("stroke") for part in pattern if style_of(part).get("stroke")]
        found[f"url(#{pattern.get('id')})"] = strokes[0] if strokes else "none"
    return found


def marks(svg):
    """Every different mark of a drawing."""
    root = ElementTree.fromstring(svg)
    patterns, found = hatches(root), set()

    def walk(element, kind, style):
        tag, name = element.tag.rpartition("}")[2], re.sub(r"_\d+$", "", element.get("id", ""))
        style = {**style, **style_of(element)}
        if tag == "defs":
            return
        if tag in ("path", "use"):
            found.add(Mark(kind, colors(style, patterns)))
        for part in element:
            walk(part, name if name and tag == "g" and not kind.startswith(MARK) else kind, style)

    walk(root, "", {})
    return {mark for mark in found if mark.colors}


def colors(style, patterns):
    """Face and edge of a style, each with how solid it is; nothing for what is not seen."""
    found = []
    for part, default in (("fill", "#000000"), ("stroke", "none")):
        color = style.get(part, default)
        color = patterns.get(color, color)
        solid = float(style.get("opacity", 1)) * float(style.get(f"{part}-opacity", 1))
        if color.startswith("#") and solid:
            found.append((color.lower(), solid))
    return tuple(found)


def ratio(mark, paper, *, turn):
    """The contrast of a mark with its paper, the better of its edge and its face."""
    back = np.array(to_rgb(paper))
    shown = [(np.array(to_rgb(turned(color) if turn else color)), solid) for color, solid in mark.colors]
    return max(contrast(to_hex(solid * front + (1 - solid) * back), paper) for front, solid in shown)


def faint(svg, classes=""):
    """The marks of a drawing that are too faint, each with its contrast.

    Args:
        svg: The drawing.
        classes: Of its <img>: what is drawn for one paper is not looked at on the other.
    """
    papers = [] if "drawn-dark" in classes else [(LIGHT, False)]
    papers += [(DARK, True)] if "drawn-light" not in classes and "drawn-dark" not in classes else []
    papers += [(DARK, False)] if "drawn-dark" in classes else []
    found = set()
    for mark in marks(svg):
        least = min(ratio(mark, paper, turn=turn) for paper, turn in papers)
        if least < (4.5 if mark.kind == "text" else 3) and not any(holds(mark) for holds in EXCEPTIONS.values()):
            found.add((mark, round(least, 2)))
    return found


def drawings(folder):
    """The drawings of a site, static figures and the first frames of explorers: a name, the SVG, its classes."""
    files = {}
    for page in sorted(folder.rglob("*.html")):
        for image in IMAGE.findall(page.read_text(encoding="utf-8")):
            source, classes = (re.search(rf'\b{name}="([^"]*)"', image) for name in ("src", "class"))
            classes = classes[1] if classes else ""
            if source and source[1].startswith("data:image/svg+xml,"):
                files[source[1]] = (f"{page.stem}, an explorer", unquote(source[1].partition(",")[2]), classes)
            elif source and re.search(r"/_images/[0-9a-f]{40,}\.svg$", source[1]):
                path = (page.parent / source[1]).resolve()
                files[str(path)] = (f"{page.stem}, {path.name[:8]}", path.read_text(encoding="utf-8"), classes)
    return list(files.values())
