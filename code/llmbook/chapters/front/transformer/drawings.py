"""Drawings of the page: the whole decoder, heads that share keys and values, and what a cache keeps."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmbook.plots.diagram import box, canvas, frame, node, note, tint, wire
from llmbook.plots.style import PALETTE, styled

LANE, BESIDE, RIGHT = 0.75, 1.95, 2.8
WIDE = 1.3
CELL = 0.25


@styled
def draw_transformer() -> Figure:
    """The decoder of the page from the words up to the next word; the numbers are those of the list below it."""
    figure, ax = canvas(None, 4.7, 8.0)
    note(ax, LANE, 0.2, "words", align="center", fontsize=11, bold=True)
    note(ax, BESIDE - 0.45, 0.2, "the keys to … old house")
    box(ax, LANE, 0.8, "1 tokens", width=WIDE)
    note(ax, BESIDE, 0.8, "12 whole numbers")
    box(ax, LANE, 1.5, "2 embedding", width=WIDE, kind="embedding")
    note(ax, BESIDE, 1.5, "12 rows of 6 numbers,\nthe residual stream (3)")
    frame(ax, 0.25, 2.0, 4.1, 3.4)
    note(ax, 4.25, 2.2, "a block, repeated", align="right", bold=True)
    _branch(ax, 2.35, "5 attention", "attention", "looks at the\nother words")
    _branch(ax, 3.9, "6 feed-forward", "feedforward", "each word\nfor itself")
    box(ax, LANE, 5.75, "4 norm", width=WIDE, height=0.34, kind="norm")
    box(ax, LANE, 6.4, "7 output", width=WIDE, kind="embedding")
    note(ax, BESIDE, 6.4, "a score for each of 13 words")
    box(ax, LANE, 7.05, "8 softmax", width=WIDE)
    note(ax, BESIDE, 7.05, "a probability for each;\n9 in training: a loss")
    note(ax, LANE, 7.75, "next word", align="center", fontsize=11, bold=True)
    wire(ax, (LANE, 0.32), (LANE, 7.62), stream=True)
    wire(ax, (1.3, 7.75), (4.55, 7.75), (4.55, 0.2), (3.85, 0.2), dashed=True)
    note(ax, 2.95, 7.6, "10 again, with a cache", align="center")
    return figure


def _branch(ax, y: float, label: str, kind: str, remark: str) -> None:
    """A layer beside the stream: a norm, the layer itself, and the addition, from height y."""
    wire(ax, (LANE, y), (BESIDE, y), (BESIDE, y + 0.22))
    box(ax, BESIDE, y + 0.39, "4 norm", width=WIDE, height=0.34, kind="norm")
    wire(ax, (BESIDE, y + 0.56), (BESIDE, y + 0.72))
    box(ax, BESIDE, y + 0.94, label, width=WIDE + 0.1, height=0.42, kind=kind)
    note(ax, RIGHT, y + 0.94, remark)
    wire(ax, (BESIDE, y + 1.15), (BESIDE, y + 1.32), (LANE + 0.12, y + 1.32))
    node(ax, LANE, y + 1.32, "+")


@styled
def draw_groups() -> Figure:
    """Four query heads with four, two and one pair of key and value heads, from the top down."""
    figure, ax = canvas(None, 4.4, 4.35)
    kinds = (("multi-head", 4), ("grouped-query", 2), ("multi-query", 1))
    for row, (name, pairs) in enumerate(kinds):
        y = 3.0 - 1.4 * row
        note(ax, 0.15, y + 1.15, f"{name}: {pairs} for 4 queries", bold=True, fontsize=11)
        places = [0.6 + 1.05 * head for head in range(4)]
        for pair in range(pairs):
            heads = places[pair * 4 // pairs : (pair + 1) * 4 // pairs]
            middle = sum(heads) / len(heads)
            box(ax, middle, y + 0.15, "k, v", width=0.72, height=0.34, kind="values")
            for place in heads:
                wire(ax, (place, y + 0.58), (middle, y + 0.33))
        for place in places:
            box(ax, place, y + 0.75, "q", width=0.72, height=0.34, kind="attention")
    return figure


@styled
def draw_cache(words: list[str], read: int) -> Figure:
    """One row a step: which words the model has to read, and whose keys and values it finds in the cache.

    Args:
        words: the text with what was written.
        read: how many words the first step reads; each later step reads one.
    """
    steps = len(words) - read + 1
    figure, ax = canvas(None, 0.25 + CELL * len(words) + 0.55, 1.35 + 0.4 * steps)
    for step in range(steps):
        y = 0.4 * (steps - step) - 0.2
        for place in range(read + step):
            is_new = step == 0 or place == read + step - 1
            shade = tint("blue", 0.6) if is_new else tint("orange", 0.25)
            ax.add_patch(Rectangle((0.25 + CELL * place, y), CELL, CELL, facecolor=shade, edgecolor=PALETTE["ink"],
                                   linewidth=0.9))
        count = read if step == 0 else 1
        note(ax, 0.33 + CELL * (read + step), y + CELL / 2, f"{count}", bold=True)
    for place, word in enumerate(words):
        ax.text(0.25 + CELL * (place + 0.5), 0.4 * steps + 0.2, word, rotation=90, ha="center", va="bottom",
                fontsize=10.5)
    return figure
