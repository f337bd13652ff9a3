"""The explorer of averages: leave one benchmark out, and see who comes after whom."""

from matplotlib.figure import Figure

from llmbook.chapters.olmo.evidence.plots import plot_means
from llmbook.data import read_table
from llmbook.widgets.explorer import Choice, Explorer, Prediction, explore

BENCHMARKS = {
    "arc_challenge": "ARC challenge", "arc_easy": "ARC easy", "boolq": "BoolQ", "hellaswag": "HellaSwag",
    "openbookqa": "OpenBookQA", "piqa": "PIQA", "sciq": "SciQ", "winogrande": "WinoGrande",
}  # fmt: skip
NONE, OURS = "none", "OLMo 7B"
ROUNDING = 1e-9  # scores have one digit: what is closer than this is level
ASKED = Prediction(
    "OLMo 7B is fifth of seven. Is there one benchmark without which it would come first?",
    {
        "Yes, BoolQ": "Then the points that it loses to Llama 2 there would be all that keeps it from the first place. "
        "Leave out BoolQ, and see who takes the place of Llama 2.",
        "Yes, ARC easy": "Then that one weakness would pull its mean below four others. Leave out ARC easy, and count "
        "the places that it gains.",
        "No": "Then each of the eight means without one benchmark would have another model at its head. Go through "
        "all eight, and look for the one that brings OLMo nearest.",
    },
)


def zero_shot_scores(size_class: str = "7B") -> dict[str, dict[str, float]]:
    """The scores of the models of one size: by model, then by benchmark, percent."""
    rows = [row for row in read_table("olmo_zero_shot") if row["size_class"] == size_class]
    return {row["model"]: {name: row[column] for column, name in BENCHMARKS.items()} for row in rows}


def means_without(scores: dict[str, dict[str, float]], left_out: str) -> dict[str, float]:
    """The mean of each model over all benchmarks but one."""
    kept = {model: [score for name, score in of.items() if name != left_out] for model, of in scores.items()}
    return {model: sum(values) / len(values) for model, values in kept.items()}


def draw_means(*, left_out: str) -> tuple[Figure, str]:
    """One frame: the order of the models without ``left_out``."""
    means = means_without(zero_shot_scores(), left_out)
    order = sorted(means, key=means.get, reverse=True)
    what = "Over all eight benchmarks" if left_out == NONE else f"Without {left_out}"
    place = 1 + sum(mean - means[OURS] > ROUNDING for mean in means.values())
    level = [model for model in order if model != OURS and abs(means[model] - means[OURS]) < ROUNDING]
    beside = f", level with {' and '.join(level)}" if level else ""
    sentence = (f"{what}, {order[0]} comes first with {means[order[0]]:.2f}, and {OURS} is number "
                f"{place} of {len(order)} with {means[OURS]:.2f}{beside}.")  # fmt: skip
    return plot_means(means, highlighted=OURS), sentence


def explore_left_out() -> Explorer:
    """The explorer on the page about openness."""
    return explore(
        draw_means,
        caption="The means of seven models of the 7B class when one benchmark is left out. Watch the order among the "
        "first five.",
        name="left-out",
        predict=ASKED,
        left_out=Choice("Leave out", [NONE, *BENCHMARKS.values()], NONE),
    )
