"""The explorers of ROUGE: what an edit of a summary does to each kind of score, and a summary to be edited freely."""

from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.rouge.plots import NAMES, draw_matches
from llmbook.metrics.matches import matched_places
from llmbook.metrics.rouge import ROUGE_TYPES, rouge_scores
from llmbook.metrics.rouge_tokens import check_text, rouge_sentences
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Text, explore

REFERENCE = """The team will delay the launch until May.
Dana rewrites the test plan by Friday.
Omar keeps the budget at 40,000 euros."""
FIRST, SECOND, THIRD = REFERENCE.split("\n")
EDITS = {
    "exact copy": REFERENCE,
    "synonyms": "The group is going to postpone the release to May.\nDana redrafts the test plan before Friday.\n"
    "Omar holds costs at 40,000 euros.",
    "a sentence dropped": f"{FIRST}\n{SECOND}",
    "sentences reordered": f"{THIRD}\n{FIRST}\n{SECOND}",
    "words in alphabetical order": " ".join(sorted(word for line in rouge_sentences(REFERENCE) for word in line)),
    "first sentence three times": f"{FIRST}\n{FIRST}\n{FIRST}",
    "negated": REFERENCE.replace("will delay", "will not delay"),
    "names swapped": "The team will delay the launch until May.\nOmar rewrites the test plan by Friday.\n"
    "Dana keeps the budget at 40,000 euros.",
    "verbose": "After a long talk the team said that it will delay the launch until May.\n"
    "As was said before, Dana rewrites the test plan by Friday, if all goes well.\n"
    "Omar then keeps the budget at 40,000 euros, as he told everybody twice.",
    "empty": "",
}
ASKED = Prediction(
    "Two people exchange their tasks, and no word is lost. Which kinds of score stay at 1?",
    {
        "None": "Then every kind would see who does what. Choose the edit Names swapped and go through the four kinds.",
        "ROUGE-1 only": "Then all kinds but the one that counts single words would notice that two names changed "
        "places. Choose the edit Names swapped, and do not leave out the kind that goes sentence by sentence.",
        "ROUGE-1 and ROUGE-Lsum": "Then the union over sentences would find each name somewhere, whatever it is said "
        "to do. Choose the edit Names swapped and compare ROUGE-Lsum with ROUGE-L.",
        "All four": "Then the order of words would count in none of them. Choose the edit Names swapped and ROUGE-2, "
        "which counts pairs of neighbors.",
    },
)
ROWS = (3, 6)  # of the reference and of the longest candidate, so that the frames are equally high


def describe(name: str, reference: str, candidate: str, kind: str) -> str:
    """What a frame shows, in words."""
    texts = [rouge_sentences(text) for text in (reference, candidate)]
    sizes = [sum(map(len, text)) - (kind == "rouge2") for text in texts]
    hits = len(matched_places(kind, *texts)[0])
    what = "pairs of words" if kind == "rouge2" else "words"
    precision, recall, fmeasure = rouge_scores(reference, candidate)[kind]
    return (f"{name}, {NAMES[kind]}: {hits} of the candidate's {max(sizes[1], 0)} {what} count, and of the reference's "
            f"{max(sizes[0], 0)}. Precision {precision:.3f}, recall {recall:.3f}, F {fmeasure:.3f}.")  # fmt: skip


def draw_edit(*, edit: str, kind: str) -> tuple[Figure, str]:
    """The frame of the explorer of edits."""
    figure = draw_matches(REFERENCE, EDITS[edit], kind, rows=ROWS)
    return figure, describe(edit[:1].upper() + edit[1:], REFERENCE, EDITS[edit], kind)


def explore_rouge() -> Explorer:
    """Choose an edit of a perfect summary and a kind of score, and see which words count."""
    return explore(
        draw_edit, name="rouge", predict=ASKED,
        caption="Both texts as ROUGE sees them. Boxes: the words that this kind of score counts; ROUGE-2 counts the "
                "bars between them. Which edits hurt, and which edits that ruin the summary do not?",
        edit=Choice("Edit", list(EDITS), "negated"),
        kind=Choice("Kind of score", ROUGE_TYPES, "rouge1", NAMES.__getitem__),
    )  # fmt: skip


def edit_candidate(reference: str, candidate: str) -> Explorer:
    """A candidate that the reader edits in a live notebook; the built page shows the one that is given.

    Args:
        reference: a sentence a line.
        candidate: likewise; it may be empty.

    Raises:
        TypeError: one of them is not a str.
    """
    check_text(reference, "reference"), check_text(candidate, "candidate")

    def draw_candidate(*, candidate: str, kind: str) -> tuple[Figure, str]:
        return draw_matches(reference, candidate, kind), describe("Your candidate", reference, candidate, kind)

    return explore(
        draw_candidate, name="edit-candidate",
        caption="In a live notebook, change the text and watch the boxes and the bars.",
        candidate=Text("Candidate", candidate),
        kind=Choice("Kind of score", ROUGE_TYPES, "rouge1", NAMES.__getitem__),
    )  # fmt: skip
