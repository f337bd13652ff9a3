"""The explorer of the page: how often an experiment with some number of seeds finds a true effect of some size."""

from matplotlib.figure import Figure

from llmbook.chapters.front.experiments.experiment import finds, simulate
from llmbook.chapters.front.experiments.plots import plot_repeats
from llmbook.metrics.intervals import Interval
from llmbook.widgets.explorer import Explorer, Slider, explore

SEEDS = (3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64)
EFFECTS = (0.0, 0.01, 0.03, 0.06, 0.09, 0.12, 0.18, 0.24)
LIMITS = (-0.35, 0.55)


def explore_seeds(spread: float) -> Explorer:
    """Choose the number of seeds and the true effect, and see what thirty experiments would say.

    Args:
        spread: standard deviation of the paired differences, nats.
    """

    def draw(seeds: int, effect: float) -> tuple[Figure, str]:
        intervals = simulate(effect, seeds, spread)
        return plot_repeats(intervals, effect=effect, xlim=LIMITS), describe(intervals, seeds, effect)

    return explore(
        draw, name="seeds",
        caption="A simulation: only there is the truth known. Thirty experiments on the same two layers, which differ "
                "by the red line. Blue: the interval excludes zero. Set the effect to 0: every blue one is an error.",
        seeds=Slider("Seeds in an experiment", SEEDS, 16, frames=(3, 5, 8, 16, 32, 64)),
        effect=Slider("True effect, nats", EFFECTS, 0.06, "{:g}", frames=(0.0, 0.03, 0.06, 0.12, 0.24)),
    )  # fmt: skip


def describe(intervals: Interval, seeds: int, effect: float) -> str:
    """One sentence for one frame, about all simulated experiments."""
    found = finds(intervals) & (intervals.mean * effect >= 0)  # not those with the wrong sign
    width = float((intervals.high - intervals.low).mean())
    opening = f"{seeds} seeds, a true effect of {effect:g} nats: "
    said = f"{found.mean():.0%}".replace("%", " %") + f" of {len(found):,} experiments "
    if effect == 0:
        return f"{opening}{said}see an effect where there is none. An interval is {width:.2f} nats wide on average."
    reported = float(intervals.mean[found].mean())
    return (f"{opening}{said}find it, and those report {reported:.2f} nats on average. "
            f"An interval is {width:.2f} nats wide on average.")
