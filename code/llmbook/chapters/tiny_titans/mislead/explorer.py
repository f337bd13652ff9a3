"""The explorer of the page "Where ROUGE misleads": a change of a summary, how much of it, and what metrics notice."""

from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.mislead.plots import draw_changed, text_rows
from llmbook.meetings.fact_check import check_facts
from llmbook.meetings.meeting import Meeting
from llmbook.meetings.perturbations import BY_FACT, CHANGES, Changed, change_summary
from llmbook.metrics.rouge import rouge_scores
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

SHOWN = (*BY_FACT, *(name for name in CHANGES if name not in (*BY_FACT, "unchanged", "padded", "empty")))
"""The changes on offer. A padded summary is too long for a frame, and the others are the slider's ends."""
NAMES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "rougeLsum": "ROUGE-Lsum"}
TRUTHS = ("facts recalled", "facts F1")
ASKED = Prediction(
    "Two facts of a summary are denied, or the same number is dropped. Which of the two keeps more of its ROUGE-1?",
    {
        "The one with two denied": "Then a small word more would cost less than two sentences, though it makes them "
        "false. Set the slider to 2, and compare the changes denied and facts dropped.",
        "The one with two dropped": "Then saying nothing would cost less than saying what is false. Set the slider to "
        "2, compare the changes denied and facts dropped, and look which of the bars agrees with you.",
        "Both the same": "Then ROUGE-1 would count the facts that are left. Set the slider to 2, and compare the "
        "changes denied and facts dropped.",
    },
)


def explore_changes(meeting: Meeting) -> Explorer:
    """Choose a change and how many facts it touches, and compare what ROUGE says with what is true.

    Args:
        meeting: a short one, so that its summary fits into a frame.
    """
    reference, facts = meeting.reference(), len(meeting.facts)
    counts = range(facts + 1)
    changed = {(kind, count): change_summary(meeting, kind, count=count) for kind in SHOWN for count in counts}
    rows = max(text_rows(reference, each.text) for each in changed.values())

    def draw(*, change: str, count: int) -> tuple[Figure, str]:
        found = changed[change, count]
        scores = score_all(meeting, found.text)
        return (draw_changed(reference, found.text, scores, truths=TRUTHS, rows=rows),
                describe(change, found, scores, facts))  # fmt: skip

    return explore(
        draw, name="changes", predict=ASKED,
        caption="A summary with its changed words in boxes (what is dropped leaves no box), its ROUGE scores, and the "
                "truth below them. The slider limits the changes that go fact by fact. Find the largest gap between "
                "the two, in both directions.",
        change=Choice("Change", SHOWN, "denied"),
        count=Slider("Facts changed, at most", list(counts), facts, frames=[0, facts // 2, facts]),
    )  # fmt: skip


def score_all(meeting: Meeting, text: str) -> dict[str, float]:
    """The F of each ROUGE, and the truth."""
    scores, truth = rouge_scores(meeting.reference(), text), check_facts(meeting, text)
    return {NAMES[kind]: score.fmeasure for kind, score in scores.items()} | dict(
        zip(TRUTHS, (truth.recall, truth.f1), strict=True)
    )


def describe(change: str, changed: Changed, scores: dict[str, float], facts: int) -> str:
    """What a frame shows, in words."""
    listed = ", ".join(f"{name} {value:.2f}" for name, value in scores.items() if name not in TRUTHS)
    truth = f"{changed.kept} of {facts} facts are kept and {changed.wrong} statements are wrong"
    whole = "" if change in BY_FACT else " This change goes through the whole summary, wherever the slider stands."
    return f"{change[:1].upper()}{change[1:]}: {truth}. {listed}; F1 of the facts {scores['facts F1']:.2f}.{whole}"
