"""The explorer of the page "OLMo assembled": how soon a text has a hole where a row without a token was drawn."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

LENGTHS = (10, 30, 100, 300, 1000, 3000, 10_000)
PREDICTION = Prediction(
    "Twelve of the 512 rows belong to no token. The trained model samples a text of 1,000 tokens, at temperature 2, "
    "and nobody leaves these rows out. How likely is a hole in the text?", {
        "It cannot happen": "That would have meant that training has pushed these rows to zero. A softmax has no zero: "
                            "compare the fresh model with the trained one, and look at the chance for one token.",
        "Far below one half": "That would have meant that what is rare at one token stays rare in a text. Move the "
                              "length from 10 on, and see how the chances add up.",
        "Nearly certain": "That would have meant that a thousand small chances make a large one. Lower the temperature "
                          "to 1, where a user would not notice it in a try or two.",
    })  # fmt: skip


def chance_of_a_hole(share: float, length: int) -> float:
    """How likely at least one row without a token is drawn.

    Args:
        share: the probability of these rows at one token.
        length: of the text, in tokens.
    """
    return float(-np.expm1(length * np.log1p(-share)))


@styled
def draw_chances(shares: Mapping[str, float], chosen: str, length: int) -> Figure:
    """The chance of a hole against the length of a text.

    Args:
        shares: Name of a model to the probability of its rows without a token.
        chosen: The model to draw strongly.
        length: The length to mark.
    """
    figure, ax = new_figure(size=(6.0, 3.3))
    lengths = np.geomspace(LENGTHS[0], LENGTHS[-1], 61)
    for name, share in shares.items():
        strong = name == chosen
        ax.plot(lengths, [100 * chance_of_a_hole(share, each) for each in lengths], label=name,
                linestyle="-" if strong else (0, (4, 2)), color=PALETTE["blue" if strong else "gray"])
    ax.plot([length], [100 * chance_of_a_hole(shares[chosen], length)], marker="o", markersize=9,
            color=PALETTE["vermillion"])
    ax.set(xscale="log", ylim=(-3, 106), xlabel="length of the text, in tokens", ylabel="chance of a hole, %")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def explore_holes(shares: Mapping[float, Mapping[str, float]]) -> Explorer:
    """How likely a text has a hole, by model, temperature and length.

    Args:
        shares: temperature to name of a model to the probability of its rows without a token at one position.
    """
    models = list(next(iter(shares.values())))

    def draw(model: str, temperature: float, length: int) -> tuple[Figure, str]:
        share = shares[temperature][model]
        return draw_chances(shares[temperature], model, length), (
            f"{model[0].upper()}{model[1:]} model at temperature {temperature:g}: the rows without a token get "
            f"{share:.1e} at one position, and {length:,} tokens have a hole with "
            f"{chance_of_a_hole(share, length):.1%}.")

    return explore(
        draw, name="holes", predict=PREDICTION,
        caption="All padding rows together, as the small model gives them away on validation texts. Move the length, "
                "and ask at which temperature a developer would meet a hole on the first day.",
        model=Choice("Model", models, models[-1]),
        temperature=Slider("Temperature", list(shares), list(shares)[-1], "{:g}"),
        length=Slider("Length of the text", LENGTHS, 1000, "{:,} tokens"),
    )  # fmt: skip
