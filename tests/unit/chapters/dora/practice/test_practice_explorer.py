"""The explorer of the page "In practice": an update, and what arrives of it in bf16."""

import pytest
import torch
from drawing import redrawn

from llmbook.chapters.dora.practice.explorer import PREDICTION, draw_stairs, explore_merge, merge_into_bf16
from llmbook.widgets.controls import grid

WEIGHT, UPDATE = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))


def test_what_arrives_is_the_difference_of_the_rounded_weights():
    merged = merge_into_bf16(torch.tensor([1.0, 1.0, 2.0]), torch.tensor([0.001, 0.0078125, 0.0]), 1.0)
    assert merged.arrived.tolist() == [0, 0.0078125, 0] and merged.unchanged == pytest.approx(2 / 3)
    assert merged.lost == pytest.approx(0.001 / (0.001**2 + 0.0078125**2) ** 0.5)


def test_a_point_stands_at_what_was_meant_and_what_arrived():
    merged = merge_into_bf16(WEIGHT, UPDATE, 0.003)
    (ax,) = redrawn(draw_stairs, WEIGHT, merged).axes
    meant, arrived = ax.lines[-1].get_data()
    assert len(meant) > 60 and 0.2 < sum(each == 0 for each in arrived) / len(arrived) < 0.8
    assert max(abs(m - a) for m, a in zip(meant, arrived, strict=True)) < 0.4  # half a step of bf16, in percent


def test_about_a_fifth_of_a_hundredth_is_lost():
    """The answer of the question; a tenth of that size loses most of itself, ten times it hardly anything."""
    assert "About a fifth" in PREDICTION.answers
    lost = [merge_into_bf16(WEIGHT, UPDATE, shrink).lost for shrink in (0.1, 0.01, 0.001)]
    assert lost[0] < 0.03 and lost[1] == pytest.approx(0.2, abs=0.06) and lost[2] > 0.7


def test_every_size_has_a_sentence_and_a_hundredth_is_shown_first():
    explorer = explore_merge(WEIGHT, UPDATE, (1, 0.1, 0.01, 0.001))
    sentences = [explorer.draw(**values)[1] for values in grid(explorer.controls)]
    assert len(set(sentences)) == 4 and explorer.defaults == {"shrink": 0.01}
