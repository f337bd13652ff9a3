"""OLMo 2 and 3 against transformers: the reference that we got, beyond the window, in bfloat16.

``test_more_families.py`` has both in its list: loud and quiet, cached, padded, whole folders, generation.
``test_olmo_2_3_faults.py`` breaks them one fault at a time.
"""

import math
from dataclasses import replace

import pytest
import torch
from pairs import MORE_CASES, bfloat16_error_ratio, in_pieces, make_pair, random_ids
from transformers import Olmo3Config

from llmbook.debug import relative_difference
from llmbook.generation import KVCache
from llmbook.layers.rope import rope_angles
from llmbook.models import PUBLISHED, olmo3

LIMIT = 1e-5
CASES = ("olmo2", "olmo3")


# The reference that we got


def test_the_reference_is_olmo_2_as_published():
    theirs, config = make_pair("olmo2", "quiet", 0)[1], MORE_CASES["olmo2"][1]
    layer = theirs.model.layers[0]
    assert {name for name, _ in layer.named_children() if "norm" in name} == {
        "post_attention_layernorm", "post_feedforward_layernorm"}  # fmt: skip
    assert layer.self_attn.q_norm.weight.shape == (48,) and layer.self_attn.k_norm.weight.shape == (24,)
    eps = {module.variance_epsilon for module in theirs.modules() if hasattr(module, "variance_epsilon")}
    assert eps == {config.norm_eps} == {1e-6}
    speeds = 500_000.0 ** (-torch.arange(0, 12, 2).double() / 12)
    torch.testing.assert_close(theirs.model.rotary_emb.inv_freq.double(), speeds, rtol=1e-6, atol=0)
    assert theirs.lm_head.weight is not theirs.model.embed_tokens.weight
    assert theirs.config._attn_implementation == "sdpa"


def test_the_reference_stretches_its_full_layers_and_no_other():
    """Not every release of transformers does: see pull request 45945, which put this right again."""
    theirs = make_pair("olmo3", "quiet", 0)[1]
    assert [layer.self_attn.sliding_window for layer in theirs.model.layers] == [5, 5, 5, None, 5]
    rope = theirs.model.rotary_emb
    plain = 100.0 ** (-torch.arange(0, 12, 2).double() / 12)
    torch.testing.assert_close(rope.sliding_attention_inv_freq.double(), plain, rtol=1e-6, atol=0)
    # by hand: pair 0 makes 2.5 turns in 16 positions and pair 2 half a turn, so the ramp is 0, 1/2, 1
    ramp = torch.tensor([0, 0.5, 1, 1, 1, 1]).double()
    torch.testing.assert_close(rope.full_attention_inv_freq.double(), plain * (1 - ramp + ramp / 4), rtol=1e-6, atol=0)
    assert rope.sliding_attention_attention_scaling == 1.0
    assert rope.full_attention_attention_scaling == pytest.approx(0.1 * math.log(4) + 1)


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.startswith("olmo-3")])
def test_our_stretching_is_transformers_at_the_published_size(name):
    from transformers.models.olmo3.modeling_olmo3 import Olmo3RotaryEmbedding

    config = PUBLISHED[name]
    written = {key: value for key, value in olmo3.config_to_hf(config).items() if key != "model_type"}
    rope = Olmo3RotaryEmbedding(Olmo3Config(**written))
    positions = torch.tensor([[0, 1, 4095, 8192, 65_535]])
    for kind, stretched in (("full_attention", config.yarn), ("sliding_attention", None)):
        cos, sin = rope(torch.zeros(1), positions, kind)
        ours = rope_angles(positions, config.head_size, config.rope_base, stretched)
        assert torch.equal(torch.cat((ours[0], ours[0]), -1), cos) and torch.equal(torch.cat((ours[1],) * 2, -1), sin)


def old_format(config) -> dict:
    """As the released folders write it: one base, and the stretching without a word on the kinds of layer."""
    hf = olmo3.config_to_hf(config)
    rope = hf.pop("rope_parameters")["full_attention"]
    return hf | {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope}


def test_both_ways_of_writing_the_stretching_are_read():
    config = PUBLISHED["olmo-3-7b"]
    assert olmo3.config_from_hf(old_format(config)) == config
    assert olmo3.config_from_hf(olmo3.config_to_hf(replace(config, yarn=None))).yarn is None
    hf = old_format(replace(config, rope_base=100.0))
    theirs = Olmo3Config(**{key: value for key, value in hf.items() if key != "model_type"})
    bases = [theirs.rope_parameters[kind]["rope_theta"] for kind in ("full_attention", "sliding_attention")]
    assert bases == [100.0, 500_000], "transformers gives an old-style base to the full layers only: why ours is new"


# Beyond the window, and in bfloat16


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("init", ["loud", "quiet"])
def test_four_windows_one_token_at_a_time(case, init):
    ours, theirs = make_pair(case, init, 2)
    ids = random_ids(ours.config, 2, 60, 2)
    cache = KVCache(ours.config, 2)
    logits = torch.cat([ours(one, cache=cache) for one in ids.split(1, dim=1)], dim=1)
    assert relative_difference(logits, ours(ids)) <= LIMIT
    assert relative_difference(logits, theirs(ids).logits) <= LIMIT


def test_a_cache_that_forgets_what_the_full_layer_needs_is_found():
    """The twin: keys outside the window set to zero in every layer."""
    ours = make_pair("olmo3", "loud", 2)[0]
    ids = random_ids(ours.config, 2, 24, 2)

    class Forgetful(KVCache):
        def update(self, layer, key, value):
            key, value = super().update(layer, key, value)
            key[:, :, :-5] = 0
            return key, value

    cache = Forgetful(ours.config, 2)
    logits = torch.cat([ours(piece, cache=cache) for piece in in_pieces(ids)], dim=1)
    assert relative_difference(logits, ours(ids)) > 100 * LIMIT


@pytest.mark.parametrize("case", CASES)
def test_bfloat16_is_as_accurate_as_the_reference(case):
    """transformers rotates these two in float32, and multiplies by the gain before it rounds; ours rounds as Llama."""
    assert 0.7 < bfloat16_error_ratio(case, seeds=4) < 1.4
