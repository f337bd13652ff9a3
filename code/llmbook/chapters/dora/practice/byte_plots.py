"""The bytes of blocks of a GGUF file as a picture: which are scales, and what code stands in each of the others."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.style import PALETTE, new_figure, styled

COLUMNS = 16
SCALES = {"Q8_0": ("scale",), "Q4_1": ("step", "lowest")}
"""What the first bytes of a block are, two for each."""
LOOK = {"scale": "orange", "step": "orange", "lowest": "green", "code": "sky"}


def signed(byte: int) -> str:
    """The one code of a byte of Q8_0."""
    return f"{byte - 256 * (byte > 127):+d}"


def two_codes(byte: int) -> str:
    """The two codes of a byte of Q4_1, that of its lower half first."""
    return f"{byte & 15} {byte >> 4}"


CODES: Mapping[str, Callable[[int], str]] = {"Q8_0": signed, "Q4_1": two_codes}


@styled
def draw_blocks(blocks: Mapping[str, bytes]) -> Figure:
    """Every byte of some blocks as a square: in hexadecimal, and below it the code or codes that it holds.

    Args:
        blocks: a block by the name of its format, one of ``CODES``.
    """
    rows = [1 + (len(block) - 2 * len(SCALES[name])) // COLUMNS for name, block in blocks.items()]
    size = (7.0, 0.55 * sum(rows) + 0.55 * len(rows))
    figure, axes = new_figure(len(blocks), 1, size=size, squeeze=False, height_ratios=rows)
    for ax, (name, block), high in zip(axes[:, 0], blocks.items(), rows, strict=True):
        names = [each for each in SCALES[name] for _ in range(2)]
        for place, byte in enumerate(block[: len(names)]):
            _square(ax, place, 0, LOOK[names[place]], f"{byte:02x}", "")
        for first in range(0, len(names), 2):
            ax.text(first + 0.95, 0.12, names[first], ha="center", va="bottom", fontsize=9.5)
        for place, byte in enumerate(block[len(names) :]):
            _square(ax, place % COLUMNS, 1 + place // COLUMNS, LOOK["code"], f"{byte:02x}", CODES[name](byte))
        ax.set(title=f"{name}, {len(block)} bytes", xlim=(-0.05, COLUMNS + 0.05), ylim=(0.5 - high - 0.55, 0.5))
        ax.set_axis_off()
    return figure


def _square(ax: Any, column: int, row: int, color: str, byte: str, code: str) -> None:
    """A byte at its place; rows count downward. The edge carries the color, and the words stand on a tint of it."""
    ax.bar(column + 0.5, 0.92, 0.92, bottom=-row - 0.96, color=(PALETTE[color], 0.3), edgecolor=PALETTE[color],
           linewidth=1.2)  # fmt: skip
    ax.text(column + 0.5, -row - (0.3 if code else 0.5), byte, ha="center", va="center", fontsize=9.5)
    if code:
        ax.text(column + 0.5, -row - 0.72, code, ha="center", va="center", fontsize=8.5, fontweight="bold")
