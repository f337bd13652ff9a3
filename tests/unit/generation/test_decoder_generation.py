"""Text of a decoder: when it ends, what decides it, and what is refused."""

import pytest
import torch
from small_prompts import loud_decoder, padded_batch, random_ids
from tiny_decoders import make, seeded

from llmbook.generation import generate
from llmbook.models import gemma


@pytest.fixture(scope="module")
def model():
    """A tiny Gemma with loud weights."""
    return make(gemma.tiny(), std=0.3)


def test_generation_ends_early_when_every_row_has():
    ours, ids = loud_decoder("llama"), random_ids(1)
    free = generate(ours, ids, max_new_tokens=10)
    stop = int(free[0, 14])
    first = int((free[0, 12:] == stop).nonzero()[0]) + 12
    assert torch.equal(generate(ours, ids, max_new_tokens=10, stop_ids=[stop]), free[:, : first + 1])


def test_left_padding_notices_a_mask_that_is_left_out():
    ours, (ids, mask) = loud_decoder("gemma-2b"), padded_batch()
    right = generate(ours, ids, max_new_tokens=30, attention_mask=mask)
    wrong = generate(ours, ids, max_new_tokens=30)
    assert torch.equal(right[0], wrong[0]), "row 0 has no padding"
    assert not torch.equal(right[2], wrong[2])


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
        ({"attention_mask": torch.tensor([[0, 1, 0, 1]]), "ids": torch.tensor([[2, 17, 33, 4]])}, "pad on the left"),
        ({"attention_mask": torch.tensor([[0, 0, 0]])}, "at least one true"),
    ],
)
def test_bad_arguments_say_what_to_do(model, changes, said):
    with pytest.raises(ValueError, match=said):
        generate(model, **({"ids": torch.tensor([[2, 17, 33]]), "max_new_tokens": 2} | changes))
