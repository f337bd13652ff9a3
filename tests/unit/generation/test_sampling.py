"""Sampling: filters and frequencies are what they claim."""

import pytest
import torch
from tiny_decoders import seeded

from llmbook.generation import keep_top_p, next_token_probabilities, sample_next


def test_top_p_keeps_the_token_that_reaches_p_and_no_other():
    logits = torch.tensor([[0.1, 0.5, 0.15, 0.25]]).log()
    assert keep_top_p(logits, 0.6).isfinite().tolist() == [[False, True, False, True]]
    assert keep_top_p(logits, 0.4).isfinite().tolist() == [[False, True, False, False]]


def chi_square(counts, probabilities):
    expected = probabilities * counts.sum()
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("settings", [{"temperature": 1.0}, {"temperature": 0.7, "top_k": 6}, {"top_p": 0.8}])
def test_frequencies_follow_the_distribution(settings):
    logits = torch.randn(1, 9, generator=seeded(3))
    settings = {"temperature": 1.5, **settings}
    probabilities = next_token_probabilities(logits, **settings)[0].double()
    draws = sample_next(logits.expand(20_000, -1), generator=seeded(4), **settings)
    counts = torch.bincount(draws, minlength=9).double()
    kept = probabilities > 0
    assert counts[~kept].sum() == 0
    # 26.1 is the 99.9th percentile for 8 degrees of freedom, the most there are here.
    assert chi_square(counts[kept], probabilities[kept]) < 26.1
    hotter = next_token_probabilities(logits, temperature=settings["temperature"] * 1.25)[0].double()
    assert chi_square(counts, hotter) > 26.1, "the test must notice another temperature"


def test_temperature_divides_the_logits():
    logits = torch.randn(2, 7, generator=seeded(5))
    assert torch.allclose(next_token_probabilities(logits, temperature=2.0), (logits / 2).softmax(-1))
    assert not torch.allclose(next_token_probabilities(logits, temperature=2.0), (logits * 2).softmax(-1))


def test_nothing_is_drawn_from_logits_that_are_not_numbers():
    with pytest.raises(ValueError, match="weights are damaged"):
        sample_next(torch.tensor([[0.0, float("nan")]]))
