"""OLMo 2 and 3 against transformers: the reference that we got, faults one by one, beyond the window, in bfloat16.

``test_more_families.py`` has both in its list: loud and quiet, cached, padded, whole folders, generation.
"""

import copy
import math
from dataclasses import replace

import pytest
import torch
from pairs import MORE_CASES, difference, in_pieces, make_pair, our_logits, random_ids
from torch import nn
from transformers import Olmo3Config

from llmbook.debug import relative_difference
from llmbook.generation import KVCache
from llmbook.layers import attention, yarn
from llmbook.layers.rope import apply_rope, rope_angles
from llmbook.layers.yarn import Yarn
from llmbook.models import PUBLISHED, Decoder, decoder, olmo2, olmo3

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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer_types": ["full_attention"] + 4 * ["sliding_attention"]}, "no fixed rhythm"),
        ({"rope_theta": 10_000.0, "rope_scaling": {"rope_type": "linear", "factor": 2.0}}, "'linear' is not built"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64,
                           "attention_factor": 1.0}}, "attention_factor is 1.0"),
    ],
)  # fmt: skip
def test_what_is_not_built_is_refused(change, message):
    hf = {key: value for key, value in olmo3.config_to_hf(olmo3.tiny()).items() if key != "rope_parameters"}
    with pytest.raises(ValueError, match=message):
        olmo3.config_from_hf(hf | {"num_hidden_layers": 5, "layer_types": None} | change)


def test_stretched_windows_are_refused():
    hf = olmo3.config_to_hf(olmo3.tiny())
    rope = hf["rope_parameters"]
    with pytest.raises(ValueError, match="layers with a window are not stretched"):
        olmo3.config_from_hf(hf | {"rope_parameters": rope | {"sliding_attention": rope["full_attention"]}})


# Faults


def changed(ours: Decoder, **fields) -> Decoder:
    """The same weights under another config; tensors that it has no place for are dropped."""
    broken = Decoder(replace(ours.config, **fields)).eval()
    broken.load_state_dict({name: tensor for name, tensor in ours.state_dict().items() if name in broken.state_dict()})
    return broken


def set_norms(ours: Decoder, act) -> Decoder:
    """A copy with something done to each block."""
    broken = copy.deepcopy(ours)
    for block in broken.layers:
        act(block)
    return broken


def norms_before_the_sublayers(block):
    block.attention_norm, block.attention_post_norm = block.attention_post_norm, block.attention_norm
    block.feedforward_norm, block.feedforward_post_norm = block.feedforward_post_norm, block.feedforward_norm


def norms_after_the_addition(block):
    block.norm_place = "post"


def norms_exchanged(block):
    block.attention_post_norm, block.feedforward_post_norm = block.feedforward_post_norm, block.attention_post_norm


def a_norm_before_as_well(block):
    block.attention_norm = copy.deepcopy(block.attention_post_norm)


class NormPerHead(nn.Module):
    """The mean square of each head alone, as Gemma 3 has it, with the same gains."""

    def __init__(self, norm, head_size):
        super().__init__()
        self.norm, self.head_size = norm, head_size

    def forward(self, x):
        heads = x.unflatten(-1, (-1, self.head_size))
        scaled = heads * torch.rsqrt(heads.square().mean(-1, keepdim=True) + self.norm.eps)
        return scaled.flatten(-2) * self.norm.weight


def norm_per_head(block):
    attend = block.self_attn
    attend.q_norm, attend.k_norm = (NormPerHead(norm, attend.head_size) for norm in (attend.q_norm, attend.k_norm))


def gains_of_queries_not_loaded(block):
    nn.init.ones_(block.self_attn.q_norm.weight)


def only_keys_normed(block):
    block.self_attn.q_norm = nn.Identity()


class NormAfterTurning(attention.Attention):
    """Rotate first, then norm."""

    def forward(self, x, rotation, mask=None, cache=None, layer=0):
        def normed(values, norm):
            flat = apply_rope(self._heads(values), *rotation).transpose(1, 2).flatten(2)
            return self._heads(norm(flat))

        query, key = normed(self.q_proj(x), self.q_norm), normed(self.k_proj(x), self.k_norm)
        out = attention.attend(query, key, self._heads(self.v_proj(x)), mask)
        return self.o_proj(out.transpose(1, 2).flatten(2))


def norm_after_turning(block):
    block.self_attn.__class__ = NormAfterTurning


BLOCK_FAULTS = [
    norms_before_the_sublayers, norms_after_the_addition, norms_exchanged, a_norm_before_as_well, norm_per_head,
    gains_of_queries_not_loaded, only_keys_normed, norm_after_turning,
]  # fmt: skip
# All gains are 1 in a fresh model, and a rotation keeps lengths; but a norm after it takes YaRN's temperature away.
HIDDEN = {
    *((case, fault) for case in CASES for fault in (norms_exchanged, gains_of_queries_not_loaded)),
    ("olmo2", norm_after_turning),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("init", ["loud", "quiet"])
@pytest.mark.parametrize("fault", BLOCK_FAULTS)
def test_fault_in_a_block(case, init, fault):
    ours, theirs = make_pair(case, init, 0)
    ids = random_ids(ours.config, 3, 24, 0)
    found = difference(set_norms(ours, fault), theirs, ids)
    if init == "quiet" and (case, fault) in HIDDEN:
        assert found <= LIMIT
    else:
        assert difference(ours, theirs, ids) <= LIMIT < found / 1.5


CONFIG_FAULTS = {
    "no norm of queries and keys": ("olmo2", {"qk_norm": False}),
    "eps of OLMo 1": ("olmo2", {"norm_eps": 1e-5}),
    "rotary base of OLMo 1": ("olmo2", {"rope_base": 10_000.0}),
    "window one wider": ("olmo3", {"window": 6}),
    "window one narrower": ("olmo3", {"window": 4}),
    "no window at all": ("olmo3", {"window": None, "full_attention_every": 0}),
    "window in every layer": ("olmo3", {"full_attention_every": 0}),
    "the third layer full": ("olmo3", {"full_attention_every": 3}),
    "not stretched": ("olmo3", {"yarn": None}),
    "stretched by another factor": ("olmo3", {"yarn": Yarn(8.0, 16, 4.0, 1.0)}),
    "stretched from another length": ("olmo3", {"yarn": Yarn(4.0, 32, 4.0, 1.0)}),
    "another ramp": ("olmo3", {"yarn": Yarn(4.0, 16, 4.0, 0.25)}),
}


@pytest.mark.parametrize("fault", CONFIG_FAULTS)
def test_fault_in_the_config(fault):
    case, fields = CONFIG_FAULTS[fault]
    init = "quiet" if "eps" in fault else "loud"
    ours, theirs = make_pair(case, init, 0)
    ids = random_ids(ours.config, 3, 24, 0)
    assert difference(ours, theirs, ids) <= LIMIT < difference(changed(ours, **fields), theirs, ids) / 1.5


def stretched_everywhere(patch):
    """The fault that public code has had: one rotation for all layers."""
    right = Decoder._rotation
    patch.setattr(Decoder, "_rotation", lambda self, positions, window: right(self, positions, None))


def windows_stretched_instead(patch):
    right = Decoder._rotation
    patch.setattr(
        Decoder, "_rotation", lambda self, positions, window: right(self, positions, 5 if window is None else None)
    )


def positions_divided(patch):
    """Plain interpolation: all pairs slowed alike."""
    patch.setattr(yarn, "slowed_share", lambda pairs, base, stretching: torch.ones(pairs))


def ramp_not_rounded(patch):
    def exact(pairs, base, stretching):
        turns = stretching.original_length / base ** (torch.arange(pairs) / pairs) / (2 * math.pi)
        ends = math.log(stretching.beta_fast), math.log(stretching.beta_slow)
        return ((ends[0] - turns.log()) / (ends[0] - ends[1])).clamp(0, 1)

    patch.setattr(yarn, "slowed_share", exact)


def temperature_forgotten(patch):
    patch.setattr(Yarn, "temperature", 1.0)


def temperature_once(patch):
    """Scores multiplied by t, not by its square."""
    patch.setattr(Yarn, "temperature", property(lambda self: math.sqrt(0.1 * math.log(self.factor) + 1)))


def one_mask_for_all_layers(patch):
    right = decoder.positions_and_mask
    patch.setattr(decoder, "positions_and_mask", lambda *args: right(*args[:-1], 5))


@pytest.mark.parametrize("fault", [
    stretched_everywhere, windows_stretched_instead, positions_divided, ramp_not_rounded, temperature_forgotten,
    temperature_once, one_mask_for_all_layers,
])  # fmt: skip
@pytest.mark.parametrize("init", ["loud", "quiet"])
def test_fault_in_long_texts(fault, init, monkeypatch):
    ours, theirs = make_pair("olmo3", init, 0)
    ids = random_ids(ours.config, 3, 24, 0)
    assert difference(ours, theirs, ids) <= LIMIT
    with monkeypatch.context() as patch:
        fault(patch)
        assert difference(ours, theirs, ids) > 1.5 * LIMIT


def test_short_texts_hide_the_windows():
    """Why the texts of these tests are longer than the window."""
    ours, theirs = make_pair("olmo3", "loud", 0)
    for length, seen in ((5, False), (6, True)):
        found = difference(changed(ours, window=60), theirs, random_ids(ours.config, 3, length, 0))
        assert (found > LIMIT) == seen


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
@torch.no_grad()
def test_bfloat16_is_as_accurate_as_the_reference(case):
    """transformers rotates these two in float32, and multiplies by the gain before it rounds; ours rounds as Llama."""
    squares = torch.zeros(2, dtype=torch.float64)
    for seed in range(4):
        ours, theirs = make_pair(case, "loud", seed, torch.bfloat16)
        ids = random_ids(ours.config, 3, 24, seed)
        truth = copy.deepcopy(ours).float()(ids)
        found = torch.stack((our_logits(ours, ids, "plain"), theirs(ids).logits)).double()
        squares += (found - truth).square().mean(dim=(1, 2, 3))
    assert 0.7 < math.sqrt(squares[0] / squares[1]) < 1.4


def test_special_ids_come_with_the_published_vocabulary_only():
    published = olmo2.config_to_hf(PUBLISHED["olmo-2-7b"])
    assert (published["eos_token_id"], published["pad_token_id"]) == (100_257, 100_277)
    assert olmo3.config_to_hf(PUBLISHED["olmo-3-7b"])["eos_token_id"] == 100_257
    for family in (olmo2, olmo3):
        hf = family.config_to_hf(family.tiny())
        assert hf["eos_token_id"] is None and hf["pad_token_id"] is None and hf["bos_token_id"] is None
