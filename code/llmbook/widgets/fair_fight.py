"""The explorer of the fair fight: a test set and a measure, and how every system does there."""

from matplotlib.figure import Figure

from llmbook.experiments.fair_fight import TEST_SETS, best_systems, compare, system_interval
from llmbook.plots.fair_fight import plot_systems
from llmbook.widgets.explorer import Choice, Explorer, explore

NAMES = {"rouge1": "ROUGE-1 F", "rouge2": "ROUGE-2 F", "rougeLsum": "ROUGE-Lsum F", "facts_f1": "F1 of the facts",
         "wrong": "wrong statements a summary"}  # fmt: skip
COMPARED = ("large, zero-shot", "medium, tuned")


def explore_fight() -> Explorer:
    """Every system of the stored fair fight on one test set, by one measure."""

    def draw(test: str, measure: str) -> tuple[Figure, str]:
        found = {name: system_interval(name, measure, test) for name in best_systems(test)}
        return plot_systems(found, xlabel=NAMES[measure], marked=COMPARED), describe(test, measure)

    return explore(
        draw, name="fight",
        caption="Means over the meetings of a test set with 95 % bootstrap intervals; tuned systems are the mean of "
                "five seeds. In color: the two that the paper's question is about.",
        test=Choice("Meetings", list(TEST_SETS), "private"),
        measure=Choice("Measure", list(NAMES), "facts_f1", NAMES.__getitem__),
    )  # fmt: skip


def describe(test: str, measure: str) -> str:
    """One sentence for one frame: the two systems, and whether chance explains their difference."""
    large, medium = (system_interval(name, measure, test).mean for name in COMPARED)
    found = compare(COMPARED[1], COMPARED[0], measure, test)
    verdict = "which chance does not explain" if found.p_value < 0.05 else "which chance may explain"
    return (f"On the {test} meetings, {NAMES[measure]}: large without tuning {large:.2f}, medium tuned {medium:.2f}, a "
            f"difference of {found.difference.mean:+.2f} [{found.difference.low:+.2f}, {found.difference.high:+.2f}], "
            f"{verdict}.")  # fmt: skip
