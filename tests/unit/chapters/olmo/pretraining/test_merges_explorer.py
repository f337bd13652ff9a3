"""The explorer of the page "Pretraining a small OLMo": merges, the tokens of a sentence, and those of all texts."""

import json
from collections import Counter

import pytest
from drawing import redrawn

from llmbook.chapters.olmo.pretraining.explorer import (
    PREDICTION,
    apply_merges,
    draw_pieces,
    explore_merges,
    share_left,
)
from llmbook.experiments import pretraining as small
from llmbook.widgets.controls import grid

MERGES = [("a", "b"), ("ab", "c"), ("b", "b")]


def test_merges_build_on_merges_in_their_order():
    assert apply_merges("abcabb", MERGES[:1]) == ["ab", "c", "ab", "b"]
    assert apply_merges("abcabb", MERGES) == ["abc", "ab", "b"] and apply_merges("bbbb", MERGES) == ["bb", "bb"]


def test_the_share_counts_every_word_as_often_as_it_occurs():
    assert share_left({"abc": 3, "dd": 1}, MERGES, [0, 1, 2]) == {0: 1.0, 1: 8 / 11, 2: 5 / 11}


def test_a_box_for_each_token_and_a_mark_on_the_curve():
    figure = redrawn(draw_pieces, ["ab", "c"], {0: 1.0, 2: 0.5}, 2)
    upper, lower = figure.axes
    assert [text.get_text() for text in upper.texts] == ["ab", "c"] and len(upper.patches) == 2
    assert [list(line.get_ydata()) for line in lower.lines] == [[100, 50], [50]]


def test_about_half_of_the_tokens_are_left():
    """The answer of the question, on the texts and with the tokenizer of the page; the explorer cuts as it does."""
    corpus = small.meeting_corpus()
    split = corpus.tokenizer.pre_tokenizer.pre_tokenize_str
    words = Counter(word for each in corpus.training_meetings[:20] for word, _ in split(each.transcript))
    merges = json.loads(corpus.tokenizer.to_str())["model"]["merges"]
    line = "Ben: Quinn, can you draft the notes by Friday?"
    explorer = explore_merges(words, merges, [word for word, _ in split(line)])
    assert len(merges) == 242 and "242" in PREDICTION.question and "About half" in PREDICTION.answers
    assert share_left(words, merges, [242])[242] == pytest.approx(0.5, abs=0.1)
    sentences = [explorer.draw(**values)[1] for values in grid(explorer.controls)]
    assert len(set(sentences)) == len(sentences) == 10
    assert f"has {len(corpus.tokenizer.encode(line).ids)} tokens" in sentences[-1]
