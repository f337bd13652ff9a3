"""Sampling at its limits: the smallest temperatures and sets, ties, filters together, and what is refused."""

import math

import pytest
import torch
from tiny_decoders import make, seeded

from llmbook.generation import generate, keep_top_k, keep_top_p, next_token_probabilities, sample_next, sampling
from llmbook.models import gemma

LOGITS = torch.tensor([[1.0, 3.0, 2.0, -1.0], [-7.0, -9.0, -5.0, -6.0]])
TINY = [1e-30, 1e-37, 1e-40, 1e-46, 5e-324]


@pytest.mark.parametrize("temperature", TINY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_smallest_temperatures_draw_the_likeliest(temperature, dtype):
    for scale in (1.0, 1e4, 1e-3):
        logits = (LOGITS * scale).to(dtype)
        found = next_token_probabilities(logits, temperature=temperature)
        assert found.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
        drawn = sample_next(logits, temperature=temperature, top_k=3, top_p=0.9, generator=seeded(0))
        assert torch.equal(drawn, sample_next(logits))


def test_equals_share_at_the_smallest_temperature():
    logits = torch.tensor([[3.0, 1.0, 3.0, 2.0]])
    assert next_token_probabilities(logits, temperature=1e-40).tolist() == [[0.5, 0, 0.5, 0]]


def test_a_quotient_that_is_too_large_says_nothing(monkeypatch):
    """The twin: what was there before."""
    monkeypatch.setattr(sampling, "_divided", lambda logits, temperature: logits / temperature)
    assert next_token_probabilities(LOGITS, temperature=1e-40).isnan().all()


@pytest.mark.parametrize("temperature", [1e-6, 0.1, 0.7, 1.0, 2.0])
def test_other_temperatures_give_the_same_bits_as_a_division(temperature):
    logits = 9 * torch.randn(4, 50, generator=seeded(1))
    assert torch.equal(next_token_probabilities(logits, temperature=temperature), (logits / temperature).softmax(-1))


def test_one_row_does_not_change_another():
    """A row whose quotient is too large, beside one whose is not."""
    logits = torch.tensor([[3e5, 1e5, 2e5], [3e-3, 1e-3, 2e-3]])
    together = next_token_probabilities(logits, temperature=1e-35)
    assert torch.equal(together, torch.cat([next_token_probabilities(row[None], temperature=1e-35) for row in logits]))


@pytest.mark.parametrize("temperature", [1e30, 1e39, 1e300])
def test_the_largest_temperatures_draw_evenly_among_the_tokens_that_exist(temperature):
    found = next_token_probabilities(LOGITS, temperature=temperature, valid_vocab_size=3)
    torch.testing.assert_close(found, torch.tensor([[1 / 3, 1 / 3, 1 / 3, 0]] * 2))


def test_a_model_writes_the_same_when_nearly_cold():
    model, ids = make(gemma.tiny(), std=0.3), torch.tensor([[2, 17, 33]])
    greedy = generate(model, ids, max_new_tokens=10)
    for temperature in TINY:
        made = generate(model, ids, max_new_tokens=10, temperature=temperature, generator=seeded(0))
        assert torch.equal(made, greedy)
    hot = generate(model, ids, max_new_tokens=10, temperature=5.0, generator=seeded(0))
    assert not torch.equal(hot, greedy)


# A nucleus, ties, both filters


@pytest.mark.parametrize("p", [0.25, 0.5, 0.75])
def test_a_nucleus_that_is_reached_exactly_holds_no_token_more(p):
    """Four equals hold exactly a quarter each."""
    assert keep_top_p(torch.zeros(2, 4), p).isfinite().sum(-1).tolist() == [4 * p] * 2
    above, below = math.nextafter(p, 1) + 1e-7, p - 1e-7
    assert keep_top_p(torch.zeros(1, 4), above).isfinite().sum() == 4 * p + 1
    assert keep_top_p(torch.zeros(1, 4), below).isfinite().sum() == 4 * p


@pytest.mark.parametrize("p", [1e-6, 1e-40, 1e-50, 5e-324])
def test_the_likeliest_is_in_the_smallest_nucleus(p):
    assert keep_top_p(LOGITS, p).isfinite().int().argmax(-1).tolist() == [1, 2]
    assert keep_top_p(LOGITS, p).isfinite().sum(-1).tolist() == [1, 1]
    assert torch.equal(sample_next(LOGITS, temperature=1.0, top_p=p, generator=seeded(0)), LOGITS.argmax(-1))


def test_all_stay_at_one():
    assert torch.equal(keep_top_p(LOGITS, 1.0), LOGITS) and torch.equal(keep_top_p(LOGITS, 1), LOGITS)
    assert torch.equal(keep_top_k(LOGITS, 4), LOGITS) and torch.equal(keep_top_k(LOGITS, 9), LOGITS)
    assert keep_top_k(LOGITS, 1).isfinite().sum(-1).tolist() == [1, 1]


def test_equals_of_the_last_one_stay():
    logits = torch.tensor([[2.0, 5.0, 2.0, 1.0, 2.0]])
    assert keep_top_k(logits, 2).isfinite().tolist() == [[True, True, True, False, True]]
    assert keep_top_k(logits, 1).isfinite().tolist() == [[False, True, False, False, False]]


def test_top_p_counts_what_temperature_and_top_k_have_left():
    """Of 0.4, 0.3, 0.2, 0.1 top-k leaves 4/7 and 3/7: the first alone reaches 0.55. In the other order both stay."""
    shares = torch.tensor([[0.4, 0.3, 0.2, 0.1]])
    both = next_token_probabilities(shares.log(), top_k=2, top_p=0.55)
    assert both.tolist() == [[1, 0, 0, 0]]
    turned = keep_top_k(keep_top_p(shares.log(), 0.55), 2)
    assert turned.isfinite().sum() == 2
    wider = next_token_probabilities(shares.log(), top_k=2, top_p=0.58)
    torch.testing.assert_close(wider, torch.tensor([[4 / 7, 3 / 7, 0, 0]]))
    hot = next_token_probabilities(2 * shares.log(), temperature=2.0, top_k=2, top_p=0.58)
    torch.testing.assert_close(hot, wider)
    cold = next_token_probabilities(2 * shares.log(), top_k=2, top_p=0.58)
    assert cold.tolist() == [[1, 0, 0, 0]], "16 : 9, so that the first reaches it"


def test_filters_count_tokens_that_exist():
    logits = torch.tensor([[1.0, 2.0, 9.0, 8.0]])
    assert next_token_probabilities(logits, top_k=1, valid_vocab_size=2).tolist() == [[0, 1, 0, 0]]
    assert sample_next(logits, valid_vocab_size=1).tolist() == [0] and sample_next(logits, valid_vocab_size=4) == 2


# Refused


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize(("wrong", "said"), [
    (math.nan, r"not numbers \(NaN\)"), (math.inf, "largest logit of a row is inf"), (-math.inf, "row is -inf"),
])  # fmt: skip
def test_logits_that_say_nothing(wrong, said, temperature):
    row = torch.full((1, 4), wrong) if wrong < 0 else torch.tensor([[0.0, wrong, 1.0, -math.inf]])
    logits = torch.cat((torch.zeros(1, 4), row))
    with pytest.raises(ValueError, match=said):
        sample_next(logits, temperature=temperature)
    assert sample_next(torch.tensor([[0.0, -math.inf, 1.0]])).tolist() == [2], "a masked token is no damage"


def test_the_only_finite_logit_is_no_token():
    with pytest.raises(ValueError, match="every token was masked"):
        sample_next(torch.tensor([[-math.inf, -math.inf, 1.0]]), valid_vocab_size=2)


@pytest.mark.parametrize(("call", "said"), [
    (lambda: keep_top_k(LOGITS, 0), "top_k must be at least 1"),
    (lambda: keep_top_p(LOGITS, 0.0), "top_p must be above 0"),
    (lambda: keep_top_p(LOGITS, math.nan), "top_p must be above 0"),
    (lambda: keep_top_p(LOGITS, 1.5), "at most 1, not 1.5"),
    (lambda: next_token_probabilities(LOGITS, temperature=0.0), "at temperature 0 nothing is drawn"),
    (lambda: next_token_probabilities(LOGITS, temperature=-1.0), "temperature must be 0"),
    (lambda: next_token_probabilities(LOGITS, top_p=0.0), "top_p must be above 0"),
    (lambda: next_token_probabilities(LOGITS, valid_vocab_size=5), "valid_vocab_size must be from 1 to 4"),
])  # fmt: skip
def test_settings_that_describe_nothing(call, said):
    with pytest.raises(ValueError, match=said):
        call()
