"""Generation under autocast: the cache takes the dtypes that the layers give, and the text is that without a cache."""

from dataclasses import replace
from functools import partial

import pytest
import same_text
import torch
from small_t5s import CASES, model_that_stops, settings, texts
from tiny_decoders import IDS, make

from llmbook.generation import KVCache, generate, generate_with_beams
from llmbook.generation.cache import SizedCache
from llmbook.generation.encoder_decoder import T5Cache, generate_t5
from llmbook.models import falcon, gemma, gpt2, llama, olmo, olmo2, olmo3, phi

MODULES = (falcon, gemma, gpt2, llama, olmo, olmo2, olmo3, phi)
FAMILIES = {family.__name__.rpartition(".")[2]: family.tiny() for family in MODULES}
BFLOAT16 = partial(torch.autocast, "cpu", dtype=torch.bfloat16)
STEP = 0.07  # of a bfloat16 between 8 and 16: logits that are no farther apart may be equal after rounding
SIZES = {"layers": 1, "batch": 1, "kv_heads": 2, "max_length": 5, "head_size": 6, "device": "cpu"}


@pytest.fixture(autouse=True)
def ties_of_bfloat16(monkeypatch):
    monkeypatch.setattr(same_text, "TIE", STEP)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_decoder_writes_the_same_with_and_without_its_cache(family):
    model = make(FAMILIES[family])
    with BFLOAT16():
        cached, plain = (generate(model, IDS, max_new_tokens=12, use_cache=use) for use in (True, False))
        assert same_text.same_text(cached, plain, same_text.decoder_logits(model), start=5)
        assert generate_with_beams(model, IDS, beams=2, max_new_tokens=3, stop_id=3).shape[1] <= 8
    assert len(cached[:, 5:].unique()) > 3, "no constant"


@pytest.mark.parametrize("options", [{}, {"beams": 3}], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_a_t5_writes_the_same_with_and_without_its_cache(case, options):
    model = model_that_stops(replace(CASES[case], decoder_layers=2))
    ids, _ = texts(model.config, read=20)
    with BFLOAT16():
        cached, plain = (generate_t5(model, ids, max_new_tokens=16, use_cache=use, **options) for use in (True, False))
        assert same_text.same_text(cached, plain, same_text.t5_logits(model, ids), **settings(model))


@pytest.mark.parametrize("write", [
    lambda: generate(make(llama.tiny()), IDS, max_new_tokens=2),
    lambda: generate_with_beams(make(llama.tiny()), IDS, beams=2, max_new_tokens=2, stop_id=3),
    lambda: generate_t5(model_that_stops(CASES["flan"]), IDS % 97, max_new_tokens=2),
])  # fmt: skip
def test_a_cache_in_the_dtype_of_the_weights_fails(write, monkeypatch):
    """The twin: what was right without autocast is wrong with it."""
    sound = SizedCache.__init__
    monkeypatch.setattr(SizedCache, "__init__", lambda self, **sizes: sound(self, **sizes | {"dtype": torch.float32}))
    write()
    with BFLOAT16(), pytest.raises(ValueError, match=r"made for .* in torch\.float32, not for .* in torch\.bfloat16"):
        write()


@pytest.mark.parametrize(("family", "dtypes"), [
    ("llama", (torch.bfloat16, torch.bfloat16)),
    ("olmo2", (torch.float32, torch.bfloat16)),  # the gain of a norm is float32, and so are the keys that it makes
])  # fmt: skip
def test_a_cache_holds_what_the_layers_give(family, dtypes):
    model = make(FAMILIES[family])
    cache = KVCache(model.config, len(IDS))
    with torch.inference_mode(), BFLOAT16():
        whole, pieces = model(IDS), [model(part, cache=cache) for part in IDS.split([3, 1, 1], dim=1)]
    assert (cache.keys.dtype, cache.values.dtype) == dtypes
    assert (torch.cat(pieces, 1) - whole).abs().max() <= 0.02 * whole.abs().max()
    assert cache.bytes == sum(tensor.nbytes for tensor in (cache.keys, cache.values))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_model_of_any_dtype_generates(dtype):
    model = make(gemma.tiny()).to(dtype)
    assert generate(model, IDS, max_new_tokens=3).shape == (2, 8)
    memory = (t5 := model_that_stops(CASES["flan"]).to(dtype)).encode(IDS % 97)
    cache = T5Cache(t5.config, 2, 4)
    t5.decode(IDS[:, :1] % 97, memory, cache=cache)
    assert cache.keys.dtype is dtype is cache.values.dtype


def test_the_first_keys_decide_and_others_are_refused():
    cache, key = SizedCache(**SIZES, dtype=None), torch.ones(1, 2, 1, 6)
    assert cache.keys.shape == (1, 1, 2, 5, 6) and cache.keys.is_meta, "no memory before the first keys"
    cache.update(0, key.bfloat16(), key.bfloat16())
    cache.advance(1)
    keys, values = cache.update(0, key.bfloat16(), 2 * key.bfloat16())
    assert keys.dtype is torch.bfloat16
    assert keys[0, 0, :, 0].tolist() == [1, 1] and values[0, 0, :, 0].tolist() == [1, 2]
    for pair in ((key, key.bfloat16()), (key.bfloat16(), key)):
        with pytest.raises(ValueError, match="the dtype of this run"):
            cache.update(0, *pair)


def test_values_may_be_kept_in_a_wider_dtype():
    """A cache that was made in float32 takes the bfloat16 values of OLMo 2, as before."""
    cache, key = SizedCache(**SIZES, dtype=torch.float32), torch.ones(1, 2, 1, 6)
    assert cache.update(0, key, key.bfloat16())[1].dtype is torch.float32


def test_a_cache_begun_under_inference_mode_goes_on_under_no_grad():
    model = make(llama.tiny())
    cache = KVCache(model.config, len(IDS))
    with torch.inference_mode():
        model(IDS[:, :3], cache=cache)
    with torch.no_grad():
        assert model(IDS[:, 3:], cache=cache).shape[1] == 2
    assert not cache.keys.is_inference()
