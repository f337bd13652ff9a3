"""The drawings of one figure that a page chooses from: for a wide and a narrow screen, for light and dark paper."""

from dataclasses import dataclass, field
from math import ceil

from matplotlib.figure import Figure

from llmbook.plots.dark import dark, mark_maps
from llmbook.plots.phone import SMALLEST, arrange, for_phone, smallest
from llmbook.plots.phone_drawings import PIXELS, WIDTH
from llmbook.plots.style import to_svg

SLACK = 16  # CSS pixels that a figure may lack before it scrolls: the page lends it some of its margin


@dataclass(frozen=True)
class Forms:
    """A figure as SVG.

    Attributes:
        wide: the drawing that every notebook shows.
        others: those of "narrow", "dark" and "narrow-dark" that the figure needs.
        least: CSS pixels across that the page must give to a drawing that cannot be arranged for a narrow screen,
            where it scrolls sideways; None for any other.
    """

    wide: str
    others: dict[str, str] = field(default_factory=dict)
    least: int | None = None


def forms(figure: Figure) -> Forms:
    """All drawings of a figure.

    Args:
        figure: stays as it is, but for names of its parts that nobody sees.
    """
    has_map = mark_maps(figure)
    drawn, least = {"": to_svg(figure)}, None
    narrow = for_phone(figure)
    if narrow is not None:
        least = least_width(narrow)
        if least is None:
            drawn["narrow"] = to_svg(narrow)
    if has_map:
        drawn |= {f"{name}-dark".strip("-"): dark(svg) for name, svg in drawn.items()}
    return Forms(drawn.pop(""), drawn, least)


def least_width(figure: Figure) -> int | None:
    """CSS pixels across at which the letters of a figure are not too small; None if a narrow screen has as many."""
    least = ceil(PIXELS * SMALLEST / smallest(figure) - 1e-6)
    return least if least > PIXELS + SLACK else None


def one_form(figure: Figure) -> Forms:
    """The one drawing of an explorer's frame for every screen, and the one for dark paper if it needs it.

    Args:
        figure: is arranged for a narrow screen, if it is wider. It goes by the width and not by the letters, because
            all frames of an explorer must be of one size.
    """
    has_map = mark_maps(figure)
    if figure.get_figwidth() > WIDTH:
        arrange(figure)
    svg = to_svg(figure)
    return Forms(svg, {"dark": dark(svg)} if has_map else {}, least_width(figure))
