"""The explorer of the page: the reader moves the score of one earlier word, and the next word follows."""

import torch
from matplotlib.figure import Figure

from llmbook.chapters.front.transformer.example import SENTENCE, VOCABULARY, Trace, trace
from llmbook.chapters.front.transformer.plots import WIDTH, plot_bars
from llmbook.plots.style import new_figure, styled
from llmbook.widgets.explorer import Choice, Explorer, Slider, explore

PLACES = {"keys (2nd word)": 1, "cabinet (5th word)": 4, "house (the last)": 11}
ADDED = tuple(range(-8, 9))
FRAMES = (-4, -2, -1, 0, 1, 2, 4)
POSITIONS = {"as learned": True, "all the same": False}


def moved(place: int, added: float, placed: bool) -> Trace:
    """The sentence again, with ``added`` to the score that the last word gives to a word, in the first head."""
    words = SENTENCE.split()
    change = torch.zeros(2, len(words), len(words))
    change[0, -1, place] = added
    return trace(words, added=change, placed=placed)


def grouped(probabilities: torch.Tensor) -> dict[str, float]:
    """The two verbs, the three prepositions together, and all others: from ``(V,)`` to names with probabilities."""
    chances = dict(zip(VOCABULARY, probabilities.tolist(), strict=True))
    found = {"is": chances["is"], "are": chances["are"]}
    found["to, in or of"] = chances["to"] + chances["in"] + chances["of"]
    return found | {"another word": 1 - sum(found.values())}


@styled
def draw_moved(*, word: str, added: float, positions: str) -> tuple[Figure, str]:
    """The frame of the explorer."""
    found = moved(PLACES[word], added, POSITIONS[positions])
    weights, chances = found.weights[0, -1].tolist(), grouped(found.probabilities[-1])
    figure, (above, below) = new_figure(2, 1, size=(WIDTH, 6.2), height_ratios=(12, 5))
    plot_bars(SENTENCE.split(), weights, xlabel="attention weight, first head, last word", marked=PLACES[word],
              limit=1.15, ax=above)
    plot_bars(list(chances), list(chances.values()), xlabel="probability of the next word", marked=1, limit=1.15,
              ax=below)
    return figure, describe(word, added, positions, weights[PLACES[word]], chances)


def describe(word: str, added: float, positions: str, weight: float, chances: dict[str, float]) -> str:
    """What a frame shows, in words."""
    name = word.partition(" ")[0]
    share, are, singular = (f"{100 * part:.0f} %" for part in (weight, chances["are"], chances["is"]))
    change = "as it is" if added == 0 else f"{abs(added)} {'higher' if added > 0 else 'lower'}"
    where = "" if POSITIONS[positions] else "No word knows its place. "
    return (f"{where}The score of {name} is {change}, so it has {share} of the attention; “are” follows with {are}, "
            f"“is” with {singular}.")


def explore_attention() -> Explorer:
    """Move one score of the first head at the last word, with and without positions."""
    return explore(
        draw_moved, name="attention-weight",
        caption="Above: where the last word looks. Below: which word comes next. Raise a singular noun, or take the "
                "positions away, and “is” overtakes “are”.",
        word=Choice("Whose score", list(PLACES), "keys (2nd word)"),
        added=Slider("Added to the score", ADDED, 0, "{:+d}", frames=FRAMES),
        positions=Choice("Positions", list(POSITIONS), "as learned"),
    )  # fmt: skip
