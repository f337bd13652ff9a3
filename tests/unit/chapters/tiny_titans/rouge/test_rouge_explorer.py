"""The explorers of ROUGE, live and on the built page."""

import pytest
from drawing import bars, redrawn, segments, words

from llmbook.chapters.tiny_titans.rouge.explorer import (
    ASKED,
    EDITS,
    REFERENCE,
    ROWS,
    draw_edit,
    edit_candidate,
    explore_rouge,
)
from llmbook.chapters.tiny_titans.rouge.plots import NAMES
from llmbook.metrics.rouge import ROUGE_TYPES, rouge_scores
from llmbook.metrics.rouge_tokens import rouge_sentences
from llmbook.widgets.controls import grid


def test_every_frame_says_something_of_its_own():
    settings = grid(explore_rouge().controls)
    figures, sentences = zip(*(draw_edit(**values) for values in settings), strict=True)
    assert len(settings) == len(set(sentences)) == 40
    assert {figure.get_size_inches()[1] for figure in figures} == {figures[0].get_size_inches()[1]}, ROWS


@pytest.mark.parametrize(("edit", "kind"), [("names swapped", "rouge1"), ("names swapped", "rougeL"),
                                            ("a sentence dropped", "rouge2")])  # fmt: skip
def test_a_frame_shows_the_words_of_its_edit_and_the_bars_of_its_kind(edit, kind):
    (ax,) = redrawn(draw_edit, edit=edit, kind=kind)[0].axes
    reference, candidate = ([word for line in rouge_sentences(text) for word in line] for text in
                            (REFERENCE, EDITS[edit]))  # fmt: skip
    said = [word.text for word in words(ax)]
    assert said[1 : len(reference) + 1] == reference
    assert said[len(reference) + 2 : len(reference) + 2 + len(candidate)] == candidate
    score = rouge_scores(REFERENCE, EDITS[edit])[kind]
    assert [bar.width / 3.3 for bar in bars(ax)[1::2]] == pytest.approx(score, rel=1e-4)
    assert (segments(ax)[0] != []) == (kind == "rouge2")


def test_the_sentence_counts():
    assert draw_edit(edit="negated", kind="rouge2")[1] == (
        "Negated, ROUGE-2: 21 of the candidate's 23 pairs of words count, and of the reference's 22. "
        "Precision 0.913, recall 0.955, F 0.933."
    )
    assert "0 of the candidate's 0 pairs" in draw_edit(edit="empty", kind="rouge2")[1]


def test_edits_are_what_they_are_called():
    scores = {name: rouge_scores(REFERENCE, text) for name, text in EDITS.items()}
    for kind in ROUGE_TYPES:
        assert scores["exact copy"][kind] == (1, 1, 1) and scores["empty"][kind] == (0, 0, 0)
        assert scores["a sentence dropped"][kind].precision == 1 > scores["a sentence dropped"][kind].recall
        assert scores["negated"][kind].fmeasure > 0.9
    assert scores["verbose"]["rouge1"].recall == 1 and scores["verbose"]["rouge1"].precision < 0.6
    for name in ("sentences reordered", "words in alphabetical order", "names swapped"):
        assert scores[name]["rouge1"].fmeasure == 1 > scores[name]["rougeL"].fmeasure


def test_the_frames_answer_the_question_that_is_asked_first():
    assert explore_rouge().predict is ASKED
    kept = [NAMES[kind] for kind in ROUGE_TYPES if "F 1.000" in draw_edit(edit="names swapped", kind=kind)[1]]
    assert " and ".join(kept) == "ROUGE-1 and ROUGE-Lsum" in ASKED.answers
    assert sorted(EDITS["names swapped"].split()) == sorted(REFERENCE.split()), "no word is lost"


# --- a text to be edited --------------------------------------------------------------------------------------------


def test_the_built_page_shows_the_given_text_and_moves_the_kind(monkeypatch):
    monkeypatch.setenv("LLMBOOK_STATIC", "1")
    explorer = edit_candidate(REFERENCE, EDITS["negated"])
    html = explorer._repr_mimebundle_()["text/html"]
    assert html.count("<select") == 1 and "textarea" not in html and 'id="explorer-edit-candidate-kind"' in html
    assert "Your candidate, ROUGE-1: 23 of the candidate&#x27;s 24 words count" in html
    assert len(explorer.frames()) == len(ROUGE_TYPES)


def test_a_live_text_is_scored_as_it_is_typed(monkeypatch):
    monkeypatch.delenv("LLMBOOK_STATIC", raising=False)
    candidate, kind, view = edit_candidate("Ana writes the plan.", "Ana writes").widget().children
    assert "2 of the candidate&#x27;s 2 words" in view.value and "recall 0.500" in view.value
    candidate.value = "Ana writes the plan"
    assert "recall 1.000" in view.value
    candidate.value, kind.index = "", ROUGE_TYPES.index("rouge2")
    assert "ROUGE-2: 0 of the candidate&#x27;s 0 pairs" in view.value and "<img" in view.value
    candidate.value = "<b> & \x00"
    assert "Your candidate, ROUGE-2: 0 of" in view.value, "anything can be typed"


def test_what_is_no_text_is_refused():
    with pytest.raises(TypeError, match="candidate must be a str"):
        edit_candidate("a", None)
