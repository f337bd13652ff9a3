"""The cache changes nothing but the time; caches with a fault are noticed."""

import weakref
from dataclasses import replace

import pytest
import torch
from small_prompts import CONFIGS, loud_decoder, padded_batch, random_ids
from tiny_decoders import make, seeded

from llmbook.accounting import kv_cache_bytes
from llmbook.checkpoint import load_pretrained, save_pretrained
from llmbook.generation import KVCache, generate
from llmbook.generation import steps as generation
from llmbook.generation.cache import SizedCache
from llmbook.models import gemma


@pytest.mark.parametrize("kind", CONFIGS)
def test_cached_logits_equal_uncached_ones(kind):
    ids, mask = padded_batch()
    assert largest_gap(loud_decoder(kind), ids, mask) < 1e-5


def largest_gap(model, ids, mask):
    """Logits of real positions, in pieces with a cache and in one go, relative to the largest."""
    with torch.inference_mode():
        whole = model(ids, attention_mask=mask)
        cache, pieces = KVCache(model.config, len(ids)), []
        for start, stop in [(0, 6), (6, 7), (7, 11), (11, 12), (12, 13), (13, 14)]:
            pieces.append(model(ids[:, start:stop], attention_mask=mask[:, :stop], cache=cache))
    gap = (torch.cat(pieces, 1) - whole)[mask].abs().max()
    return float(gap / whole[mask].abs().max())


@pytest.fixture(scope="module")
def model():
    """A tiny Gemma with loud weights, which records what a gradient needs."""
    return make(gemma.tiny(), std=0.3).requires_grad_()


class MisplacedKeys(KVCache):
    """A fault: hands back keys one place further on than their values."""

    def update(self, layer, key, value):
        keys, values = super().update(layer, key, value)
        return keys.roll(1, dims=2), values


class ForgetsToAdvance(KVCache):
    """A fault: every step believes to be the first."""

    def advance(self, count):
        pass


class MixesLayers(KVCache):
    """A fault: all layers share the memory of the first."""

    def update(self, layer, key, value):
        return super().update(0, key, value)


class SameLayer(KVCache):
    """A fault: every layer sees the first."""

    def layer(self, index):
        return super().layer(0)


@pytest.mark.parametrize("fault", [MisplacedKeys, MixesLayers, SameLayer])
def test_the_cache_comparison_notices(fault, monkeypatch):
    monkeypatch.setitem(globals(), "KVCache", fault)
    assert largest_gap(loud_decoder("gemma-2b"), *padded_batch()) > 1e-2


def test_generation_notices_a_cache_that_does_not_advance(monkeypatch):
    ours, ids = loud_decoder("gemma-2b"), random_ids()
    right = generate(ours, ids, max_new_tokens=10)
    monkeypatch.setattr(generation, "KVCache", ForgetsToAdvance)
    assert not torch.equal(generate(ours, ids, max_new_tokens=10), right)


def test_sampling_with_and_without_the_cache_is_the_same(model, monkeypatch):
    """The same probabilities for each draw, up to rounding, as long as no draw at their edge has parted the texts."""
    ids = torch.tensor([[2, 17, 33]])
    settings = {"max_new_tokens": 30, "temperature": 0.8, "top_k": 20}
    draw, drawn = torch.multinomial, []
    monkeypatch.setattr(torch, "multinomial", lambda p, *rest, **how: (drawn.append(p), draw(p, *rest, **how))[1])
    cached, plain = (generate(model, ids, generator=seeded(1), use_cache=use, **settings) for use in (True, False))
    parted = (cached != plain).nonzero()
    same = int(parted[0, 1]) - ids.shape[1] + 1 if len(parted) else 30
    assert len(drawn) == 60 and same > 5
    torch.testing.assert_close(torch.cat(drawn[:same]), torch.cat(drawn[30 : 30 + same]), rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", ["gemma-2b", "llama"])
def test_a_bfloat16_model_generates_with_a_bfloat16_cache(kind, tmp_path):
    save_pretrained(loud_decoder(kind).to(torch.bfloat16), tmp_path)
    half = load_pretrained(tmp_path)
    ids = random_ids()
    with torch.inference_mode():
        cache = KVCache(half.config, 2, dtype=torch.bfloat16)
        half(ids[:, :7], cache=cache)
        cached, whole = half(ids[:, 7:], cache=cache).float(), half(ids)[:, 7:].float()
    assert (cached - whole).abs().max() < 0.05 * whole.abs().max()
    made = generate(half, ids, max_new_tokens=8, temperature=1.0, generator=seeded(0))
    assert made.shape == (2, 20) and made.dtype is torch.int64


def test_the_cache_says_what_does_not_fit(model):
    ids = torch.tensor([[2, 17, 33]])
    with torch.inference_mode():
        with pytest.raises(ValueError, match="the cache is full: 3 positions, room for 2"):
            model(ids, cache=KVCache(model.config, 1, 2))
        with pytest.raises(ValueError, match="make it with the batch and the dtype"):
            model(ids, cache=KVCache(model.config, 2))
        with pytest.raises(ValueError, match=r"not for .* in torch\.float32"):
            model(ids, cache=KVCache(model.config, 1, dtype=torch.bfloat16))
    with pytest.raises(ValueError, match="holds no gradients"):
        model(ids, cache=KVCache(model.config, 1))
    with pytest.raises(ValueError, match="at least one row"):
        KVCache(model.config, 0)


def test_the_bytes_of_the_cache_are_what_accounting_says():
    config = gemma.tiny(kv_heads=1)
    assert KVCache(config, 3, 50, torch.bfloat16).bytes == kv_cache_bytes(config, 50, batch=3, bytes_per_value=2)
    assert KVCache(config, 1).bytes == kv_cache_bytes(config, config.max_length, bytes_per_value=4)


@torch.inference_mode()
def test_a_layer_sees_its_own_memory_only():
    """A view has no numbers of its own, so that a cache is freed as soon as its owner lets go."""
    cache = sized(layers=3)
    key, value = torch.ones(1, 2, 4, 6), 2 * torch.ones(1, 2, 4, 6)
    found_key, found_value = cache.layer(1).update(key, value)
    assert torch.equal(found_key, key) and torch.equal(found_value, value)
    assert cache.keys.flatten(1).any(1).tolist() == [False, True, False]
    cache.advance(4)
    assert cache.layer(1).update(key[:, :, :1], value[:, :, :1])[0].shape == (1, 2, 5, 6)
    alive = weakref.ref(cache)
    del cache, found_key, found_value
    assert alive() is None


def sized(**changes):
    sizes = {"layers": 1, "batch": 1, "kv_heads": 2, "max_length": 5, "head_size": 6}
    return SizedCache(**sizes | changes, dtype=torch.float32, device="cpu")


def test_sizes_come_from_the_config_of_a_decoder():
    """All of them differ, so that none can stand for another."""
    config = replace(gemma.tiny(), layers=3, heads=4, kv_heads=2, head_size=10, max_length=17)
    assert KVCache(config, 5).keys.shape == (3, 5, 2, 17, 10)
    assert KVCache(config, 5, 9).values.shape == (3, 5, 2, 9, 10)
    for size in ("batch", "max_length"):
        with pytest.raises(ValueError, match="at least one row and one position"):
            sized(**{size: 0})
