"""The explorer of the page "The question": three summaries of one meeting, and what ROUGE makes of them."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.question.plots import draw_scores
from llmbook.metrics.rouge import rouge_scores
from llmbook.widgets.explorer import Choice, Explorer, Prediction, explore

KINDS = {"ROUGE-1, single words": "rouge1", "ROUGE-2, pairs of words": "rouge2", "ROUGE-L, words in order": "rougeL"}
PREDICTION = Prediction(
    "Lead-3 copies how the meeting begins. One summary says everything rightly, in words of its own. The last takes "
    "the reference's words and exchanges two people. Which of the three has the highest score?", {
        "Lead-3": "That would have meant that a meeting says at its beginning what matters. Look for its bar, and "
                  "then for the words of the reference in those turns.",
        "Own words, all right": "That would have meant that the score sees what a sentence says. It counts the words "
                                "that two texts share: compare this bar with the one of the wrong people.",
        "Wrong people": "That would have meant that the score sees words and not who they are about. Choose the other "
                        "two scores, which look at pairs and at the order: do they notice the exchange?",
    })  # fmt: skip


def explore_candidates(reference: str, candidates: Mapping[str, str]) -> Explorer:
    """How each of some summaries scores against a reference, for three kinds of ROUGE.

    Args:
        reference: a sentence a line.
        candidates: name to text, likewise.
    """
    found = {name: rouge_scores(reference, text) for name, text in candidates.items()}

    def draw(kind: str) -> tuple[Figure, str]:
        scores = {name: scores[KINDS[kind]].fmeasure for name, scores in found.items()}
        said = ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
        best = max(scores, key=scores.get)
        return draw_scores(scores), f"{kind}: {said}. The highest is {best}."

    return explore(
        draw, name="candidates", predict=PREDICTION,
        caption="Three summaries of the meeting above, held against its reference. Look for the one that you would "
                "send to those who missed the meeting.",
        kind=Choice("Score", list(KINDS), "ROUGE-1, single words"),
    )  # fmt: skip
