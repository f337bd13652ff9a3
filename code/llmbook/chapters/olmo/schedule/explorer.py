"""The explorer of the page "AdamW and the schedule": warm-up, peak, floor, shape and last anneal of a learning rate."""

import math

import numpy as np
from matplotlib.figure import Figure

from llmbook.chapters.olmo.schedule.plots import SHAPE_LABELS, plot_schedules, sample, short_count
from llmbook.training.schedule import SHAPES, Schedule
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

PEAKS = [1e-4, 1.5e-4, 3e-4, 4e-4, 6e-4]
WARMUPS = [1, 1000, 2000, 5000, 20_000, 50_000, 100_000]
FLOORS = [0.0, 0.02, 0.1, 0.5]
ANNEALS = [0, 1000, 10_000, 50_000]
ASKED = Prediction(
    "A straight line to a tenth of the peak. The warm-up gets ten times as long, 50,000 steps instead of 5,000: a "
    "tenth of the training. What happens to the average rate?",
    {
        "It falls by a tenth": "Then the steps of the warm-up would be lost. They are climbed through, from nothing to "
        "the peak. Set Warm-up steps to 50,000, and compare the average rate.",
        "It hardly changes": "Then the climb would average nearly what the way down averages. Set Warm-up steps to "
        "50,000, and compare the average rate.",
        "It rises": "Then the later start of the way down would be worth more than the slow climb costs. Set Warm-up "
        "steps to 50,000, and compare the average rate.",
    },
)


def explore_schedule(*, total_steps: int, tokens_per_step: int, weight_decay: float = 0.1) -> Explorer:
    """The rate by step for a shape, a warm-up, a peak, a floor and an anneal; the other shapes stay faintly behind it.

    Args:
        total_steps: length of the training, without the anneal.
        tokens_per_step: what one step reads.
        weight_decay: lambda, for the sentence on how far a weight without gradient shrinks.
    """

    def draw(shape: str, warmup: int, peak: float, floor: float, anneal: int) -> tuple[Figure, str]:
        schedules = {SHAPE_LABELS[each]: Schedule(peak, total_steps + anneal, warmup, floor * peak, each, anneal)
                     for each in SHAPES}  # fmt: skip
        figure = plot_schedules(schedules, tokens_per_step=tokens_per_step, highlight=SHAPE_LABELS[shape],
                                ymax=1.05 * max(PEAKS))
        return figure, describe(schedules[SHAPE_LABELS[shape]], tokens_per_step, weight_decay)

    return explore(
        draw, name="schedule", predict=ASKED,
        caption="The rate of every step. The shaded area is the sum of all rates: it decides how far weight decay "
                "alone would shrink a weight. Compare linear with cosine, and look for the anneal at the right edge.",
        shape=Choice("Shape", list(SHAPES), "linear", SHAPE_LABELS.__getitem__),
        warmup=Slider("Warm-up steps", WARMUPS, 5000, "{:,}", frames=[5000, 50_000]),
        peak=Slider("Peak", PEAKS, 3e-4, "{:.1e}", frames=[3e-4, 6e-4]),
        floor=Slider("Floor, share of the peak", FLOORS, 0.1, "{:g}", frames=[0.02, 0.1]),
        anneal=Slider("Anneal to 0 after that, steps", ANNEALS, 0, "{:,}", frames=[0, 1000]),
    )  # fmt: skip


def describe(schedule: Schedule, tokens_per_step: int, weight_decay: float) -> str:
    """One sentence for one frame."""
    steps, rates = sample(schedule)
    area = float(np.trapezoid(rates, steps))
    average = area / schedule.total_steps / schedule.peak
    left = math.exp(-weight_decay * area)
    last = f"{rates[-1]:.1e}"
    if schedule.anneal_steps:
        before = schedule(schedule.shaped_steps - 1)
        last = f"falls from {before:.1e} to 0 in {schedule.anneal_steps:,} steps"
    missed = schedule(schedule.shaped_steps - 1) > schedule.floor + 1e-9 * schedule.peak
    floor = f"{schedule.floor:.1e}{' (not reached)' if missed else ''}"
    return (f"{SHAPE_LABELS[schedule.shape].capitalize()}, {schedule.warmup_steps:,} steps of warm-up "
            f"({short_count(schedule.warmup_steps * tokens_per_step)} tokens), peak {schedule.peak:.1e}, floor "
            f"{floor}: the average rate is {average:.1%} of the peak and the last one {last}; "
            f"decay {weight_decay:g} alone would shrink a weight to {left:.2g} of itself.")
