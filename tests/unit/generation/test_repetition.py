"""Against repetition: each rule by its definition, what counts as text (no padding), and what it prevents."""

import math

import pytest
import torch
from small_prompts import loud_decoder, padded_batch, random_ids
from tiny_decoders import make, seeded

from llmbook.generation import forbid_repeated_ngrams, generate, penalize_repetition
from llmbook.generation import steps as steps_module
from llmbook.models import gemma


def circle():
    """A tiny Gemma whose greedy text runs in a circle."""
    return make(gemma.tiny(), std=0.02), torch.tensor([[2, 17, 33]])


def runs(row, n):
    return [tuple(row[start : start + n]) for start in range(len(row) - n + 1)]


def test_the_penalty_by_hand():
    logits = torch.tensor([[3.0, -3.0, 0.0, 6.0, -6.0], [3.0, -3.0, 1.0, 6.0, -6.0]])
    made = penalize_repetition(logits, torch.tensor([[0, 1, 1], [3, 3, 3]]), 1.5)
    assert made.tolist() == [[2.0, -4.5, 0.0, 6.0, -6.0], [3.0, -3.0, 1.0, 4.0, -6.0]]
    assert torch.equal(penalize_repetition(logits, torch.tensor([[0, 1], [3, 3]]), 1.0), logits)


def test_a_constant_that_changes_no_probability_changes_what_the_penalty_does():
    logits, ids = torch.tensor([[2.0, 1.0]]), torch.tensor([[0]])
    assert torch.allclose(logits.softmax(-1), (logits - 4).softmax(-1))
    first, shifted = (penalize_repetition(each, ids, 1.6).softmax(-1)[0, 0] for each in (logits, logits - 4))
    assert first > 0.5 > shifted, "1.25 stands beside 1, and -3.2 beside -3"


def test_below_one_the_penalty_is_a_reward():
    made = penalize_repetition(torch.tensor([[3.0, -3.0]]), torch.tensor([[0, 1]]), 0.5)
    assert made.tolist() == [[6.0, -1.5]]


def test_runs_by_hand():
    logits, inf = torch.zeros(2, 5), math.inf
    ids = torch.tensor([[1, 2, 3, 1, 2], [4, 4, 4, 4, 0]])
    assert forbid_repeated_ngrams(logits, ids, 3).tolist() == [[0, 0, 0, -inf, 0], [0] * 5]
    assert forbid_repeated_ngrams(logits, ids, 2).tolist() == [[0, 0, 0, -inf, 0], [0] * 5]
    assert forbid_repeated_ngrams(logits, ids, 1).tolist() == [[0, -inf, -inf, -inf, 0], [-inf, 0, 0, 0, -inf]]
    assert forbid_repeated_ngrams(logits, ids, 6).tolist() == logits.tolist(), "the text is shorter than a run"
    assert forbid_repeated_ngrams(logits[:1], torch.tensor([[1, 2, 1]]), 3).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_each_forbidden_token_would_repeat_a_run_and_no_other(n, dtype):
    ids = torch.randint(4, (30, 9), generator=seeded(n)).to(dtype)
    made = forbid_repeated_ngrams(torch.zeros(30, 5), ids, n)
    for row, logits in zip(ids.tolist(), made, strict=True):
        for token in range(5):
            longer = runs([*row, token], n)
            assert (longer[-1] in longer[:-1]) == (logits[token] == -math.inf)


def test_padding_is_no_part_of_a_text():
    """Each row is what it would be alone, also where its padding is a token that it could write."""
    model, (ids, mask) = loud_decoder("llama"), padded_batch()
    for settings in ({"repetition_penalty": 1.8}, {"no_repeat_ngram_size": 1}, {"no_repeat_ngram_size": 2}):
        for pad in (0, 7):
            padded = ids.masked_fill(~mask, pad)
            made = generate(model, padded, attention_mask=mask, max_new_tokens=20, **settings)
            for row, real in enumerate(mask):
                alone = generate(model, ids[row : row + 1, real], max_new_tokens=20, **settings)
                assert torch.equal(made[row, -20:], alone[0, -20:])


def test_padding_that_counts_is_noticed(monkeypatch):
    """The twin: a logit of the padding is lowered."""
    logits, ids = torch.ones(1, 5), torch.tensor([[0, 0, 3]])
    mask = torch.tensor([[False, False, True]])
    assert penalize_repetition(logits, ids, 2.0, attention_mask=mask).tolist() == [[1, 1, 1, 0.5, 1]]
    assert penalize_repetition(logits, ids, 2.0).tolist() == [[0.5, 1, 1, 0.5, 1]]
    assert forbid_repeated_ngrams(logits, ids, 1, attention_mask=mask).isfinite().tolist()[0][0]
    assert not forbid_repeated_ngrams(logits, ids, 1).isfinite().tolist()[0][0]


def test_a_text_that_runs_in_a_circle_leaves_it():
    model, ids = circle()
    free = generate(model, ids, max_new_tokens=40)[0].tolist()
    assert len(set(runs(free, 3))) < len(runs(free, 3)) / 2, "it does run in a circle"
    penalized = generate(model, ids, max_new_tokens=40, repetition_penalty=9.0)[0].tolist()
    assert len(set(penalized)) > 2 * len(set(free))
    for n in (1, 2, 3):
        made = generate(model, ids, max_new_tokens=40, no_repeat_ngram_size=n)[0].tolist()
        assert len(set(runs(made, n))) == len(runs(made, n))


def test_the_prompt_counts():
    model, ids = loud_decoder("llama"), random_ids(1)
    made = generate(model, ids, max_new_tokens=30, no_repeat_ngram_size=1)[0].tolist()
    assert len(set(made[12:]) | set(ids[0].tolist())) == 30 + len(set(ids[0].tolist()))


def test_the_order_is_that_of_the_formula(monkeypatch):
    """The penalty acts on logits, before the temperature: behind it, at 3, it would act three times less."""
    model, ids = loud_decoder("llama"), random_ids(1)
    seen, choose = [], steps_module.sample_next
    monkeypatch.setattr(steps_module, "sample_next", lambda *z, **how: (seen.append((z[0], how)), choose(*z, **how))[1])
    generate(model, ids, max_new_tokens=1, temperature=3.0, repetition_penalty=2.0)
    with torch.no_grad():
        plain = model(ids)[:, -1]
    assert seen[0][1]["temperature"] == 3.0
    torch.testing.assert_close(seen[0][0], penalize_repetition(plain, ids, 2.0))


def test_no_token_left_is_said():
    model, ids = make(gemma.tiny(), std=0.3), torch.tensor([[2, 17, 33]])
    with pytest.raises(ValueError, match="every token was masked"):
        generate(model, ids, max_new_tokens=9, no_repeat_ngram_size=1, valid_vocab_size=8)


@pytest.mark.parametrize("penalty", [0.0, -1.0, math.inf, math.nan])
def test_no_penalty(penalty):
    with pytest.raises(ValueError, match="repetition_penalty must be a positive number, 1 for none"):
        penalize_repetition(torch.zeros(1, 5), torch.tensor([[1]]), penalty)


@pytest.mark.parametrize("n", [0, -1])
def test_no_run(n):
    with pytest.raises(ValueError, match="no_repeat_ngram_size must be at least 1, or None to allow all"):
        forbid_repeated_ngrams(torch.zeros(1, 5), torch.tensor([[1]]), n)
