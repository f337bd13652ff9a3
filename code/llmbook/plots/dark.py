"""A figure for dark paper: heat maps keep their colors, and all that stands around them is turned.

The page turns a drawing of lines with a filter (``book/_static/llmbook.css``): ink becomes light, blue stays blue.
That would put a heat map upside down whose low end is dark: cividis, the house's own, which is as it should be on dark
paper. So such a figure has a second drawing, whose other colors are turned here as the filter would. A map that begins
at the color of the paper, on one side or on both, needs none: what was close to the paper stays close to it.
"""

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

TURN = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])  # hue-rotate(180deg)
COLOR = re.compile(r"#[0-9a-f]{6}\b")
PAPER = 0.8  # a map with this much of all three colors, at its low end or in the middle, begins at the paper
MARK = "on-a-map"


def turned(color: str) -> str:
    """A color as the page's filter shows it: ``invert(1) hue-rotate(180deg) brightness(1.2)``."""
    return to_hex(np.clip(1.2 * np.clip(TURN @ (1 - np.array(to_rgb(color))), 0, 1), 0, 1))


def mark_maps(figure: Figure) -> bool:
    """Whether a figure has a heat map that keeps its colors; what lies on one gets a name that :func:`dark` finds."""
    found = [ax for ax in figure.axes if any(_begins_dark(image) for image in (*ax.images, *ax.collections))]
    for number, ax in enumerate(found):
        for place, artist in enumerate(_on(ax)):
            artist.set_gid(f"{MARK}-{number}-{place}")
    return bool(found)


def _begins_dark(shown: object) -> bool:
    """Whether numbers are shown in colors whose map has paper neither at its low end nor in its middle."""
    if getattr(shown, "get_array", lambda: None)() is None:
        return False
    ends = shown.get_cmap()([0.0, 0.5])[:, :3]  # type: ignore[attr-defined]
    return bool((ends.min(axis=1) < PAPER).all())


def _on(ax: Axes) -> list:
    return [*ax.images, *ax.collections, *ax.lines, *ax.patches, *ax.texts]


def dark(svg: str) -> str:
    """A drawing for dark paper, from one without background: all colors turned, but for what lies on a heat map."""
    lines, closing = svg.splitlines(), None
    for place, line in enumerate(lines):
        if closing is not None:
            closing = None if line == closing else closing
        elif f'<g id="{MARK}-' in line and not line.endswith("/>"):  # an empty one ends where it begins
            closing = line[: len(line) - len(line.lstrip())] + "</g>"
        elif "<image" not in line:
            lines[place] = COLOR.sub(lambda found: turned(found.group()), line)
    return "\n".join(lines)
