"""The explorer of the page "The question, on real meetings": every system by every measure, from the stored answers."""

import numpy as np
from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.real_meetings.plots import plot_scores
from llmbook.chapters.tiny_titans.real_meetings.results import (
    SYSTEMS,
    manner_of,
    over_meetings,
    queries_of_test,
    scores_of,
    stored_rows,
)
from llmbook.metrics.intervals import Interval
from llmbook.widgets.explorer import Choice, Explorer, Prediction, explore

MEASURES = {"rouge1": "ROUGE-1 F", "rouge2": "ROUGE-2 F", "rougeL": "ROUGE-L F", "rougeLsum": "ROUGE-Lsum F",
            "words": "words of an answer"}  # fmt: skip
ASKED = Prediction(
    "The model has 135 million parameters and read eighty examples. Where does tuning put its ROUGE-1, beside the same "
    "model that is only asked, and beside the first fifty words of the passage?",
    {
        "Above both": "Then the examples taught it something that the words of the references reward. Look at the "
        "blue mark, too: what its answers score against other meetings.",
        "Above one of them": "Then either asking is enough, or copying is. See which of the two intervals the tuned "
        "rows share.",
        "Above neither": "Then eighty examples would be too few, or the model too small. Compare the lengths before "
        "you decide.",
    },
)


def explore_real_meetings() -> Explorer:
    """Choose a measure and compare the systems. Needs ``data/results/real_meetings.json``."""
    return explore(
        draw_measure, name="real-meetings", predict=ASKED,
        caption="Every system on the test queries, with 95 % intervals over meetings. By ROUGE-1, the blue mark is "
                "what the same answers score against the references of other meetings.",
        measure=Choice("Measure", list(MEASURES.values()), "ROUGE-1 F"),
    )  # fmt: skip


def draw_measure(*, measure: str) -> tuple[Figure, str]:
    """One frame, and a sentence with its numbers."""
    key = next(key for key, name in MEASURES.items() if name == measure)
    found = {name: by_system(name, key) for name in SYSTEMS}
    return plot_scores(found, xlabel=measure, manner=manners() if key == "rouge1" else None), describe(key, found)


def by_system(name: str, measure: str) -> Interval:
    """Mean and interval of a system, its seeds averaged."""
    return over_meetings(scores_of(stored_rows(), name, measure).mean(0), [each.meeting for each in queries_of_test()])


def manners() -> dict[str, float]:
    """What the texts of each system score against other meetings."""
    queries = queries_of_test()
    rows = stored_rows()
    return {name: float(np.mean(manner_of(rows, name, queries))) for name in SYSTEMS}


def describe(measure: str, found: dict[str, Interval]) -> str:
    """What a frame shows, in words."""
    digits = 0 if measure == "words" else 3
    parts = [f"{name} {found[name].mean:.{digits}f} [{found[name].low:.{digits}f}, {found[name].high:.{digits}f}]"
             for name in ("lead", "zero-shot", "LoRA", "DoRA", "oracle")]  # fmt: skip
    return f"{MEASURES[measure]}: {', '.join(parts)}."
