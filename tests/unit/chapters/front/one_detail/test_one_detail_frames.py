"""What the front page's explorer shows: both texts, both bars, and the same in words."""

import pytest
from drawing import bars, limits, numbers, redrawn, titles, words

from llmbook.chapters.front.one_detail.experiment import BEGINNINGS, DETAILS, guesses, written
from llmbook.chapters.front.one_detail.explorer import (
    ASKED,
    describe,
    draw_detail,
    lines_of,
    one_part_in,
    one_wrong_detail,
    out_of_100,
)

ORDER, TINY = "forgets the order of the words", "has a tiny number wrong"


def test_frames_and_their_sentences():
    explorer = one_wrong_detail()
    frames = explorer.frames()
    assert len(frames) == len(DETAILS) * len(BEGINNINGS)
    assert len({frame.svg for frame in frames}) > 2 * len(DETAILS)  # a mistake that hides looks like none
    assert len({frame.sentence for frame in frames}) >= len(DETAILS)
    assert ASKED in DETAILS and explorer.predict.question.count("four pieces") == 1


def test_a_frame_has_both_texts_and_both_shares():
    figure, sentence = redrawn(draw_detail, detail=ORDER, beginning=BEGINNINGS[1])
    above, below = figure.axes
    right, wrong = (written(detail, BEGINNINGS[1]) for detail in ("nothing", ORDER))
    shown = {word.text: word.color for word in words(above)}
    assert shown[lines_of(right)] == "ink" and shown[lines_of(wrong)] == "blue" and right != wrong
    assert titles(above)[0] == f"{BEGINNINGS[1]} ..."
    shares = [100 * guesses(detail)[0] for detail in ("nothing", ORDER)]
    assert [(bar.width, bar.color) for bar in bars(below)] == [
        (numbers([shares[0]])[0], "gray"), (numbers([shares[1]])[0], "blue")]  # fmt: skip
    assert [word.text for word in words(below)] == [f"{share:.0f}" for share in shares]
    assert limits(below)[0] == (0, 108) and sentence == describe(ORDER, BEGINNINGS[1])


def test_a_sentence_has_plain_words_first():
    said = describe(ORDER, BEGINNINGS[1])
    assert said.startswith("The model forgets the order of the words. It goes on “")
    assert said.endswith("In the words of the book: no rotary embedding.") and " was right. It guesses " in said
    assert describe("nothing", BEGINNINGS[0]).startswith("Nothing is wrong.")


def test_a_mistake_that_hides_is_said_to_hide():
    said = describe(TINY, BEGINNINGS[0])
    assert "It guesses as well as before; its scores are off by up to one part in " in said
    assert ("still writes what it should" in said) == (
        written(TINY, BEGINNINGS[0]) == written("nothing", BEGINNINGS[0]))  # fmt: skip


def test_numbers_in_words():
    assert out_of_100(0.5756) == "58 of 100 next pieces"
    assert one_part_in(3.2e-4) == "one part in 3,000"


def test_lines_fit_and_speakers_begin_a_line():
    made = lines_of(" and " * 12 + "\nBen: Yes.\n")
    assert all(len(line) <= 44 for line in made.split("\n")) and made.endswith("\nBen: Yes.")


@pytest.mark.parametrize("detail", DETAILS)
def test_every_text_fits_the_frame(detail):
    """Four lines are the room that each text has."""
    assert all(lines_of(written(detail, beginning)).count("\n") < 4 for beginning in BEGINNINGS)
