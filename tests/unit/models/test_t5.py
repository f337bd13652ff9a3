"""The parts of T5 by hand: buckets, shifted labels, the loss, fresh weights, published sizes, and what is refused."""

from dataclasses import asdict, replace

import pytest
import torch

from llmbook.accounting.t5 import parameters_by_part
from llmbook.data import read_table
from llmbook.debug import relative_difference
from llmbook.layers.relative_bias import RelativeBias, relative_buckets, relative_positions
from llmbook.models import t5, t5_blocks, t5_config
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED, T5Config
from llmbook.models.t5_training import initialize_t5_, sequence_loss, shift_right

ROWS = {row["name"]: row for row in read_table("t5_configs")}


def fresh(config: T5Config, seed: int = 0) -> T5:
    return initialize_t5_(T5(config), torch.Generator().manual_seed(seed)).eval()


# Buckets


def test_buckets_of_an_encoder_by_hand():
    """8 buckets: 4 for keys up to the query, 4 for keys after it; 2 of each exact, the last from distance 4 on."""
    found = relative_buckets(relative_positions(7, 7), bidirectional=True, buckets=8, max_distance=8)
    # 2 + floor(2 ln(d / 2) / ln(4)) is 2 for a distance of 2 and of 3, and 3 for 4
    assert found.tolist() == [
        [0, 5, 6, 6, 7, 7, 7],
        [1, 0, 5, 6, 6, 7, 7],
        [2, 1, 0, 5, 6, 6, 7],
        [2, 2, 1, 0, 5, 6, 6],
        [3, 2, 2, 1, 0, 5, 6],
        [3, 3, 2, 2, 1, 0, 5],
        [3, 3, 3, 2, 2, 1, 0],
    ]


def test_buckets_of_a_decoder_by_hand():
    """4 buckets, all for the past: 2 exact, the last from distance 4 on."""
    found = relative_buckets(relative_positions(6, 6), bidirectional=False, buckets=4, max_distance=8)
    assert found.tolist() == [
        [0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
        [2, 1, 0, 0, 0, 0],
        [2, 2, 1, 0, 0, 0],
        [3, 2, 2, 1, 0, 0],
        [3, 3, 2, 2, 1, 0],
    ]


def test_buckets_of_t5s_own_table():
    """32 buckets and 128: the published model's; distances from -200 to 200."""
    found = relative_buckets(torch.arange(-200, 201), bidirectional=True)
    before, after = found[:201].flip(0), found[200:]
    assert before[:8].tolist() == list(range(8)) and after[1:8].tolist() == list(range(17, 24))
    assert torch.equal(after[1:], before[1:] + 16), "the same steps on both sides"
    assert (before.diff() >= 0).all() and set(before.tolist()) == set(range(16))
    first = {int(bucket): int((before == bucket).nonzero()[0]) for bucket in range(8, 16)}
    assert first == {8: 8, 9: 12, 10: 16, 11: 23, 12: 32, 13: 46, 14: 64, 15: 91}
    far = relative_buckets(torch.tensor([-(10**6), 10**6]), bidirectional=True)
    assert far.tolist() == [15, 31], "no input is too long"
    assert relative_buckets(torch.tensor([5]), bidirectional=False).tolist() == [0]


def test_the_bias_of_a_later_query_is_a_row_of_the_whole():
    bias = RelativeBias(3, bidirectional=False)
    torch.nn.init.normal_(bias.weight, generator=torch.Generator().manual_seed(0))
    whole = bias(9, 9)
    assert whole.shape == (1, 3, 9, 9)
    assert torch.equal(bias(2, 9), whole[:, :, 7:]) and not torch.equal(bias(2, 9), whole[:, :, :2])


# Training


def test_shift_right():
    labels = torch.tensor([[5, 6, 1], [7, 1, -100], [-100, -100, -100]])
    assert shift_right(labels).tolist() == [[0, 5, 6], [0, 7, 1], [0, 0, 0]]
    assert shift_right(labels, start_id=3, pad_id=2).tolist() == [[3, 5, 6], [3, 7, 1], [3, 2, 2]]
    assert labels[1, 2] == -100, "the labels stay"


def test_the_loss_ignores_what_is_not_to_be_learned():
    logits = torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[4, 5, -100], [6, -100, -100]])
    by_hand = -torch.stack([logits.log_softmax(-1)[0, 0, 4], logits.log_softmax(-1)[0, 1, 5],
                            logits.log_softmax(-1)[1, 0, 6]]).mean()  # fmt: skip
    torch.testing.assert_close(sequence_loss(logits, labels), by_hand)
    assert not torch.allclose(sequence_loss(logits, labels.clamp(min=0)), by_hand)
    with pytest.raises(ValueError, match=r"every label is -100.*leave this batch out"):
        sequence_loss(logits, torch.full((2, 3), -100))


def test_what_is_ignored_changes_nothing():
    """A longer row of -100 gives the same loss and the same gradients; a real label there does not."""
    config = t5_config.tiny(vocab_size=50)
    input_ids, labels = torch.tensor([[3, 4, 5, 1]]), torch.tensor([[9, 8, 1]])
    ignored = torch.cat((labels, torch.full((1, 4), -100)), dim=1)

    def gradient(labels):
        model = fresh(config)
        loss = sequence_loss(model(input_ids, shift_right(labels)), labels)
        loss.backward()
        return torch.cat([loss.detach()[None], model.decoder.layers[0].cross_attn.q_proj.weight.grad.flatten()])

    assert relative_difference(gradient(ignored), gradient(labels)) <= 1e-5
    assert relative_difference(gradient(ignored.masked_fill(ignored < 0, 7)), gradient(labels)) > 1e-2


def test_a_few_steps_learn_to_copy():
    model = fresh(t5_config.tiny(vocab_size=20))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator, losses = torch.Generator().manual_seed(0), []
    for _ in range(60):
        input_ids = torch.randint(2, 20, (16, 4), generator=generator)
        loss = sequence_loss(model(input_ids, shift_right(input_ids)), input_ids)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 2.5 and losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("name", ["t5-small", "flan-t5-small"])
def test_fresh_weights_give_scores_and_logits_of_size_one(name):
    """The queries are small enough that no 1 / sqrt(E) is missing; without that factor the scores are sqrt(E) times."""
    config = replace(PUBLISHED[name], vocab_size=500, layers=2, decoder_layers=2)
    model, ids = fresh(config), torch.arange(400).reshape(4, 100)
    attention = model.encoder.layers[0].self_attn
    with torch.no_grad():
        normed = model.encoder.layers[0].attention_norm(model.embed_tokens(ids))
        key, _ = attention.keys_and_values(normed)
        scores = attention._heads(attention.q_proj(normed)) @ key.transpose(-1, -2)
        logits = model(ids, ids[:, :20])
    assert 0.8 < float(scores.std()) < 1.3 and 0.7 < float(logits.std()) < 1.5


# Masks


def test_a_bias_says_something_of_every_key():
    """Numbers or yes and no, ``(T, S)`` or ``(B, H, T, S)``; what PyTorch would stretch to the keys is refused."""
    config = t5_config.tiny()
    attention = fresh(config).decoder.layers[0].self_attn
    x, other = torch.randn(2, 3, config.width), torch.randn(2, 5, config.width)
    key, value = attention.keys_and_values(other)
    for shape in [(3, 5), (1, 4, 3, 5), (2, 1, 1, 5)]:
        assert attention(x, key, value, torch.zeros(shape)).shape == x.shape
        assert attention(x, key, value, torch.ones(shape, dtype=torch.bool)).shape == x.shape
    for shape in [(3, 1), (5, 3), (4, 3, 5), (3, 1, 1, 5), (1, 4, 3, 1)]:
        with pytest.raises(ValueError, match=r"\(T, S\) = \(3, 5\) or \(B, H, T, S\) = \(2, 4, 3, 5\)"):
            attention(x, key, value, torch.zeros(shape))
    with pytest.raises(ValueError, match="boolean, or numbers to add"):
        attention(x, key, value, torch.ones(3, 5, dtype=torch.long))


def test_a_wrong_bias_is_stretched_without_a_word_if_nobody_looks(monkeypatch):
    """The twin: a table of relative positions that lost its keys."""
    model, ids = fresh(t5_config.tiny()), torch.tensor([[3, 4, 5], [6, 7, 8]])
    sound = RelativeBias.forward
    monkeypatch.setattr(RelativeBias, "forward", lambda self, queries, keys: sound(self, queries, keys)[..., :1])
    with pytest.raises(ValueError, match=r"not \(1, 4, 3, 1\)"):
        model.encode(ids)
    monkeypatch.setattr(t5_blocks, "check_mask", lambda *args, **options: None)
    assert model.encode(ids).isfinite().all()


def gradients(model: T5, mask: torch.Tensor | None) -> list[torch.Tensor]:
    ids = torch.arange(2, 22).reshape(2, 10)
    model.zero_grad()
    sequence_loss(model(ids, shift_right(ids), attention_mask=mask), ids).backward()
    return [parameter.grad.clone() for parameter in model.parameters()]


def test_a_mask_without_padding_is_no_mask(monkeypatch):
    """Bit for bit, gradients too; the twin keeps the mask, which sums them in another order."""
    model, mask = fresh(t5_config.tiny()), torch.ones(2, 10, dtype=torch.bool)
    plain = gradients(model, None)
    assert all(map(torch.equal, gradients(model, mask), plain))
    monkeypatch.setattr(t5, "has_values", lambda mask: False)
    assert not all(map(torch.equal, gradients(model, mask), plain))


# Sizes


def test_every_published_config_has_a_row():
    assert set(ROWS) == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_config_equals_its_row(name):
    row = {field: {"yes": True, "no": False}.get(value, value) for field, value in ROWS[name].items()}
    config = asdict(PUBLISHED[name])
    assert {field: config[field] for field in config.keys() & row.keys()} == {
        field: row[field] for field in config.keys() & row.keys()
    }
    assert config.keys() - row.keys() == {"pad_id", "stop_id", "start_id"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_counts(name):
    """The row, the formula and the model built on the meta device."""
    row, by_part = ROWS[name], parameters_by_part(PUBLISHED[name])
    with torch.device("meta"):
        model = T5(PUBLISHED[name])
    assert row["total_parameters"] == sum(by_part.values()) == sum(tensor.numel() for tensor in model.parameters())
    assert row["embedding_parameters"] == by_part["embedding"]
    assert row["other_parameters"] == by_part["encoder"] + by_part["decoder"]
    for part in ("encoder", "decoder"):
        assert by_part[part] == sum(tensor.numel() for tensor in getattr(model, part).parameters())
    ids = torch.zeros(2, 30, dtype=torch.long, device="meta")
    assert model(ids, ids[:, :7]).shape == (2, 7, row["vocab_size"])


def test_the_inner_width_is_not_the_width():
    """So a mix-up of the two cannot hide in FLAN-T5 small."""
    c = PUBLISHED["flan-t5-small"]
    assert c.heads * c.head_size == 384 != c.width == 512
    assert T5(replace(c, vocab_size=9)).decoder.layers[0].cross_attn.q_proj.weight.shape == (384, 512)


# Refused


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"heads": 0}, "heads must be at least 1"),
        ({"decoder_layers": 0}, "decoder_layers must be at least 1"),
        ({"buckets": 6}, "multiple of 4"),
        ({"buckets": 0}, "multiple of 4"),
        ({"max_distance": 16}, "max_distance must be above buckets / 2 = 16"),
        ({"activation": "mish"}, "mish"),
        ({"stop_id": 256}, "stop_id must be one token id below 256"),
        ({"pad_id": [0]}, r"pad_id must be one token id below 256, not \[0\]"),
    ],
)
def test_impossible_configs(changes, said):
    with pytest.raises(ValueError, match=said):
        replace(t5_config.tiny(), **changes)


@pytest.mark.parametrize(
    ("input_ids", "decoder_ids", "mask", "said"),
    [
        ([[1, 2]], [[0, -100]], None, r"decoder_ids must be from 0 to 255.*labels need shift_right"),
        ([[1, 256]], [[0]], None, "input_ids must be from 0 to 255"),
        ([1, 2], [[0]], None, r"input_ids must be integers \(B, T\)"),
        ([[]], [[0]], None, "with T at least 1"),
        ([[1.0, 2.0]], [[0]], None, "not torch.float32"),
        ([[1, 2]], [[0], [0]], None, "2 rows of decoder_ids for 1 inputs"),
        ([[1, 2]], [[0]], [[1]], "attention_mask must have the input's shape"),
        ([[1, 2], [3, 4]], [[0], [0]], [[1, 1], [0, 0]], "no real token"),
    ],
)
def test_inputs_that_cannot_be_read(input_ids, decoder_ids, mask, said):
    mask = None if mask is None else torch.tensor(mask)
    with pytest.raises(ValueError, match=said):
        T5(t5_config.tiny())(torch.tensor(input_ids), torch.tensor(decoder_ids), attention_mask=mask)


def test_a_row_without_tokens_is_refused_where_it_is_read():
    """By the decoder too, if only it gets the mask; where a graph is traced nobody looks."""
    model, ids = fresh(t5_config.tiny()), torch.tensor([[1, 2], [3, 4]])
    empty = torch.tensor([[1, 1], [0, 0]])
    for ask in (lambda: model.encode(ids, attention_mask=empty),
                lambda: model.decode(ids, model.encode(ids), attention_mask=empty)):  # fmt: skip
        with pytest.raises(ValueError, match="no real token"):
            ask()
    with pytest.raises(ValueError, match="attention_mask must have the input's shape"):
        model.hidden_states(ids, model.encode(ids), attention_mask=empty[:1])
