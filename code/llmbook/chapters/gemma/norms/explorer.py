"""The explorer of the page "Norms": depth and place of the norm, and the gradient that each block gets at the start."""

from collections.abc import Callable
from functools import cache

import numpy as np
from matplotlib.figure import Figure

from llmbook.chapters.gemma.norms.experiment import PLACES, Start, measure_seeds
from llmbook.chapters.gemma.norms.plots import PLACE_LABELS, plot_by_layer
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

STARTS = {"full": "full start, 1/sqrt(fan-in)", "weak": "weak start, 0.02"}
LIMITS = (0.03, 150)
ASKED = Prediction(
    "Let the weights start weak, at 0.02. In which arrangement does a block get the largest gradient?",
    {
        "Pre-norm": "Then a stream that no norm ever divides would carry the most. Choose the weak start, and compare "
        "the line of pre-norm with the two others.",
        "Post-norm": "Then what makes the gradient grow with the full start would not depend on the size of the "
        "branches. Choose the weak start, and see how much of the growth is left.",
        "Both": "Then the norm behind each branch would blow up what the branch hardly says, and its gradient with it. "
        "Choose the weak start, and read the scale of the three lines.",
        "None, all alike": "Then weak branches would make the three the same model, nearly the identity. Choose the "
        "weak start, and look whether all three lines meet.",
    },
)


def explore_norm_places(measure: Callable[..., list[Start]] | None = None) -> Explorer:
    """Gradient by block, for a depth, a place of the norm, and the size of the starting weights.

    Args:
        measure: ``measure_seeds`` or a cached version of it, so that what a page has measured is not measured again.
    """
    measure = measure or cache(measure_seeds)

    def draw(layers: int, place: str, start: str) -> tuple[Figure, str]:
        curves = {each: gradients(measure(each, layers, start=start)) for each in PLACES}
        figure = plot_by_layer(curves, ylabel="norm of the gradient", logarithmic=True, first=1, highlight=place,
                               ylim=LIMITS)
        return figure, describe(layers, place, start, curves[place])

    return explore(
        draw, name="norm-places", predict=ASKED,
        caption="The gradient that reaches each block of an untrained decoder: lines are means over five seeds, bands "
                "run from the smallest to the largest. Start with post-norm and add blocks.",
        layers=Slider("Blocks", [2, 4, 8, 16, 24], 16, frames=[2, 8, 16]),
        place=Choice("Place of the norm", list(PLACES), "post", PLACE_LABELS.__getitem__),
        start=Choice("Starting weights", list(STARTS), "full", STARTS.__getitem__),
    )  # fmt: skip


def gradients(measured: list[Start]) -> np.ndarray:
    """Gradient norms ``(seeds, layers)``."""
    return np.array([each.gradient for each in measured])


def describe(layers: int, place: str, start: str, values: np.ndarray) -> str:
    """One sentence for one frame."""
    ratios = values[:, 0] / values[:, -1]
    return (f"{layers} blocks, {PLACE_LABELS[place]}, {STARTS[start]}: the gradient of the first block is "
            f"{ratios.mean():.3g} times that of the last ({ratios.min():.2g} to {ratios.max():.2g} over "
            f"{len(ratios)} seeds); the last has norm {values[:, -1].mean():.2g}.")
