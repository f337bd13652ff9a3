"""The explorer of rotary positions: one pair of a head as the hand of a clock, at a position and for a base."""

import math

from matplotlib.figure import Figure

from llmbook.chapters.olmo.positions.plots import plot_clock
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

HEAD_SIZE, LENGTH = 128, 2048  # those of both OLMo sizes
POSITIONS = (0, 1, 2, 3, 4, 6, 10, 20, 50, 100, 200, 500, 1000, 2047)
PAIRS = (0, 1, 2, 4, 8, 16, 24, 32, 40, 41, 48, 56, 63)
BASES = (100, 10_000, 500_000)
ASKED = Prediction(
    "A text has 2,048 positions, and pair 0 goes round more than three hundred times in it. How many of the 64 pairs "
    "do not even finish one turn?",
    {
        "None": "Then the slowest pair, number 63, would be round at least once. Set Pair to 63 and Position to 2,047, "
        "and read its turns.",
        "About a third": "Then the first pair that is too slow would stand a little after number 40. Set Pair to 40, "
        "read how many turns it makes in 2,048 positions, and go on from there.",
        "About two thirds": "Then pair 24 would be too slow already. Set Pair to 24, and read how many turns it makes "
        "in 2,048 positions.",
    },
)


def wavelengths(base: float, head_size: int = HEAD_SIZE) -> list[float]:
    """Positions in a full turn, for each pair of a head: ``2 pi base^(2 i / E)``."""
    return [2 * math.pi * base ** (2 * pair / head_size) for pair in range(head_size // 2)]


def draw_turn(*, position: int, pair: int, base: int) -> tuple[Figure, str]:
    """One frame: the hand of one pair, and the wavelengths of all."""
    lengths = wavelengths(base)
    turns = position / lengths[pair]
    figure = plot_clock(2 * math.pi * turns, lengths, pair, LENGTH)
    seen = LENGTH / lengths[pair]
    return figure, (
        f"Base {base:,}, pair {pair}: a full turn takes {_number(lengths[pair])} positions. At position {position:,} "
        f"the pair has made {_number(turns)} turns; in {LENGTH:,} positions it makes {_number(seen)}."
    )


def _number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def explore_rope() -> Explorer:
    """The explorer on the page about positions."""
    return explore(
        draw_turn,
        caption="A pair of numbers is the hand of a clock that starts to the right and turns with the position. Go to "
        "the last position and move through the pairs: some have turned hundreds of times, others hardly at all. Then "
        "change the base.",
        name="rope",
        predict=ASKED,
        position=Slider("Position", POSITIONS, 4, "{:,}", frames=(0, 1, 4, 50, 2047)),
        pair=Slider("Pair", PAIRS, 0, frames=(0, 8, 24, 40, 63)),
        base=Choice("Base", BASES, 10_000, "{:,}", frames=(10_000, 500_000)),
    )
