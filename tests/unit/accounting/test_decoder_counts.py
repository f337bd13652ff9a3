"""Accounting: the formula equals the module, the cache formula equals real tensors, FLOPs equal torch's counter."""

import dataclasses
import random
from collections import defaultdict

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmbook.accounting import (
    PARTS,
    count_by_part,
    count_parameters,
    flops_by_part,
    flops_per_token,
    kv_cache_bytes,
    meta_model,
    norm_count,
    parameters_by_part,
    part_of,
    total_parameters,
    weight_bytes,
)
from llmbook.layers.norm import NORMS
from llmbook.models import PUBLISHED, Decoder, DecoderConfig, gemma, llama, olmo
from llmbook.models.config import NORM_PLACES

CHECKPOINTS = {  # totals published by others: keras-hub's gemma_presets.py, and the sum of the report's Table 2
    ("gemma-2b", 256_000): 2_506_172_416,
    ("gemma-7b", 256_000): 8_537_680_896,
    ("gemma-2b", 256_128): 524_550_144 + 1_981_884_416,
    ("gemma-7b", 256_128): 786_825_216 + 7_751_248_896,
}


class RecordingLayer:
    """The simplest cache of a layer: it keeps every tensor it is given."""

    def __init__(self) -> None:
        self.stored = ()

    def update(self, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        new = key, value
        self.stored = tuple(torch.cat(pair, 2) for pair in zip(self.stored, new, strict=True)) if self.stored else new
        return self.stored


class RecordingCache:
    """The simplest cache that a decoder accepts."""

    def __init__(self) -> None:
        self.length, self.layers = 0, defaultdict(RecordingLayer)

    def layer(self, index: int) -> RecordingLayer:
        return self.layers[index]

    def advance(self, count: int) -> None:
        self.length += count

    def nbytes(self) -> int:
        return sum(tensor.nbytes for layer in self.layers.values() for tensor in layer.stored)


def random_config(seed: int) -> DecoderConfig:
    """A small decoder with every choice drawn at random."""
    draw = random.Random(seed)
    kv_heads = draw.choice((1, 2, 3))
    norm_place, gated, bias, tied = draw.choice(NORM_PLACES), *(draw.random() < 0.5 for _ in range(3))
    experts = draw.choice((0, 3)) if gated and not bias else 0
    return DecoderConfig(
        vocab_size=draw.randint(3, 60), width=draw.randint(2, 24), layers=draw.randint(1, 4),
        heads=kv_heads * draw.choice((1, 2)), kv_heads=kv_heads, head_size=2 * draw.randint(1, 6),
        feedforward_width=draw.randint(2, 40), max_length=64, gated=gated, norm=draw.choice(NORMS),
        norm_place=norm_place, bias=bias, tie_embeddings=tied, parallel=norm_place == "pre" and draw.random() < 0.5,
        positions=draw.choice(("rope", "learned")), experts=experts, experts_per_token=min(experts, 2),
        head_bias=not tied and draw.random() < 0.5, qk_norm=draw.random() < 0.5,
    )  # fmt: skip


def changed(config: DecoderConfig) -> dict[str, DecoderConfig]:
    """The config with one field off: what a mistake in the formula would amount to."""
    c, dense = config, {"experts": 0, "experts_per_token": 0}
    changes = {
        "vocabulary": {"vocab_size": c.vocab_size + 1},
        "width": {"width": c.width + 1},
        "layers": {"layers": c.layers + 1},
        "heads": {"heads": 2 * c.heads},
        "head size": {"head_size": c.head_size + 2},
        "both halves": {"feedforward_width": 2 * c.feedforward_width},
        "gate": {"gated": not c.gated, **dense},
        "experts": {"gated": True, "bias": False, "experts": c.experts + 2, "experts_per_token": 1},
        "norm": {"norm": "layer" if c.norm == "layer_free" else "layer_free"},
        "norm place": {
            "norm": "rms" if c.norm == "layer_free" else c.norm,
            "norm_place": "both" if c.norm_place != "both" else "pre",
            "parallel": False,
        },
        "bias": {"bias": not c.bias, **dense},
        "tying": {"tie_embeddings": not c.tie_embeddings, "head_bias": False},
        "head bias": {"tie_embeddings": False, "head_bias": not c.head_bias},
        "norms of queries and keys": {"qk_norm": not c.qk_norm},
        "positions": {"positions": "rope" if c.positions == "learned" else "learned"},
    }
    return {mistake: dataclasses.replace(c, **change) for mistake, change in changes.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_formula_equals_the_published_module(name):
    config = PUBLISHED[name]
    model = meta_model(config)
    assert all(tensor.is_meta for tensor in model.parameters())
    assert parameters_by_part(config) == count_by_part(model)
    assert total_parameters(config) == count_parameters(model)


@pytest.mark.parametrize(("name", "vocab_size"), CHECKPOINTS)
def test_totals_published_by_others(name, vocab_size):
    config = dataclasses.replace(PUBLISHED[name], vocab_size=vocab_size)
    assert total_parameters(config) == CHECKPOINTS[name, vocab_size]


@pytest.mark.parametrize("seed", range(40))
def test_formula_equals_the_module_for_any_config(seed):
    config = random_config(seed)
    model = Decoder(config)
    assert tuple(parameters_by_part(config)) == PARTS
    assert parameters_by_part(config) == count_by_part(model)
    assert total_parameters(config) == count_parameters(model)


def test_the_random_configs_cover_every_choice():
    drawn = [random_config(seed) for seed in range(40)]
    assert {config.norm for config in drawn} == set(NORMS)
    assert {config.norm_place for config in drawn} == set(NORM_PLACES)
    assert len({(config.gated, config.bias, config.tie_embeddings) for config in drawn}) == 8


@pytest.mark.parametrize("seed", range(6))
def test_a_mistake_in_any_field_changes_the_count(seed):
    config = random_config(seed)
    model = meta_model(config)
    for mistake, wrong in changed(config).items():
        assert parameters_by_part(wrong) != count_by_part(model), mistake


@pytest.mark.parametrize(("place", "count"), [("pre", 7), ("post", 6), ("both", 13), ("output", 7)])
def test_norms_counted_by_hand(place, count):
    assert norm_count(dataclasses.replace(llama.tiny(), layers=3, norm_place=place)) == count


def test_a_shared_matrix_counts_once():
    tied = gemma.tiny()
    untied = dataclasses.replace(tied, tie_embeddings=False)
    difference = tied.vocab_size * tied.width
    assert total_parameters(untied) - total_parameters(tied) == difference
    assert count_parameters(meta_model(untied)) - count_parameters(meta_model(tied)) == difference


def test_a_tensor_of_no_part_is_named():
    assert part_of("layers.3.mlp.gate_proj.bias") == "feedforward"
    assert part_of("layers.3.attention_norm.weight") == "norms"
    with pytest.raises(ValueError, match=r"layers\.0\.router\.weight.* belongs to no part"):
        part_of("layers.0.router.weight")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weight_bytes_are_those_of_the_tensors(dtype):
    config = olmo.tiny()
    real = sum(tensor.nbytes for tensor in Decoder(config).to(dtype).parameters())
    assert weight_bytes(config, dtype.itemsize) == real


def test_half_a_byte_per_weight():
    assert weight_bytes(gemma.tiny(), 0.5) * 8 == weight_bytes(gemma.tiny(), 4)


# --- cache ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [gemma.tiny(), gemma.tiny(kv_heads=4), llama.tiny()], ids=["mqa", "mha", "gqa"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_cache_bytes_are_those_of_the_tensors(config, dtype):
    cache, batch, context = RecordingCache(), 3, 11
    with torch.no_grad():
        Decoder(config).to(dtype)(torch.ones(batch, context, dtype=torch.long), cache=cache)
    real = cache.nbytes()
    assert kv_cache_bytes(config, context, batch, dtype.itemsize) == real
    all_heads = dataclasses.replace(config, kv_heads=config.heads)
    assert (kv_cache_bytes(all_heads, context, batch, dtype.itemsize) == real) == (config.kv_heads == config.heads)
    assert kv_cache_bytes(config, context + 1, batch, dtype.itemsize) != real


# --- FLOPs ----------------------------------------------------------------------------------------------------------


def counted_flops(config: DecoderConfig, context: int) -> int:
    """What torch counts when one token is decoded on top of a cache of ``context - 1`` positions."""
    device = "cpu" if config.experts else "meta"  # which expert runs depends on the numbers
    model, cache = (Decoder(config) if config.experts else meta_model(config)), RecordingCache()
    counter = FlopCounterMode(display=False)
    # The counter knows matrix products but not every fused attention kernel, so attention is taken apart.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        if context > 1:
            model(torch.ones(1, context - 1, dtype=torch.long, device=device), cache=cache)
        with counter:
            model(torch.ones(1, 1, dtype=torch.long, device=device), cache=cache)
    return counter.get_total_flops()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("context", [1, 9])
def test_flops_equal_torchs_counter(seed, context):
    config = random_config(seed)
    counted = counted_flops(config, context)
    assert flops_per_token(config, context) == counted
    assert flops_per_token(config, context + 1) != counted
    other = dataclasses.replace(config, gated=not config.gated, experts=0, experts_per_token=0)
    assert flops_per_token(other, context) != counted


@pytest.mark.parametrize("name", ["gemma-2b", "gemma-7b"])
def test_flops_of_a_published_model(name):
    assert flops_per_token(PUBLISHED[name], 100) == counted_flops(PUBLISHED[name], 100)


def test_tying_changes_no_flops():
    tied = gemma.tiny()
    untied = dataclasses.replace(tied, tie_embeddings=False)
    assert flops_by_part(tied, 10) == flops_by_part(untied, 10)
    assert counted_flops(tied, 10) == counted_flops(untied, 10)
    assert flops_by_part(tied, 10)["output_matrix"] == 2 * tied.vocab_size * tied.width
