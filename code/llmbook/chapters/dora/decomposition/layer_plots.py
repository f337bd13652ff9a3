"""A drawing of a DoRA layer with the seven places where the mistakes of the page "DoRA put to the test" are made."""

from matplotlib.figure import Figure

from llmbook.plots.diagram import box, canvas, node, note, wire
from llmbook.plots.style import PALETTE, styled, text_color

PLACES = {
    "1": ((4.1, 2.02), "norm over dim 0"), "2": ((5.3, 2.02), "m starts at 1"),
    "3": ((2.85, 1.18), "alpha without / R"), "4": ((4.1, 2.9), "norm of W"),
    "5": ((3.25, 2.26), "norm in the graph"), "6": ((5.62, 0.42), "bias scaled"), "7": ((2.0, 1.62), "Wx reused"),
}  # fmt: skip
"""Number of a mistake to its place in the drawing and its name."""
WIDTH, HEIGHT, LIST = 6.3, 4.2, 1.25


@styled
def draw_mistake_places() -> Figure:
    """A DoRA layer from left to right, with a number where each mistake is made and the list of names below."""
    figure, ax = canvas(None, WIDTH, HEIGHT)
    up = LIST
    note(ax, 0.1, up + 1.3, "x", bold=True, fontsize=12)
    wire(ax, (0.3, up + 1.3), (0.65, up + 1.3), (0.65, up + 1.75), (1.15, up + 1.75))
    wire(ax, (0.65, up + 1.3), (0.65, up + 0.7), (1.15, up + 0.7))
    box(ax, 1.5, up + 1.75, "W, frozen", width=1.0, kind="plain")
    for x, name in ((1.4, "A"), (2.1, "B")):
        box(ax, x, up + 0.7, name, width=0.5, kind="embedding")
    wire(ax, (1.65, up + 0.7), (1.85, up + 0.7))
    wire(ax, (2.35, up + 0.7), (2.45, up + 0.7), arrow=False)
    box(ax, 2.85, up + 0.7, "s = α / R", width=0.8, kind="values")
    wire(ax, (2.0, up + 1.75), (3.4, up + 1.75), (3.4, up + 1.42))
    wire(ax, (3.25, up + 0.7), (3.4, up + 0.7), (3.4, up + 1.18))
    node(ax, 3.4, up + 1.3, "+")
    wire(ax, (3.52, up + 1.3), (4.48, up + 1.3))
    box(ax, 4.1, up + 2.3, "norm of\nW + sBA", width=0.9, height=0.52, kind="norm")
    box(ax, 5.3, up + 2.3, "m", width=0.5, kind="attention")
    wire(ax, (3.4, up + 1.42), (3.4, up + 2.3), (3.65, up + 2.3), dashed=True)
    wire(ax, (4.55, up + 2.3), (4.6, up + 2.3), (4.6, up + 1.42))
    wire(ax, (5.3, up + 2.1), (5.3, up + 1.8), (4.6, up + 1.8), (4.6, up + 1.42))
    node(ax, 4.6, up + 1.3, "x")
    note(ax, 4.72, up + 1.54, "g = m / norm", fontsize=10)
    wire(ax, (4.72, up + 1.3), (5.48, up + 1.3))
    node(ax, 5.6, up + 1.3, "+")
    box(ax, 5.6, up + 0.62, "bias", width=0.6, kind="gate")
    wire(ax, (5.6, up + 0.82), (5.6, up + 1.18))
    wire(ax, (5.72, up + 1.3), (6.0, up + 1.3))
    note(ax, 6.05, up + 1.3, "y", bold=True, fontsize=12)
    for place, (number, ((x, y), name)) in enumerate(PLACES.items()):
        _number(ax, x, up + y - 0.15, number)
        column, row = divmod(place, 3)
        left, height = 0.3 + 2.05 * column, LIST - 0.28 - 0.36 * row
        _number(ax, left, height, number)
        note(ax, left + 0.2, height, name, fontsize=11)
    return figure


def _number(ax, x: float, y: float, number: str) -> None:
    ax.plot([x], [y], "o", markersize=15, markerfacecolor="white", markeredgecolor=PALETTE["vermillion"], zorder=6)
    ax.text(x, y - 0.005, number, ha="center", va="center", fontsize=10, color=text_color("vermillion"), zorder=7)
