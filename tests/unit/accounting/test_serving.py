"""Costs of serving: arithmetic as torch counts it, fetched weights and cache as the built model holds them."""

from dataclasses import replace

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmbook.accounting import meta_model
from llmbook.accounting.serving import (
    Job,
    Machine,
    Phase,
    memory_bytes,
    price_of_a_thousand,
    price_of_seconds,
    reading,
    seconds,
    writing,
)
from llmbook.generation import KVCache
from llmbook.generation.encoder_decoder import T5Cache
from llmbook.models import PUBLISHED, llama
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED as T5_PUBLISHED
from llmbook.models.t5_config import tiny

B, S, T = 3, 50, 4
JOB = Job(S, T, B, weight_bytes=4, value_bytes=4)
LLAMA = replace(llama.tiny(), width=64)
MACHINE = Machine(flops=1e12, bandwidth=1e10, price=3.6)


def counted(run) -> int:
    """All products as torch counts them, attention written out."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return counter.get_total_flops()


def ids(length):
    return torch.zeros(B, length, dtype=torch.long, device="meta")


def meta_t5(config):
    with torch.device("meta"):
        return T5(config)


def matrices(module, *without) -> int:
    """Numbers of the matrices whose names hold none of these words."""
    return sum(p.numel() for name, p in module.named_parameters()
               if p.ndim == 2 and not any(word in name for word in without))


@pytest.mark.parametrize("config", [tiny(), tiny(flan=False), T5_PUBLISHED["flan-t5-small"]])
def test_t5_arithmetic_and_bytes(config):
    model = meta_t5(config)
    memory, cache = model.encode(ids(S)), T5Cache(config, B, T, device="meta")
    traffic = []

    def write():
        for _ in range(T):
            model.decode(ids(1), memory, cache=cache)
            traffic.append(t5_bytes_at(cache, len(traffic) + 1, config))

    assert counted(lambda: model.encode(ids(S))) == reading(config, JOB).flops
    assert counted(write) == writing(config, JOB).flops
    output = model.embed_tokens.weight if config.tie_embeddings else model.lm_head.weight
    once = matrices(model.decoder) - matrices(model.decoder, "cross_attn.k_proj", "cross_attn.v_proj")
    each = matrices(model.decoder, "relative_bias", "cross_attn.k_proj", "cross_attn.v_proj") + output.numel()
    assert reading(config, JOB).bytes == 4 * matrices(model.encoder, "relative_bias")
    assert writing(config, JOB).bytes == 4 * (once + T * each) + sum(traffic)
    assert writing(config, JOB).bytes != 4 * T * (once + each) + sum(traffic)  # keys and values of the meeting: once


def t5_bytes_at(cache, written, config):
    """What the cache holds after so many tokens: all of the meeting, and the places written so far."""
    places = 2 * config.decoder_layers * config.heads * config.head_size * B * 4
    return cache.bytes - (T - written) * places


def test_decoder_arithmetic():
    model, per_pair = meta_model(LLAMA), 4 * LLAMA.layers * LLAMA.heads * LLAMA.head_size
    output = 2 * LLAMA.vocab_size * LLAMA.width
    masked = per_pair * (S * S - S * (S + 1) // 2)  # torch counts the pairs that the causal mask hides
    every = counted(lambda: model(ids(S))) - B * (masked + (S - 1) * output)  # and scores all positions
    cache = KVCache(LLAMA, B, S + T, device="meta")
    with torch.no_grad():
        model(ids(S), cache=cache)
    rest = counted(lambda: [model(ids(1), cache=cache) for _ in range(T - 1)])
    assert every == reading(LLAMA, JOB).flops + B * output
    assert rest == writing(LLAMA, JOB).flops - B * output
    assert rest != writing(LLAMA, replace(JOB, written=T + 1)).flops - B * output


def test_decoder_bytes():
    model = meta_model(LLAMA)
    layers, output = matrices(model.layers), model.lm_head.weight.numel()
    held = [KVCache(LLAMA, B, S + run, device="meta").bytes for run in range(1, T)]
    assert reading(LLAMA, JOB).bytes == 4 * layers
    assert writing(LLAMA, JOB).bytes == 4 * ((T - 1) * layers + T * output) + sum(held)
    cache = memory_bytes(LLAMA, JOB)["cache"]
    assert cache == held[-1] != held[0]


@pytest.mark.parametrize("config", [tiny(), LLAMA])
def test_memory_is_that_of_the_model(config):
    model = meta_t5(config) if config == tiny() else meta_model(config)
    held, small = sum(p.nbytes for p in model.parameters()), replace(JOB, weight_bytes=0.5)
    assert memory_bytes(config, JOB)["weights"] == held
    assert memory_bytes(config, small) == {"weights": held / 8, "cache": memory_bytes(config, JOB)["cache"]}


def test_a_mixture_fetches_the_experts_that_are_picked():
    config = PUBLISHED["mixtral-8x7b"]
    expert = config.layers * 3 * config.width * config.feedforward_width * 2
    cache = 2 * writing_cache(config)
    one, two, many = (writing(config, Job(1, 2, batch)).bytes - batch * cache for batch in (1, 2, 500))
    assert many - one == pytest.approx(6 * expert)  # one token picks 2 of 8, many pick all
    assert two - one == pytest.approx(1.5 * expert)  # the second token picks 2, and a quarter of them again
    assert writing(config, Job(1, 2, 1)).flops < writing(replace(config, experts_per_token=3), Job(1, 2, 1)).flops


def writing_cache(config):
    """Numbers of the cache that one run at position 2 reads."""
    return 2 * config.layers * config.kv_heads * config.head_size * 2


def test_windows_are_refused():
    with pytest.raises(ValueError, match="window"):
        reading(PUBLISHED["mistral-7b"], Job(10, 2))
    with pytest.raises(ValueError, match="at least 1"):
        Job(10, 0)


def test_the_slower_of_the_two_sets_the_time():
    assert Phase(2e12, 1e9).seconds(MACHINE) == 2  # arithmetic
    assert Phase(1e9, 3e10).seconds(MACHINE) == 3  # traffic
    assert Phase(2e12, 1e9).intensity == 2000
    assert Phase(2e12, 3e10).seconds(MACHINE) != 5  # not the sum


def test_the_price_of_a_thousand():
    assert price_of_seconds(2, 3.6, 50) == pytest.approx(0.1)
    assert price_of_seconds(2, 3.6) == 2.0  # 2,000 seconds at a thousandth of 3.6 each
    config, alone = T5_PUBLISHED["flan-t5-large"], Job(2048, 200)
    each = sum(seconds(config, alone, MACHINE).values())
    assert price_of_a_thousand(config, alone, MACHINE) == pytest.approx(each)
    together = price_of_a_thousand(config, replace(alone, batch=8), MACHINE)
    assert price_of_a_thousand(config, alone, MACHINE) / 8 < together < price_of_a_thousand(config, alone, MACHINE)


def test_reading_uses_each_weight_many_times_and_writing_once():
    for config in (T5_PUBLISHED["flan-t5-large"], PUBLISHED["llama-2-7b"], PUBLISHED["llama-2-70b"]):
        job = Job(2048, 200)
        assert reading(config, job).intensity > 1000 > 3 > writing(config, job).intensity
        assert writing(config, replace(job, batch=32)).intensity > 4 * writing(config, job).intensity
