"""The front page's explorer: every mistake shows with one kind of weights at least, and no mistake shows nothing."""

import pytest
import torch

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
    figure, sentence = draw_detail(detail="another rotation base", weights="loud")
    assert "of 24 positions" in sentence and figure.axes[0].get_xlabel() == "logit as it should be"


@pytest.mark.parametrize(("part", "said"), [(0.98, "98 %"), (0.011, "1 %"), (3.2e-4, "one part in 3,000")])
def test_parts_in_words(part, said):
    assert share(part) == said
