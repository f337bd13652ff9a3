"""The explorer of the page "The architecture": what a model notices of a change to its embedding."""

import pytest
import torch
from drawing import redrawn

from llmbook.chapters.olmo.architecture.explorer import PREDICTION, draw_logits, explore_shift
from llmbook.models import olmo
from llmbook.widgets.controls import grid

IDS = torch.arange(12)[None] % 7


def test_circles_and_squares_are_the_logits_before_and_after():
    (ax,) = redrawn(draw_logits, torch.tensor([1.0, 2.0]), torch.tensor([3.0, -1.0])).axes
    assert [list(line.get_ydata()) for line in ax.lines] == [[1, 2], [3, -1]]


@pytest.fixture(scope="module")
def sentences():
    explorer = explore_shift(olmo.tiny(), IDS)
    return {tuple(values.values()): explorer.draw(**values)[1] for values in grid(explorer.controls)}


def test_olmo_sees_nothing_of_a_shift_tied_or_not(sentences):
    """The answer of the question."""
    assert "They stay as they are" in PREDICTION.answers and len(set(sentences.values())) == 9
    for model in ("OLMo", "OLMo with tied embeddings"):
        assert "do not change" in sentences[model, "3 added to every number"]
        assert "same at 100%" in sentences[model, "3 added to every number"]


def test_everything_else_is_seen(sentences):
    """Twins: RMSNorm keeps the mean, and a single column is not the same for all entries."""
    seen = {pair for pair, sentence in sentences.items() if "change by up to" in sentence}
    assert len(seen) == 7 and ("RMSNorm instead", "3 added to every number") in seen
