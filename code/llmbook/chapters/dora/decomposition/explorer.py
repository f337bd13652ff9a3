"""The explorers of two pages: turn and stretch a weight of two numbers; one deliberate mistake at three moments."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from llmbook.chapters.dora.decomposition.plots import adapt, plot_geometry, turned
from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

WEIGHT = (1.2, 1.6)
LIMITS = (-1.7, 3.2, -1.2, 3.4)
ALONG = {
    "across W": (0.8, -0.6),
    "along the first input": (1.0, 0.0),
    "along the second input": (0.0, 1.0),
    "along W itself": (0.6, 0.8),
}
STEPS = (-1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
MAGNITUDES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
PREDICTION = Prediction("A points across W. Double the step, from 0.75 to 1.5. How much further does the row turn?", {
    "Twice as far": "That would have meant that the angle follows the step. Compare the degrees at 0.75 and at 1.5: "
                    "the tip of W + sBA moves along a straight line and not around a circle.",
    "Less than twice": "That would have meant that each further step turns the row less, because the sum grows longer "
                       "as it turns. Compare the degrees at 0.75 and at 1.5, and LoRA's lengths.",
    "More than twice": "That would have meant that a row which has begun to turn turns more easily. Compare the "
                       "degrees at 0.75 and at 1.5, and LoRA's lengths.",
})  # fmt: skip
TESTED = Prediction(
    "A layer with one of the seven mistakes has just been put into a network, and nothing is trained yet. For how many "
    "of the seven is the output already wrong?", {
        "For none": "That would have meant that B = 0 hides every mistake. It hides what is done to the update; choose "
                    "the start of m at 1, which is there before any update, and look at the left column.",
        "For one": "That would have meant that the first test everybody writes, unchanged output at the start, finds "
                   "one mistake and lets the others pass. Choose one after the other, and look at the left column.",
        "For most of them": "That would have meant that a wrong norm, scale or bias shows at once. Choose the wrong "
                            "axis of the norm, and compare the left column with the other two.",
    })  # fmt: skip


def draw_dora(*, along: str, step: float, magnitude: float) -> tuple[Figure, str]:
    """One frame: the row, its low-rank change, and where DoRA puts it.

    Args:
        along: The row of A, a key of :data:`ALONG`.
        step: s times the row's number in B.
        magnitude: m.
    """
    figure = plot_geometry(WEIGHT, ALONG[along], step, magnitude, limits=LIMITS)
    return figure, describe(along, step, magnitude)


def describe(along: str, step: float, magnitude: float) -> str:
    """One sentence for one frame."""
    adapted, result = adapt(WEIGHT, [step * part for part in ALONG[along]], magnitude)
    (before, first), (after, second) = turned(WEIGHT), turned(adapted)
    turn = (second - first + 180) % 360 - 180
    return (f"A points {along} and the low-rank step is {step:g}: the direction turns by {turn + 0:+.1f} degrees. "
            f"LoRA's row has length {after:.2f} instead of {before:.2f}; DoRA's is ({result[0]:.2f}, {result[1]:.2f}), "
            f"of length m = {magnitude:g}.")


def explore_dora() -> Explorer:
    """Three controls: the direction in which the low-rank step may go, the step, and the magnitude."""
    return explore(
        draw_dora,
        caption="One row of a weight with two inputs and an adapter of rank one. The step moves W + sBA along the thin "
                "green line, and of the sum only its direction counts; the length of W' is m, on the dotted circle.",
        name="dora",
        predict=PREDICTION,
        along=Choice("A points", list(ALONG), "across W"),
        step=Slider("Low-rank step, s times b", STEPS, 0.75, "{:+g}", frames=(-1.5, -0.75, 0.0, 0.75, 1.5)),
        magnitude=Slider("Magnitude m", MAGNITUDES, 2.5, "{:g}", frames=(1.0, 2.0, 2.5)),
    )  # fmt: skip


@styled
def draw_moments(distances: Mapping[str, Mapping[str, Sequence[float]]], chosen: str, *, smallest: float) -> Figure:
    """How far mistakes are from the reference, moment by moment: the chosen one seed by seed, the others as means.

    Args:
        distances: Mistake to moment to one distance for each seed.
        chosen: The mistake to show in full.
        smallest: Distances below it are rounding; they are drawn at the lower edge.
    """
    figure, ax = new_figure(size=(6.0, 3.4))
    moments = list(distances[chosen])
    for name, of in distances.items():
        values = [np.maximum(np.asarray(of[moment], dtype=float), smallest) for moment in moments]
        means = [float(np.exp(np.log(each).mean())) for each in values]
        if name != chosen:
            ax.plot(range(len(moments)), means, "-", marker="o", color="#868F9C", linewidth=1, markersize=3.5)
            continue
        ax.plot(range(len(moments)), means, "-", marker="s", color=PALETTE["vermillion"], markersize=7, zorder=4)
        for place, each in enumerate(values):
            ax.plot(np.full(len(each), place), each, linestyle="", marker="_", markersize=13,
                    color=PALETTE["vermillion"], zorder=3)
    ax.set_yscale("log")
    ax.set_xticks(range(len(moments)), moments)
    ax.set(xlim=(-0.35, len(moments) - 0.65), ylim=(smallest / 3, 30), ylabel="distance from correct DoRA")
    ax.grid(axis="x", visible=False)
    return figure


def explore_mistakes(distances: Mapping[str, Mapping[str, Sequence[float]]], losses: Mapping[str, float], *,
                     smallest: float = 1e-6) -> Explorer:  # fmt: skip
    """One mistake in full, the others beside it.

    Args:
        distances: mistake to moment to one distance for each seed; three moments.
        losses: mistake to its loss at the end, divided by that of correct DoRA.
        smallest: a distance below it is called rounding.
    """

    def draw(mistake: str) -> tuple[Figure, str]:
        start, one, end = (float(np.mean(each)) for each in distances[mistake].values())
        at_start = "right to rounding" if start < smallest else f"off by {start:.0%} of their size"
        return draw_moments(distances, mistake, smallest=smallest), (
            f"{mistake[0].upper()}{mistake[1:]}: at the start the outputs are {at_start}; after one step "
            f"{one:.2f} of the way off, after training {end:.2f}. Its loss is {losses[mistake]:.2f} times the right "
            "one.")

    return explore(
        draw, name="mistakes", predict=TESTED,
        caption="Squares and lines: twelve seeds of one mistake. Gray: the means of the others. At the lower edge is "
                "rounding. Look at the first column and at the loss in the sentence: would you have noticed?",
        mistake=Choice("Mistake", list(distances), next(iter(distances))),
    )  # fmt: skip
