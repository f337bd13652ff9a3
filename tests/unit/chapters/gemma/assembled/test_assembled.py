"""The sampling explorer of page six: what it computes, and that each frame says what it shows."""

import pytest
import torch

from llmbook.chapters.gemma.assembled.explorer import choices_left, explore_sampling, leading, sampling_frames
from llmbook.generation import next_token_probabilities
from llmbook.widgets.controls import grid

LOGITS = torch.tensor([0.0, 3.0, 1.0, 2.0, -1.0, -2.0, -2.0, -2.0, -3.0, -3.0])
NAMES = [f"▁word{index}" for index in range(len(LOGITS))]
OPEN = {"temperature": 1.0, "top_k": None, "top_p": 1.0}


def words_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_choices_left_is_the_number_of_equally_likely_tokens():
    assert choices_left(torch.tensor([0.25, 0.25, 0.25, 0.25, 0.0])) == pytest.approx(4)
    assert choices_left(torch.tensor([1.0, 0.0])) == pytest.approx(1)


def test_leading_keeps_the_order_and_sums_the_rest():
    probabilities = torch.tensor([0.1, 0.6, 0.1, 0.2])
    order = probabilities.argsort(descending=True, stable=True)
    assert leading(probabilities, order, 2) == pytest.approx([0.6, 0.2, 0.2])


def test_a_frame_draws_the_model_and_what_is_drawn_from():
    draw = sampling_frames(LOGITS, NAMES, prompt="The", shown=4)
    figure, sentence = draw(temperature=0.5, top_k=2, top_p=1.0)
    kept = next_token_probabilities(LOGITS[None], temperature=0.5, top_k=2)[0]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "␣word1", "␣word3", "␣word2", "␣word0", "6 others"
    ]  # fmt: skip
    assert words_of(figure) == [f"{100 * kept[1]:.1f} %", f"{100 * kept[3]:.1f} %", "cut", "cut", "cut"]
    assert sentence.startswith("Temperature 0.5, top-k 2, top-p 1: 2 of 10 tokens can be drawn; ␣word1 has 88 %")


def test_every_frame_of_the_page_has_a_sentence_of_its_own():
    explorer = explore_sampling(torch.randn(50, generator=torch.Generator().manual_seed(0)) * 2,
                                [f"w{index}" for index in range(50)], prompt="The")  # fmt: skip
    sentences = [explorer.draw(**values)[1] for values in grid(explorer.controls)]
    assert len(sentences) == len(set(sentences)) == 36
    assert "only one token" in explorer.draw(**OPEN | {"top_k": 1})[1]
