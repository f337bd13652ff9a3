"""The decoder's own behavior: norm places, positions, errors."""

from dataclasses import replace

import pytest
import torch
from tiny_decoders import IDS, TINY, far, make, seeded

from llmbook.generation import KVCache
from llmbook.layers.attention import causal_mask
from llmbook.layers.norm import NORMS, build_norm
from llmbook.layers.rope import rope_angles
from llmbook.models import Decoder, initialize_
from llmbook.models.config import NORM_PLACES
from llmbook.models.decoder import Block, positions_and_mask


@pytest.mark.parametrize("place", NORM_PLACES)
@pytest.mark.parametrize("norm", NORMS)
def test_block_follows_its_formula(place, norm):
    config = replace(TINY["llama"], norm=norm, norm_place=place)
    block = Block(config).requires_grad_(False)
    initialize_(block, seeded(1), 0.3)
    for number, (name, tensor) in enumerate(block.named_parameters()):
        if "norm" in name:
            tensor.normal_(1.0, 0.3, generator=seeded(number))
    x, rotation = torch.randn(2, 5, config.width, generator=seeded(2)), rope_angles(torch.arange(5), 12, 10000.0)

    def attention(y):
        return block.self_attn(y, rotation)

    def sequence(norms):
        before_attention, before_mlp, after_attention, after_mlp = norms
        if place == "pre":
            y = x + attention(before_attention(x))
            return y + block.mlp(before_mlp(y))
        if place == "post":
            y = after_attention(x + attention(x))
            return after_mlp(y + block.mlp(y))
        if place == "output":
            y = x + after_attention(attention(x))
            return y + after_mlp(block.mlp(y))
        y = x + after_attention(attention(before_attention(x)))
        return y + after_mlp(block.mlp(before_mlp(y)))

    norms = [block.attention_norm, block.feedforward_norm, block.attention_post_norm, block.feedforward_post_norm]
    assert far(block(x, rotation), sequence(norms)) < 1e-6
    has = [not isinstance(module, torch.nn.Identity) for module in norms]
    assert has == {"pre": [1, 1, 0, 0], "post": [0, 0, 1, 1], "both": [1, 1, 1, 1],
                   "output": [0, 0, 1, 1]}[place]
    wrong = [build_norm("rms", config.width, 1e-5).requires_grad_(False) for _ in norms]
    assert far(block(x, rotation), sequence(wrong)) > 1e-2, "fresh norms in all places are another function"


def test_last_norm_stands_unless_the_blocks_end_with_one():
    for place in NORM_PLACES:
        model = Decoder(replace(TINY["llama"], norm_place=place))
        assert isinstance(model.norm, torch.nn.Identity) == (place == "post")


# Reading


@pytest.mark.parametrize("family", TINY)
def test_no_position_sees_a_later_one(family):
    model = make(TINY[family])
    changed = IDS.clone()
    changed[:, 3] = 200
    moved = (model(IDS) - model(changed)).abs().amax(-1) > 0
    assert moved.tolist() == [[False, False, False, True, True]] * 2


@pytest.mark.parametrize("family", TINY)
def test_hidden_states_and_logits_make_forward(family):
    model = make(TINY[family])
    hidden = model.hidden_states(IDS)
    assert hidden.shape == (2, 5, 48) and torch.equal(model.logits(hidden), model(IDS))
    assert far(model.logits(hidden[:, -1:]), model(IDS)[:, -1:]) < 1e-5


def test_int32_ids_and_integer_masks_read_alike():
    model = make(TINY["gemma"])
    mask = torch.tensor([[False, False, True, True, True], [True] * 5])
    assert torch.equal(model(IDS.int()), model(IDS))
    assert torch.equal(model(IDS, attention_mask=mask.long()), model(IDS, attention_mask=mask))
    assert far(model(IDS, attention_mask=torch.ones(2, 5, dtype=torch.bool)), model(IDS)) < 1e-5
    assert far(model(IDS, attention_mask=mask)[:1, 2:], model(IDS[:1, 2:])) < 1e-5
    assert far(model(IDS, attention_mask=mask)[:1, 2:], model(IDS)[:1, 2:]) > 1e-2


def test_positions_count_real_tokens():
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])
    positions, allowed = positions_and_mask(5, 0, mask, torch.device("cpu"))
    assert positions.tolist() == [[0, 0, 0, 1, 2], [0, 1, 2, 3, 4], [0] * 5]
    assert allowed.shape == (3, 1, 5, 5) and allowed.any(-1).all(), "every query may look somewhere, padding too"
    assert torch.equal(allowed[1, 0], causal_mask(5, 5))
    assert allowed[0, 0, 4].tolist() == [False, False, True, True, True]
    assert torch.equal(allowed[2, 0], torch.eye(5, dtype=torch.bool))


def test_positions_go_on_after_the_cache():
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    positions, allowed = positions_and_mask(2, 3, mask, torch.device("cpu"))
    assert positions.tolist() == [[1, 2], [3, 4]]
    assert allowed[:, 0].tolist() == [
        [[False, False, True, True, False], [False, False, True, True, True]],
        [[True, True, True, True, False], [True] * 5],
    ]
    assert positions_and_mask(2, 3, None, torch.device("cpu"))[0].tolist() == [[3, 4]]
    assert positions_and_mask(2, 3, None, torch.device("cpu"))[1] is None


def test_a_window_that_is_reached_exactly_hides_nothing():
    for start in (0, 2):
        assert positions_and_mask(3, start, None, torch.device("cpu"), window=3 + start)[1] is None
        seen = positions_and_mask(3, start, None, torch.device("cpu"), window=2 + start)[1]
        assert seen.sum(1).tolist() == [1 + start, 2 + start, 2 + start], "one less: the last no longer sees the first"


def test_only_padding_gives_numbers():
    logits = make(TINY["gemma"])(IDS, attention_mask=torch.zeros(2, 5, dtype=torch.bool))
    assert logits.isfinite().all()


# Errors


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (torch.tensor([[0, 256]]), "from 0 to 255, but run from 0 to 256"),
        (torch.tensor([[-1, 3]]), "run from -1 to 3"),
        (torch.tensor([[0.0, 1.0]]), "integers of shape"),
        (torch.tensor([[True, False]]), "integers of shape"),
        (torch.tensor([1, 2, 3]), r"\(3,\)"),
        (torch.zeros(1, 2, 3, dtype=torch.long), r"\(1, 2, 3\)"),
        (torch.zeros(1, 129, dtype=torch.long), "129 tokens are too many: this model reads at most 128; cut the input"),
    ],
)
def test_ids_that_no_model_can_read(ids, message):
    with pytest.raises(ValueError, match=message):
        Decoder(TINY["gemma"])(ids)


@pytest.mark.parametrize("shape", [(2, 4), (1, 5), (2, 5, 5), (5,)])
def test_wrong_attention_mask(shape):
    with pytest.raises(ValueError, match="cached positions included"):
        Decoder(TINY["gemma"])(IDS, attention_mask=torch.ones(shape, dtype=torch.bool))


def test_the_cache_counts_towards_the_length():
    model = make(replace(TINY["gemma"], max_length=8))
    cache = KVCache(model.config, 2)
    model(IDS, cache=cache)
    with pytest.raises(ValueError, match="10 tokens are too many"):
        model(IDS, cache=cache)
    with pytest.raises(ValueError, match=r"must have shape \(2, 6\)"):
        model(IDS[:, :1], cache=cache, attention_mask=torch.ones(2, 1, dtype=torch.bool))
    assert model(IDS[:, :3], cache=cache).shape == (2, 3, 256) and cache.length == 8


def test_128_tokens_are_not_too_many():
    assert Decoder(TINY["gemma"])(torch.zeros(1, 128, dtype=torch.long)).shape == (1, 128, 256)
