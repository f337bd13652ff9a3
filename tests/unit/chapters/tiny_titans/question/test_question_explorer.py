"""The explorer of the page "The question": what ROUGE makes of three summaries."""

import pytest
from drawing import redrawn

from llmbook.chapters.tiny_titans.question.explorer import PREDICTION, explore_candidates
from llmbook.chapters.tiny_titans.question.plots import draw_scores
from llmbook.widgets.controls import grid

REFERENCE = "Ann sends the plan.\nBen calls the bank."
CANDIDATES = {"right": "The plan goes out from Ann, and Ben has the bank to call.",
              "exchanged": "Ben sends the plan.\nAnn calls the bank."}  # fmt: skip


def test_a_bar_is_as_long_as_its_score():
    (ax,) = redrawn(draw_scores, {"a": 0.25, "b": 1.0}).axes
    assert [bar.get_width() for bar in ax.patches] == [0.25, 1.0]
    assert [text.get_text() for text in ax.texts] == ["0.250", "1.000"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first is at the top"


def test_the_exchanged_people_are_ahead_and_the_sentence_says_so():
    """With single words perfectly; pairs and order see something, and not enough."""
    explorer = explore_candidates(REFERENCE, CANDIDATES)
    sentences = [explorer.draw(**values)[1] for values in grid(explorer.controls)]
    assert len(set(sentences)) == 3 and "exchanged 1.000" in sentences[0] and "Wrong people" in PREDICTION.answers
    assert all(sentence.endswith("The highest is exchanged.") for sentence in sentences)
    assert "exchanged 1.000" not in sentences[1] + sentences[2]


@pytest.mark.parametrize("answer", ["lead-3", "own words", "wrong people"])
def test_each_summary_of_the_page_is_an_answer(answer):
    assert any(each.lower().startswith(answer) for each in PREDICTION.answers)
