"""The loss is computed in float32 at least, of ids of any width, and a wrong id is told wherever it stands."""

import math

import pytest
import torch
from torch.nn import functional as F

from llmbook.accounting.meter import kept_tensors, storage_bytes
from llmbook.models import Decoder, initialize_, llama
from llmbook.training import token_loss as room
from llmbook.training.loop import next_token_loss, train
from llmbook.training.run import mean_loss
from llmbook.training.token_loss import guarded, token_loss

VOCABULARY = 4096


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def model_of(dtype):
    return initialize_(Decoder(llama.tiny(vocab_size=VOCABULARY)), seeded(0), std=0.15).to(dtype)


def draw_rows(count=30):
    return torch.randint(0, VOCABULARY, (count, 4, 33), generator=seeded(1))


def plain(model, ids):
    """What the loss was once: in the dtype of the model."""
    return F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())


def wide(model, ids):
    return F.cross_entropy(model(ids[:, :-1]).float().flatten(0, 1), ids[:, 1:].flatten())


@torch.no_grad()
def test_in_bfloat16_the_loss_is_that_of_float32_logits():
    model, rows = model_of(torch.bfloat16), draw_rows()
    ours, right = ([loss(model, row).item() for row in rows] for loss in (next_token_loss, wide))
    assert ours == right and len(set(ours)) > 25 and next_token_loss(model, rows[0]).dtype == torch.float32
    assert len({plain(model, row).item() for row in rows}) < 10  # the twin
    assert mean_loss(model, rows[0]) == ours[0]


def gradients(loss, dtype=torch.bfloat16):
    model = model_of(dtype)
    loss(model, draw_rows(1)[0]).backward()
    return [parameter.grad for parameter in model.parameters()]


def test_gradients_are_those_of_float32_logits():
    assert all(map(torch.equal, gradients(next_token_loss), gradients(wide)))
    assert not all(map(torch.equal, gradients(next_token_loss), gradients(plain)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_wider_models_have_the_loss_that_they_had(dtype):
    model, row = model_of(dtype), draw_rows(1)[0]
    assert torch.equal(next_token_loss(model, row), plain(model, row)) and next_token_loss(model, row).dtype == dtype
    assert all(map(torch.equal, gradients(next_token_loss, dtype), gradients(plain, dtype)))


def test_autocast_gives_the_loss_of_float32_logits():
    model, row = model_of(torch.float32), draw_rows(1)[0]
    with torch.autocast("cpu", torch.bfloat16):
        loss = next_token_loss(model, row)
        expected = wide(model, row)
    loss.backward()
    assert torch.equal(loss, expected) and loss.dtype == torch.float32


def test_the_wide_copy_is_not_kept():
    """Bytes between the passes: logits in bfloat16; the twin keeps the float32 softmax."""
    logits = torch.randn(64, VOCABULARY, generator=seeded(0)).bfloat16().requires_grad_()
    ids = torch.randint(0, VOCABULARY, (64,), generator=seeded(1))
    kept = storage_bytes(kept_tensors(lambda: token_loss(logits, ids)))
    assert logits.nbytes <= kept < 1.1 * logits.nbytes
    assert storage_bytes(kept_tensors(lambda: F.cross_entropy(logits.float(), ids), [logits])) > 1.9 * logits.nbytes


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_ids_of_any_width(dtype):
    model, row = model_of(torch.float32), draw_rows(1)[0] % 200
    assert torch.equal(token_loss(model(row).flatten(0, 1), row.flatten().to(dtype)), F.cross_entropy(
        model(row).flatten(0, 1), row.flatten()))  # fmt: skip
    if dtype == torch.int32:
        assert torch.equal(next_token_loss(model, row.int()), next_token_loss(model, row))
        assert len(list(train(model, [row.int()], steps=1, learning_rate=0.01))) == 1
        with pytest.raises((RuntimeError, IndexError)):  # the twin: torch alone
            plain(model, row.int())


@pytest.mark.parametrize("wrong", [VOCABULARY, -1, -100, 10**9])
def test_a_wrong_id_in_the_last_column_is_told(wrong):
    """The model reads all but the last column, so that its own check does not see it."""
    rows = draw_rows(1)[0]
    rows[1, -1] = VOCABULARY - 1
    assert next_token_loss(model_of(torch.float32), rows).isfinite()
    rows[1, -1] = wrong
    for dtype in (torch.float32, torch.bfloat16):
        with pytest.raises(ValueError, match=f"ids must be from 0 to 4095, but .*{wrong}.*another model's tokenizer"):
            next_token_loss(model_of(dtype), rows)


def test_torch_leaves_out_minus_hundred(monkeypatch):
    """The twin: with torch's own choice a wrong id makes the loss another one, without a word."""
    monkeypatch.setattr(room, "NOTHING_IGNORED", -100)
    rows = draw_rows(1)[0]
    rows[1, -1] = -100
    assert next_token_loss(model_of(torch.float32), rows).isfinite()


def test_where_nobody_may_look_a_wrong_id_makes_the_loss_nan():
    logits, ids = torch.randn(5, 7, generator=seeded(0)), torch.tensor([0, 6, 3, 3, 1])
    assert torch.equal(guarded(logits, ids), F.cross_entropy(logits, ids))
    for wrong in (7, -1, -100):
        assert math.isnan(guarded(logits, ids.index_fill(0, torch.tensor([2]), wrong)))
    with torch.device("meta"):  # nothing is read
        assert guarded(torch.empty(5, 7), torch.empty(5, dtype=torch.long)).is_meta
