"""The explorer of the front page: what a small model writes when a single detail of it is wrong."""

import textwrap
from typing import Any

from matplotlib.figure import Figure

from llmbook.chapters.front.one_detail.experiment import BEGINNINGS, DETAILS, guesses, written
from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.widgets.explorer import Choice, Explorer, Prediction, explore

PREDICTION = Prediction(
    "A small model writes what people say in meetings, one piece of a word after the other. Now it sees only the last "
    "four pieces. What will it write?",
    {
        "Letters that make no words": "A word is nearly always clear from its first pieces, so four of them are enough "
        "to spell. Below you can find a mistake that does break the words.",
        "Good sentences that lose the thread": "Yes. Each piece follows from the few before it, and the sentence goes "
        "astray as soon as it has to remember its beginning.",
        "The same as before": "The spelling stays, and it guesses nearly as well. But how the sentence began it cannot "
        "know any more.",
    },
)
LETTERS = 44  # in a line
ASKED = "sees only the last four pieces"


def out_of_100(share: float) -> str:
    """A share as a reader says it."""
    return f"{100 * share:.0f} of 100 next pieces"


def one_part_in(difference: float) -> str:
    """A small part of a whole as a reader says it: "one part in 3,000"."""
    return f"one part in {float(f'{1 / difference:.1g}'):,.0f}"


def quoted(text: str) -> str:
    """What was written, in one line, as far as it goes."""
    return f"“{' '.join(text.split())} ...”"


def describe(detail: str, beginning: str) -> str:
    """What a frame shows: first in the words of every day, then in those of the book."""
    right, wrong = written("nothing", beginning), written(detail, beginning)
    sound, (share, difference) = out_of_100(guesses("nothing")[0]), guesses(detail)
    if detail == "nothing":
        return f"Nothing is wrong. The model goes on {quoted(right)}. It guesses {sound}."
    said = f"It goes on {quoted(wrong)} where {quoted(right)} was right"
    if wrong == right:
        said = "It still writes what it should"
    counted = f"It guesses {out_of_100(share)}, not {sound.partition(' ')[0]}"
    if out_of_100(share) == sound:
        counted = f"It guesses as well as before; its scores are off by up to {one_part_in(difference)}"
    return f"The model {detail}. {said}. {counted}. In the words of the book: {DETAILS[detail].exactly}."


def lines_of(text: str) -> str:
    """A text in lines that fit; what speakers say begins a new one."""
    return "\n".join(line for part in text.strip().split("\n") for line in textwrap.wrap(part, LETTERS))


def draw_texts(ax: Any, right: str, wrong: str) -> None:
    """Both texts below each other, each under a line that says which it is."""
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    texts = (1, "goes on, when all is right:", right, "ink"), (0.47, "and goes on now:", wrong, "blue")
    for top, heading, text, color in texts:
        ax.text(0, top, heading, va="top", fontsize=10.5, color=PALETTE["gray"])
        ax.text(0, top - 0.11, lines_of(text), va="top", fontsize=11.5, color=PALETTE[color], linespacing=1.35)


def draw_guesses(ax: Any, sound: float, share: float) -> None:
    """How many next pieces of meetings are guessed right, as a bar each."""
    shares = [100 * sound, 100 * share]
    ax.barh((0, 1), shares, height=0.7, color=[PALETTE["gray"], PALETTE["blue"]])
    for place, each in enumerate(shares):
        ax.text(each + 1.5, place, f"{each:.0f}", va="center", fontsize=10.5)
    ax.set_yticks((0, 1), ("right", "now"))
    ax.set(xlim=(0, 108), ylim=(1.6, -0.6), xlabel="next pieces guessed right, of 100")
    ax.set_xticks((0, 50, 100))
    ax.grid(False, axis="y")


@styled
def draw_detail(*, detail: str, beginning: str) -> tuple[Figure, str]:
    """The frame of the explorer."""
    figure, (above, below) = new_figure(2, 1, size=(4.6, 4.1), height_ratios=(5, 2))
    above.set_title(f"{beginning} ...")
    draw_texts(above, written("nothing", beginning), written(detail, beginning))
    draw_guesses(below, guesses("nothing")[0], guesses(detail)[0])
    return figure, describe(detail, beginning)


def one_wrong_detail() -> Explorer:
    """Choose a mistake and a beginning, and see what the model makes of it."""
    return explore(
        draw_detail,
        caption="A small OLMo that has read meetings. Above, what it writes as it was trained, then with the mistake. "
                "Below, how many next pieces it guesses in meetings that it has not read.",
        name="one-wrong-detail", predict=PREDICTION,
        detail=Choice("What the model does wrong", list(DETAILS), ASKED),
        beginning=Choice("How the text begins", BEGINNINGS, BEGINNINGS[0]),
    )  # fmt: skip
