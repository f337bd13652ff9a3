"""The front page's explorer: every mistake shows with one kind of weights at least, and no mistake shows nothing."""

import pytest
import torch
from drawing import curves, dots, limits, numbers, redrawn, scales, titles

from llmbook.chapters.front.one_detail.explorer import (
    DETAILS,
    WEIGHTS,
    compare,
    describe,
    draw_detail,
    one_wrong_detail,
    share,
)
from llmbook.debug import relative_difference


@pytest.mark.parametrize("weights", WEIGHTS)
def test_nothing_wrong_is_equal_to_the_last_bit(weights):
    right, wrong = compare("nothing", weights)
    assert torch.equal(right, wrong)
    assert "the same to the last bit" in describe("nothing", right, wrong)
    assert describe("nothing", right, wrong).startswith("Nothing is wrong.")
    assert describe("another rotation base", right, wrong).startswith("Wrong: another rotation base.")


@pytest.mark.parametrize("detail", [detail for detail in DETAILS if detail != "nothing"])
def test_every_mistake_shows_somewhere(detail):
    assert max(relative_difference(*compare(detail, weights)[::-1]) for weights in WEIGHTS) > 1e-5


def test_forgotten_gains_hide_in_a_fresh_model():
    right, wrong = compare("the gains never loaded", "quiet")
    assert torch.equal(right, wrong)


def test_frames_and_their_sentences():
    explorer = one_wrong_detail()
    frames = explorer.frames()
    assert len(frames) == len(DETAILS) * len(WEIGHTS)
    assert len({frame.sentence for frame in frames}) > len(DETAILS)


def test_a_frame_has_a_dot_for_a_logit_as_it_should_be_and_as_it_comes_out():
    figure, sentence = redrawn(draw_detail, detail="another rotation base", weights="loud")
    right, wrong = compare("another rotation base", "loud")
    (ax,), (shown,) = figure.axes, dots(figure.axes[0])
    pairs = set(zip(numbers(right.flatten()), numbers(wrong.flatten()), strict=True))
    drawn = set(zip(shown.x, shown.y, strict=True))
    assert drawn <= pairs and len(drawn) == 120 and shown.fills == ("blue",)
    assert not {(y, x) for x, y in drawn} <= pairs, "the two could be told apart"
    margin = 0.08 * float(right.max() - right.min())
    ends = numbers((float(right.min()) - margin, float(right.max()) + margin))
    assert limits(ax) == (ends, ends) and scales(ax) == ("linear", "linear")
    assert [(line.x, line.y, line.color) for line in curves(ax)] == [(ends, ends, "gray")], "where nothing is wrong"
    assert titles(ax) == ("", "logit as it should be", "logit as it comes out")
    assert sentence == describe("another rotation base", right, wrong) and "of 24 positions" in sentence


def test_where_nothing_is_wrong_all_dots_are_on_the_line():
    (shown,) = dots(draw_detail(detail="nothing", weights="quiet")[0].axes[0])
    assert shown.x == shown.y


@pytest.mark.parametrize(("part", "said"), [(0.98, "98 %"), (0.011, "1 %"), (3.2e-4, "one part in 3,000")])
def test_parts_in_words(part, said):
    assert share(part) == said
