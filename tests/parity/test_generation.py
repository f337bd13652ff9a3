"""Generation equals transformers token by token; filters and frequencies are what they claim."""

import pytest
import torch
from published_folders import CONFIGS, padded_batch, random_ids, seeded
from same_text import decoder_logits, same_text
from transformers import TopKLogitsWarper, TopPLogitsWarper

from llmbook.generation import (
    generate,
    keep_top_k,
    keep_top_p,
    next_token_probabilities,
    sample_next,
)
from llmbook.models import decoder

KINDS = list(CONFIGS)


# Equal to transformers


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_equals_transformers_with_left_padding(kind, pairs):
    ours, theirs = pairs(kind)
    ids, mask = padded_batch()
    expected = theirs.generate(ids, attention_mask=mask.long(), max_new_tokens=30, do_sample=False)
    for use_cache in (True, False):
        made = generate(ours, ids, max_new_tokens=30, attention_mask=mask, use_cache=use_cache)
        assert same_text(made, expected, decoder_logits(ours, mask), start=ids.shape[1])


@pytest.mark.parametrize("kind", ["gemma-2b", "olmo"])
def test_each_row_stops_for_itself_as_in_transformers(kind, pairs):
    ours, theirs = pairs(kind)
    ids, mask = padded_batch()
    free = generate(ours, ids, max_new_tokens=20, attention_mask=mask)[:, ids.shape[1] :]
    stops = [int(free[0, 3]), int(free[1, 8])]
    settings = {"max_new_tokens": 20, "do_sample": False, "eos_token_id": stops, "pad_token_id": 1}
    expected = theirs.generate(ids, attention_mask=mask.long(), **settings)
    made = generate(ours, ids, max_new_tokens=20, attention_mask=mask, stop_ids=stops, pad_id=1)
    assert same_text(made, expected, decoder_logits(ours, mask), start=ids.shape[1], stop_ids=stops)
    assert (made[0, ids.shape[1] + 4 :] == 1).all(), "row 0 has ended, so the rest of it is padding"
    assert not torch.equal(made, torch.cat((ids, free), 1)[:, : made.shape[1]])


def test_generation_ends_early_when_every_row_has(pairs):
    ours, _ = pairs("llama")
    ids = random_ids(1)
    free = generate(ours, ids, max_new_tokens=10)
    stop = int(free[0, 14])
    first = int((free[0, 12:] == stop).nonzero()[0]) + 12
    assert torch.equal(generate(ours, ids, max_new_tokens=10, stop_ids=[stop]), free[:, : first + 1])


@pytest.mark.parametrize("k", [1, 3, 50, 500])
def test_top_k_equals_transformers(k):
    logits = torch.randn(6, 211, generator=seeded(0)) * 3
    logits[0, :5] = logits[0].max()  # ties
    assert torch.equal(keep_top_k(logits, k), TopKLogitsWarper(k)(None, logits))


def test_the_top_k_comparison_notices_one_token_more():
    logits = torch.randn(6, 211, generator=seeded(0))
    assert not torch.equal(keep_top_k(logits, 4), TopKLogitsWarper(3)(None, logits))


@pytest.mark.parametrize("p", [0.01, 0.3, 0.9, 0.999, 1.0])
def test_top_p_equals_transformers(p):
    logits = torch.randn(50, 211, generator=seeded(1)) * 3
    assert torch.equal(keep_top_p(logits, p), TopPLogitsWarper(p)(None, logits))


def test_top_p_keeps_the_token_that_reaches_p_and_no_other():
    logits = torch.tensor([[0.1, 0.5, 0.15, 0.25]]).log()
    assert keep_top_p(logits, 0.6).isfinite().tolist() == [[False, True, False, True]]
    assert keep_top_p(logits, 0.4).isfinite().tolist() == [[False, True, False, False]]


def test_the_top_p_comparison_notices_leaving_out_the_token_that_reaches_p():
    logits = torch.randn(50, 211, generator=seeded(1))
    ordered, order = logits.sort(descending=True)
    too_few = logits.masked_fill((ordered.softmax(-1).cumsum(-1) > 0.9).gather(-1, order.argsort(-1)), -torch.inf)
    assert not torch.equal(too_few, TopPLogitsWarper(0.9)(None, logits))


def test_left_padding_notices_positions_that_count_the_padding(pairs, monkeypatch):
    ours, theirs = pairs("gemma-2b")
    ids, mask = padded_batch()
    expected = theirs.generate(ids, attention_mask=mask.long(), max_new_tokens=30, do_sample=False)

    def from_arange(length, start, *rest):
        _, allowed = right(length, start, *rest)
        return torch.arange(start, start + length)[None], allowed

    right = decoder.positions_and_mask
    monkeypatch.setattr(decoder, "positions_and_mask", from_arange)
    # Scores depend on distances alone, so a shift of all positions changes nothing but rounding; it is a stretch
    # between prompt and continuation that breaks them. Here the prompt counts real tokens and the rest does not.
    shifted = generate(ours, ids, max_new_tokens=30, attention_mask=mask)
    logits = decoder_logits(ours, mask)
    monkeypatch.setattr(decoder, "positions_and_mask", right)
    assert same_text(shifted, expected, logits, start=ids.shape[1])

    def mixed(length, start, *rest):
        return (right if start == 0 else from_arange)(length, start, *rest)

    monkeypatch.setattr(decoder, "positions_and_mask", mixed)
    broken = generate(ours, ids, max_new_tokens=30, attention_mask=mask)
    monkeypatch.setattr(decoder, "positions_and_mask", right)
    assert not same_text(broken, expected, logits, start=ids.shape[1])


def test_left_padding_notices_a_mask_that_is_left_out(pairs):
    ours, _ = pairs("gemma-2b")
    ids, mask = padded_batch()
    right = generate(ours, ids, max_new_tokens=30, attention_mask=mask)
    wrong = generate(ours, ids, max_new_tokens=30)
    assert torch.equal(right[0], wrong[0]), "row 0 has no padding"
    assert not torch.equal(right[2], wrong[2])


# Sampling


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


def test_equal_seeds_give_equal_text(model):
    ids = torch.tensor([[2, 17, 33]])
    settings = {"max_new_tokens": 40, "temperature": 1.0, "top_p": 0.95}
    first, again, other = (generate(model, ids, generator=seeded(seed), **settings) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("temperature", [0.0, 5.0])
def test_padding_rows_of_the_matrix_are_never_chosen(model, temperature):
    ids = torch.tensor([[2, 17, 33]] * 8)
    settings = {"max_new_tokens": 30, "temperature": temperature}
    free = generate(model, ids, generator=seeded(0), **settings)[:, 3:]
    limit = int(free.max())
    assert generate(model, ids, generator=seeded(0), valid_vocab_size=limit, **settings)[:, 3:].max() < limit


# Bad input


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": -0.1}, "temperature must be 0"),
        ({"temperature": float("nan")}, "temperature must be 0"),
        ({"temperature": float("inf")}, "temperature must be 0"),
        ({"top_k": 0}, "top_k must be at least 1"),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"top_p": 1.1}, "top_p must be above 0 and at most 1, not 1.1"),
        ({"valid_vocab_size": 300}, "valid_vocab_size must be from 1 to 256"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"max_new_tokens": 126}, "3 prompt tokens and 126 new ones are more than the 128"),
        ({"pad_id": 256}, "pad_id must be a token id from 0 to 255"),
        ({"ids": torch.empty(1, 0, dtype=torch.int64)}, "start with BOS"),
        ({"ids": torch.tensor([2, 3])}, r"ids must be prompts \(B, T\)"),
        ({"ids": torch.tensor([[2, 300]])}, "made by another model's tokenizer"),
        ({"ids": torch.tensor([[2.0, 3.0]])}, "ids must be integers"),
        ({"attention_mask": torch.ones(1, 2)}, "attention_mask must have the shape of ids"),
        ({"attention_mask": torch.tensor([[1, 1, 0]])}, "pad on the left"),
        ({"attention_mask": torch.tensor([[1, 0, 1]])}, "pad on the left"),
        ({"attention_mask": torch.tensor([[0, 0, 0]])}, "at least one true"),
    ],
)
def test_bad_arguments_say_what_to_do(model, changes, said):
    with pytest.raises(ValueError, match=said):
        generate(model, **({"ids": torch.tensor([[2, 17, 33]]), "max_new_tokens": 2} | changes))


def test_nothing_is_drawn_from_logits_that_are_not_numbers():
    with pytest.raises(ValueError, match="weights are damaged"):
        sample_next(torch.tensor([[0.0, float("nan")]]))
