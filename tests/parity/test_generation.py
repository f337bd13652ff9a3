"""Generation equals transformers token by token, and their filters; what would break the comparison is noticed."""

import pytest
import torch
from published_folders import CONFIGS
from same_text import decoder_logits, same_text
from small_prompts import padded_batch
from tiny_decoders import seeded
from transformers import TopKLogitsWarper, TopPLogitsWarper

from llmbook.generation import generate, keep_top_k, keep_top_p
from llmbook.models import decoder

KINDS = list(CONFIGS)


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
