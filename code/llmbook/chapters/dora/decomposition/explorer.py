"""The explorer of the page "DoRA from scratch": turn and stretch a weight of two numbers."""

from matplotlib.figure import Figure

from llmbook.chapters.dora.decomposition.plots import adapt, plot_geometry, turned
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
