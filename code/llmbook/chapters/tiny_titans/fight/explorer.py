"""The explorer of the fair fight: a test set and a measure, and how every system does there."""

from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.fight.plots import plot_systems
from llmbook.experiments.fair_fight import TEST_SETS
from llmbook.experiments.fair_fight_scores import best_systems, compare, system_interval
from llmbook.widgets.explorer import Choice, Explorer, Prediction, explore

NAMES = {"net_f1": "net F1 of the facts", "wrong": "wrong statements a summary", "rouge1": "ROUGE-1 F",
         "rougeLsum": "ROUGE-Lsum F"}  # fmt: skip
SETS = [name for name in TEST_SETS if name != "private, chatter 2"]
"""A page must not weigh too much, so it shows four measures and five sets."""
COMPARED = ("large, zero-shot", "medium, tuned")
ASKED = Prediction(
    "On private meetings with four turns of chatter for each fact, net F1 puts the tuned medium model ahead of the "
    "large one without tuning. What does ROUGE-1 say?",
    {
        "The same": "Then words and facts would agree on the winner. Choose the meetings with chatter 4 and ROUGE-1, "
        "and read the sign of the difference.",
        "It cannot tell them apart": "Then it would be as on the short private meetings, where chance may explain the "
        "difference. Choose the meetings with chatter 4 and ROUGE-1, and read whether the interval has 0 in it.",
        "The opposite": "Then a score of words would name the other winner, and not by chance. Choose the meetings "
        "with chatter 4 and ROUGE-1, then the wrong statements.",
    },
)


def explore_fight() -> Explorer:
    """Every system of the stored fair fight on one test set, by one measure."""

    def draw(test: str, measure: str) -> tuple[Figure, str]:
        found = {name: system_interval(name, measure, test) for name in best_systems(test)}
        words = {name: system_interval(name, "words", test).mean for name in found}
        return plot_systems(found, xlabel=NAMES[measure], marked=COMPARED, words=words), describe(test, measure)

    return explore(
        draw, name="fight", predict=ASKED,
        caption="Means over the meetings of a test set with 95 % bootstrap intervals, and words of a summary. Tuned "
                "systems are the mean of five seeds. In color: the two that the paper's question is about.",
        test=Choice("Meetings", SETS, "private"),
        measure=Choice("Measure", list(NAMES), "net_f1", NAMES.__getitem__),
    )  # fmt: skip


def describe(test: str, measure: str) -> str:
    """One sentence for one frame: the two systems, and whether chance explains their difference."""
    large, medium = (system_interval(name, measure, test).mean for name in COMPARED)
    lengths = [system_interval(name, "words", test).mean for name in COMPARED]
    found = compare(COMPARED[1], COMPARED[0], measure, test)
    verdict = "which chance does not explain" if found.p_value < 0.05 else "which chance may explain"
    return (f"On the {test} meetings, {NAMES[measure]}: large without tuning {large:.2f}, medium tuned {medium:.2f}, a "
            f"difference of {found.difference.mean:+.2f} [{found.difference.low:+.2f}, {found.difference.high:+.2f}], "
            f"{verdict}. Their summaries have {lengths[0]:.0f} and {lengths[1]:.0f} words.")  # fmt: skip
