"""The explorer: a frame shows the weights and the next word for the setting of its controls."""

import pytest
from drawing import bars, redrawn, ticks, titles
from drawn import numbers

from llmbook.chapters.front.transformer.example import SENTENCE, VOCABULARY, trace
from llmbook.chapters.front.transformer.explorer import (
    PLACES,
    POSITIONS,
    draw_moved,
    explore_attention,
    grouped,
    moved,
)

WORDS = SENTENCE.split()


@pytest.mark.parametrize(("word", "added", "positions"), [
    ("keys (2nd word)", 0, "as learned"), ("cabinet (5th word)", 3, "as learned"),
    ("house (the last)", -6, "all the same")])
def test_bars_are_the_weights_and_the_chances_of_the_setting(word, added, positions):
    figure, sentence = redrawn(draw_moved, word=word, added=added, positions=positions)
    above, below = figure.axes
    found = moved(PLACES[word], added, POSITIONS[positions])
    assert tuple(bar.width for bar in bars(above)) == numbers(found.weights[0, -1])
    assert list(ticks(above.yaxis).values()) == WORDS
    marked = [place for place, bar in enumerate(bars(above)) if bar.color == "vermillion"]
    assert marked == [PLACES[word]] and WORDS[marked[0]] == word.partition(" ")[0]
    chances = grouped(found.probabilities[-1])
    assert tuple(bar.width for bar in bars(below)) == numbers(chances.values())
    assert list(ticks(below.yaxis).values()) == ["is", "are", "to, in or of", "another word"]
    assert [bar.color for bar in bars(below)] == ["sky", "vermillion", "sky", "sky"]
    assert titles(above)[1] == "attention weight, first head, last word"
    assert titles(below)[1] == "probability of the next word"
    assert f"“are” follows with {100 * chances['are']:.0f} %, “is” with {100 * chances['is']:.0f} %" in sentence
    assert f"so it has {100 * found.weights[0, -1, marked[0]]:.0f} % of the attention" in sentence
    assert sentence.startswith("No word knows its place.") == (positions == "all the same")


def test_nothing_added_is_the_sentence_itself():
    assert moved(1, 0, True).logits.equal(trace(WORDS).logits)
    assert moved(1, 0, False).logits.equal(trace(WORDS, placed=False).logits)
    assert not moved(1, 1, True).logits.equal(trace(WORDS).logits)


def test_chances_are_those_of_the_words_and_sum_to_one():
    probabilities = trace(WORDS).probabilities[-1]
    found = grouped(probabilities)
    assert sum(found.values()) == pytest.approx(1)
    for word in ("is", "are"):
        assert found[word] == float(probabilities[VOCABULARY.index(word)])
    three = sum(float(probabilities[VOCABULARY.index(word)]) for word in ("to", "in", "of"))
    assert found["to, in or of"] == pytest.approx(three)


def test_what_the_page_asks_to_try_turns_the_verb():
    for place, added, placed in ((1, -2, True), (4, 2, True), (1, 0, False)):
        chances = grouped(moved(place, added, placed).probabilities[-1])
        assert chances["is"] > 5 * chances["are"]
    assert grouped(moved(1, 2, True).probabilities[-1])["are"] > 0.5


def test_two_singulars_outvote_a_plural_that_has_the_largest_weight():
    """The answer of the page, with its numbers; as it stands, one plural outvotes them."""
    weights = {added: moved(1, added, True).weights[0, -1, [1, 4, 7]].tolist() for added in (0, -2)}
    assert weights[-2] == pytest.approx([0.35, 0.29, 0.29], abs=0.005)
    assert weights[0][0] > sum(weights[0][1:])


@pytest.mark.parametrize(("added", "said"), [(0, "is as it is,"), (3, "is 3 higher,"), (-6, "is 6 lower,")])
def test_the_sentence_says_what_was_done(added, said):
    assert said in draw_moved(word="keys (2nd word)", added=added, positions="as learned")[1]


def test_every_frame_of_the_page_is_drawn():
    explorer = explore_attention()
    frames = explorer.frames()
    assert len(frames) == 3 * 7 * 2 and explorer.defaults["added"] == 0
    assert len({frame.svg for frame in frames}) > 38
