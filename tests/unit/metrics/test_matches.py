"""Which words a ROUGE score counts: the score follows from them, and examples by hand."""

import random

import pytest

from llmbook.metrics.lcs import lcs_walk
from llmbook.metrics.matches import matched_places
from llmbook.metrics.rouge import ROUGE_TYPES, make_score, rouge_scores
from llmbook.metrics.rouge_tokens import rouge_sentences

REFERENCE = "The group cut the budget.\nAna writes the plan."
CANDIDATE = "Ana cut the budget."
OURS, THEIRS = rouge_sentences(REFERENCE), rouge_sentences(CANDIDATE)


def score_of(kind, reference, candidate):
    """The score that follows from the marked words alone."""
    places = matched_places(kind, reference, candidate)
    less = kind == "rouge2"
    sizes = [max(sum(map(len, text)) - less, 0) for text in (reference, candidate)]
    assert len(places[0]) == len(places[1])
    assert all(found == sorted(set(found)) for found in places)
    return make_score(len(places[0]), *sizes)


def random_text(draw):
    return "\n".join(" ".join(draw.choices("abcdef", k=draw.randint(0, 7))) for _ in range(draw.randint(0, 3)))


@pytest.mark.parametrize("kind", ROUGE_TYPES)
def test_the_score_follows_from_the_marked_words(kind):
    draw = random.Random(4)
    for _ in range(300):
        reference, candidate = random_text(draw), random_text(draw)
        assert score_of(kind, rouge_sentences(reference), rouge_sentences(candidate)) == (
            rouge_scores(reference, candidate)[kind]
        )


def test_ties_read_the_other_way_would_show(monkeypatch):
    """The twin: with another walk, some union has another size."""
    other = lambda table, a, b: [(i, j) for j, i in lcs_walk(table.T, b, a)]  # noqa: E731
    monkeypatch.setattr("llmbook.metrics.matches.lcs_walk", other)
    with pytest.raises(AssertionError):
        test_the_score_follows_from_the_marked_words("rougeLsum")


@pytest.mark.parametrize("kind, expected", [
    ("rouge1", ([0, 2, 4, 5], [0, 1, 2, 3])),
    ("rouge2", ([2, 3], [1, 2])),
    ("rougeL", ([2, 3, 4], [1, 2, 3])),
    ("rougeLsum", ([2, 3, 4, 5], [0, 1, 2, 3])),
])  # fmt: skip
def test_marked_words_by_hand(kind, expected):
    """the0 group1 cut2 the3 budget4 | ana5 writes6 the7 plan8 against ana0 cut1 the2 budget3."""
    assert matched_places(kind, OURS, THEIRS) == expected


def test_equal_words_are_marked_as_equal_words():
    reference, candidate = ["a", "b", "a"], ["a", "a", "c"]
    ours, theirs = matched_places("rouge1", [reference], [candidate])
    assert sorted(reference[i] for i in ours) == sorted(candidate[j] for j in theirs) == ["a", "a"]


@pytest.mark.parametrize("kind", ROUGE_TYPES)
@pytest.mark.parametrize("wrong", ["abc", b"abc", "", ["abc"], [b"abc"], [["a"], "b"]])
def test_letters_are_no_words(kind, wrong):
    for texts in ((wrong, THEIRS), (OURS, wrong)):
        with pytest.raises(TypeError, match="pass a list of tokens, not the text"):
            matched_places(kind, *texts)


def test_without_the_check_letters_would_be_compared(monkeypatch):
    """The twin: what it did before."""
    monkeypatch.setattr("llmbook.metrics.matches.check_sentences", lambda *texts: None)
    assert matched_places("rouge1", ["abc"], ["cab"]) == ([0, 1, 2], [0, 1, 2])


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="choose one of rouge1, rouge2, rougeL, rougeLsum"):
        matched_places("rouge3", OURS, THEIRS)
