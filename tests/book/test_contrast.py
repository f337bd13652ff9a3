"""Figures of the built pages stand out from their paper, in the light and in the dark; with the twins that do not."""

import pytest
from contrast_checks import EXCEPTIONS, drawings, faint, marks

from llmbook.plots.style import new_figure, to_svg

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><g id="{}_1"><path d="M 0 0" style="{}"/></g></svg>'


@pytest.fixture(scope="module")
def drawn(built_book):
    """Every drawing of the pages."""
    return drawings(built_book)


def test_what_carries_meaning_stands_out_from_its_paper(drawn):
    assert len(drawn) > 150
    found = {name: faint(svg, classes) for name, svg, classes in drawn}
    assert not {name: marks for name, marks in found.items() if marks}


def test_every_exception_is_needed(drawn):
    """What no drawing needs any more would let a fault through."""
    all_marks = set().union(*(marks(svg) for _, svg, _ in drawn))
    assert [why for why, holds in EXCEPTIONS.items() if not any(holds(mark) for mark in all_marks)] == []


def draw(**look):
    """A line with a name."""
    figure, ax = new_figure()
    ax.plot([0, 1], [0, 1], color=look.get("line", "#0072b2"), alpha=look.get("alpha"))
    ax.text(0.5, 0.2, "a name", color=look.get("word", "#1b2330"))
    return to_svg(figure, transparent=True)


@pytest.mark.parametrize(("look", "kind"), [({"line": "#56b4e9"}, "line2d"), ({"alpha": 0.6}, "line2d"),
                                            ({"word": "#868f9c"}, "text")])  # fmt: skip
def test_what_is_faint_is_reported(look, kind):
    """The twin: a pale color, a good one that is half transparent, words in the color of a frame."""
    assert not faint(draw())
    ((mark, least),) = faint(draw(**look))
    assert mark.kind == kind and least < (4.5 if kind == "text" else 3)


@pytest.mark.parametrize(("kind", "style"), [
    ("patch", "fill: #1894f2; opacity: 0.45"),
    ("patch", "fill: #dadcdf"),
    ("PathCollection", "fill: #d55e00; fill-opacity: 0.75"),
    ("line2d", "fill: none; stroke: #d8dce2"),
])  # fmt: skip
def test_no_exception_goes_further_than_it_says(kind, style):
    """A filled box, one in a pale gray, points that are more than a cloud, a line in the gray of the grid, nearly."""
    assert faint(SVG.format(kind, style))


def test_what_is_drawn_for_dark_paper_is_looked_at_there():
    """The twin: dark ink on dark paper, which the page would not turn."""
    ink = SVG.format("line2d", "fill: none; stroke: #1b2330")
    assert faint(ink, "drawn-dark") and not faint(ink, "drawn-light") and not faint(ink)
