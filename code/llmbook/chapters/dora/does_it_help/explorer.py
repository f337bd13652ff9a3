"""The explorer of the page "Does it help?": a method and its learning rate, from the stored sweep."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from llmbook.chapters.dora.does_it_help.plots import LABELS, plot_new_and_old
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

METHODS = ("full", "lora", "dora", "lora+")
PREDICTION = Prediction(
    "Full fine-tuning at 0.003, a third of its best rate, against LoRA at its best. Where is full fine-tuning ahead?", {
        "On the new workplace": "That would have meant that it pays for the new text with the old, at any rate. Choose "
                                "full fine-tuning at 0.003 and LoRA at its best, and compare both losses.",
        "On the old ones": "That would have meant that at a third of its best rate it learns less than LoRA and "
                           "forgets less. Choose full fine-tuning at 0.003 and LoRA at its best; compare both losses.",
        "On both": "That would have meant that what is forgotten depends on the rate, and not on the method alone. "
                   "Choose full fine-tuning at 0.003, at its best rate, and LoRA at its best.",
        "On neither": "That would have meant that a third of the best rate is too far from it. Choose full fine-tuning "
                      "at 0.003 and LoRA at its best, and compare both losses.",
    })  # fmt: skip


def sweep_curves(rows: Sequence[Mapping], key: str, *, seeds: Sequence[int], steps: int) -> dict[str, dict]:
    """The numbers of a stored sweep: by method and by rate, ``(seeds,)``; adapters of rank 8 with alpha 16.

    Args:
        rows: of ``data/results/adapter_sweeps.json``.
        key: ``"validation"`` or ``"general"``.
        seeds: of the sweep.
        steps: of its runs.
    """
    curves: dict[str, dict] = {method: {} for method in METHODS}
    for row in rows:
        usual = row["rank"] in (None, 8) and row["alpha"] in (None, 16) and row["steps"] == steps
        if usual and row["method"] in METHODS and row["seed"] in seeds:
            curves[row["method"]].setdefault(row["learning_rate"], []).append(row[key])
    return {method: {rate: np.array(values) for rate, values in sorted(by_rate.items())}
            for method, by_rate in curves.items()}  # fmt: skip


def explore_rates(new: Mapping[str, Mapping], old: Mapping[str, Mapping], *, base: tuple[float, float]) -> Explorer:
    """Loss on the new text and on the old for every method, with one method and rate in focus.

    Args:
        new: as :func:`sweep_curves` gives it, on the new workplace.
        old: likewise, on the old ones.
        base: both losses before fine-tuning.
    """
    rates = sorted({rate for by_rate in new.values() for rate in by_rate})

    def draw(method: str, rate: float) -> tuple[Figure, str]:
        nearest = min(new[method], key=lambda each: abs(np.log(each / rate)))
        figure = plot_new_and_old(new, old, highlight=(method, nearest), base=base)
        return figure, describe(new, old, method, rate, base)

    return explore(
        draw, name="rates", predict=PREDICTION,
        caption="Five seeds for each point, with 95 % intervals. Choose a method, then move the rate: each method has "
                "its own best, and the best for the new workplace costs something on the old ones.",
        method=Choice("Method", list(METHODS), "lora", LABELS.__getitem__),
        rate=Slider("Peak learning rate", rates, 0.01, "{:g}"),
    )  # fmt: skip


def describe(new: Mapping[str, Mapping], old: Mapping[str, Mapping], method: str, rate: float,
             base: tuple[float, float]) -> str:  # fmt: skip
    """One sentence for one frame."""
    means = {each: float(values.mean()) for each, values in new[method].items()}
    best = min(means, key=means.get)
    name = LABELS[method][0].upper() + LABELS[method][1:]
    if rate not in means:
        return f"{name} was not run at {rate:g}; its best rate is {best:g}, with {means[best]:.2f} nats a token."
    place = "its best rate" if rate == best else f"its best is {best:g} with {means[best]:.2f}"
    forgotten = float(old[method][rate].mean())
    return (f"{name} at {rate:g}: {means[rate]:.2f} nats a token on the new workplace ({place}), {base[0]:.2f} before; "
            f"on the old ones {forgotten:.2f}, {base[1]:.2f} before.")
