"""What works against repetition, beside transformers: on random logits, and in whole texts."""

import pytest
import torch
from same_text import decoder_logits, same_text
from small_prompts import random_ids
from tiny_decoders import seeded
from transformers import NoRepeatNGramLogitsProcessor, RepetitionPenaltyLogitsProcessor

from llmbook.generation import forbid_repeated_ngrams, generate, penalize_repetition


def logits_and_ids(length=12, words=211):
    logits = torch.randn(40, words, generator=seeded(0)) * 3
    logits[0, :5] = 0.0
    return logits, torch.randint(words, (40, length), generator=seeded(1))


@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.1, 1.3, 2.0, 9.0])
def test_the_penalty_equals_that_of_transformers(penalty):
    logits, ids = logits_and_ids()
    expected = RepetitionPenaltyLogitsProcessor(penalty)(ids, logits.clone())
    assert torch.equal(penalize_repetition(logits, ids, penalty), expected)


def each_time(logits, ids, penalty):
    """A fault: as often as the token stands there."""
    for column in ids.T:
        logits = penalize_repetition(logits, column[:, None], penalty)
    return logits


def always_divided(logits, ids, penalty):
    """A fault: a negative logit becomes likelier."""
    return logits.scatter(1, ids, logits.gather(1, ids) / penalty)


@pytest.mark.parametrize("fault", [each_time, always_divided])
def test_the_comparison_of_the_penalty_notices(fault):
    logits, ids = logits_and_ids(length=60)
    expected = RepetitionPenaltyLogitsProcessor(1.3)(ids, logits.clone())
    assert not torch.allclose(fault(logits, ids, 1.3), expected)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 13, 14])
@pytest.mark.parametrize("words", [2, 3, 211])
def test_forbidden_runs_equal_those_of_transformers(n, words):
    logits, ids = logits_and_ids(12, words=max(words, 6))
    ids = ids % words
    expected = NoRepeatNGramLogitsProcessor(n)(ids, logits.clone())
    assert torch.equal(forbid_repeated_ngrams(logits, ids, n), expected)


def test_the_comparison_of_runs_notices_one_token_more():
    logits, ids = logits_and_ids(12, words=6)
    expected = NoRepeatNGramLogitsProcessor(3)(ids % 2, logits.clone())
    assert not torch.equal(forbid_repeated_ngrams(logits, ids % 2, 4), expected)


@pytest.mark.parametrize("settings", [{"repetition_penalty": 1.3}, {"no_repeat_ngram_size": 2},
                                      {"repetition_penalty": 1.2, "no_repeat_ngram_size": 1}], ids=repr)  # fmt: skip
@pytest.mark.parametrize("kind", ["gemma-2b", "olmo"])
def test_whole_texts_equal_those_of_transformers(kind, settings, pairs):
    ours, theirs = pairs(kind)
    ids = random_ids(1)
    expected = theirs.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False, **settings)
    made = generate(ours, ids, max_new_tokens=40, **settings)
    assert same_text(made, expected, decoder_logits(ours), start=ids.shape[1])
    assert not torch.equal(made, generate(ours, ids, max_new_tokens=40)), "the twin: without the settings"


def test_padding_that_the_reference_counts_and_we_do_not():
    """transformers lowers the logit of the padding, too; here a row is what it would be alone."""
    logits, ids = torch.ones(1, 5), torch.tensor([[0, 0, 3]])
    real = torch.tensor([[False, False, True]])
    theirs = RepetitionPenaltyLogitsProcessor(2.0)(ids, logits.clone())
    assert theirs.tolist() == [[0.5, 1, 1, 0.5, 1]]
    assert penalize_repetition(logits, ids, 2.0, attention_mask=real).tolist() == [[1, 1, 1, 0.5, 1]]
