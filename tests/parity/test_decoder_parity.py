"""Our decoder gives the logits of transformers' Gemma, Llama and OLMo. ``test_faults.py`` shows that this can fail."""



import copy
import math

import pytest
import torch
from pairs import (
    CASES,
    bfloat16_error_ratio,
    difference,
    make_pair,
    our_logits,
    random_ids,
    real_tokens,
    reference_config,
    reference_of,
    tolerance,
)
from torch.nn import functional as F
from transformers.models.gemma.modeling_gemma import apply_rotary_pos_emb

from llmbook.debug import relative_difference
from llmbook.layers import norm
from llmbook.layers.rope import apply_rope, rope_angles
from llmbook.models import FAMILIES

SCENES = ("plain", "cached", "padded", "padded and cached", "padded together")
EXACT_IN_BFLOAT16 = [case for case in CASES if tolerance(case, torch.bfloat16) == 0.0]
OLMO = [case for case in CASES if case.startswith("olmo")]


@pytest.mark.parametrize("case", CASES)
def test_the_reference_is_what_its_config_says(case):
    """A misread key would leave transformers' default in place, and both models could be wrong alike."""
    family, config = CASES[case]
    theirs = make_pair(case, "quiet", 0)[1]
    attention, x = theirs.model.layers[0].self_attn, torch.linspace(-3, 3, 101, dtype=torch.float64)
    expected = {"gelu_tanh": x * 0.5 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
                "silu": x / (1 + torch.exp(-x))}[config.activation]  # fmt: skip
    torch.testing.assert_close(theirs.model.layers[0].mlp.act_fn(x), expected, rtol=1e-12, atol=1e-12)
    speeds = config.rope_base ** (-torch.arange(0, config.head_size, 2).double() / config.head_size)
    torch.testing.assert_close(theirs.model.rotary_emb.inv_freq.double(), speeds, rtol=1e-6, atol=0)
    assert attention.head_dim == config.head_size and attention.scaling == config.head_size**-0.5
    assert attention.k_proj.out_features == config.kv_heads * config.head_size
    assert theirs.config._attn_implementation == "sdpa"
    assert (theirs.lm_head.weight is theirs.model.embed_tokens.weight) == config.tie_embeddings
    assert getattr(theirs.config, "clip_qkv", None) == config.clip_qkv
    assert (attention.q_proj.bias is not None) == config.bias
    if family == "olmo":
        assert not [name for name, _ in theirs.named_parameters() if "norm" in name] and config.norm_eps == 1e-5
    else:
        found = theirs.model.norm.eps if family == "gemma" else theirs.model.norm.variance_epsilon
        assert found == theirs.config.rms_norm_eps == config.norm_eps


@pytest.mark.parametrize("case", CASES)
def test_configs_go_there_and_back(case):
    family, config = CASES[case]
    module = FAMILIES[family]
    assert module.config_from_hf(module.config_to_hf(config)) == config
    # transformers 5 writes the base of the rotary embedding in another place
    assert module.config_from_hf(reference_config(family, config).to_dict()) == config


def test_rotation_alone():
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 4, 7, 16, generator=generator), torch.randn(2, 1, 7, 16, generator=generator)
    cos, sin = rope_angles(torch.arange(7)[None] + torch.tensor([[0], [5]]), 16, 10000.0)
    theirs = apply_rotary_pos_emb(query, key, torch.cat((cos, cos), -1), torch.cat((sin, sin), -1))
    for ours, expected in zip((query, key), theirs, strict=True):
        assert torch.equal(apply_rope(ours, cos[:, None], sin[:, None]), expected)
        assert not torch.equal(apply_rope(ours, cos[:, None], -sin[:, None]), expected)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("init", ["loud", "quiet"])
@pytest.mark.parametrize("scene", SCENES)
def test_float32(case, init, scene):
    for seed in range(3):
        ours, theirs = make_pair(case, init, seed)
        ids = random_ids(ours.config, 3, 22 + seed, seed)
        assert difference(ours, theirs, ids, scene) <= tolerance(case, torch.float32)


@pytest.mark.parametrize("case", CASES)
def test_float32_against_eager_attention(case):
    """The formula written out, so that SDPA is not only compared with itself."""
    for init in ("loud", "quiet"):
        ours, theirs = make_pair(case, init, 0, attention="eager")
        ids = random_ids(ours.config, 2, 24, 0)
        assert 0 < difference(ours, theirs, ids) <= tolerance(case, torch.float32)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("length", [1, 2, 64])
def test_lengths(case, length):
    ours, theirs = make_pair(case, "loud", 4)
    assert difference(ours, theirs, random_ids(ours.config, 2, length, length)) <= tolerance(case, torch.float32)


@pytest.mark.parametrize("case", EXACT_IN_BFLOAT16)
@pytest.mark.parametrize("scene", ["plain", "cached", "padded together"])
def test_bfloat16_is_equal_bit_for_bit(case, scene):
    """Against the SDPA path, whose roundings stand where ours do."""
    for init in ("loud", "quiet"):
        ours, theirs = make_pair(case, init, 1, torch.bfloat16)
        assert our_logits(ours, random_ids(ours.config, 1, 20, 1), "plain").dtype == torch.bfloat16
        assert difference(ours, theirs, random_ids(ours.config, 3, 24, 1), scene) == tolerance(case, torch.bfloat16)


@pytest.mark.parametrize("case", EXACT_IN_BFLOAT16)
def test_bfloat16_equality_sees_one_rounding(case):
    """The twin: one row of one matrix, moved to the next numbers that bfloat16 has."""
    sound, theirs = make_pair(case, "loud", 1, torch.bfloat16)
    ours = copy.deepcopy(sound)
    row = ours.layers[1].mlp.down_proj.weight[0]
    row.view(torch.int16)[:] += 1
    step = row.float() / sound.layers[1].mlp.down_proj.weight[0].float() - 1
    assert 0 < float(step.min()) <= float(step.max()) < 1e-2
    assert difference(ours, theirs, random_ids(ours.config, 3, 24, 1)) > 0


@pytest.mark.parametrize("case", OLMO)
@pytest.mark.parametrize("scene", SCENES)
def test_bfloat16_of_olmo(case, scene):
    for seed in range(3):
        ours, theirs = make_pair(case, "quiet", seed, torch.bfloat16)
        ids = random_ids(ours.config, 3, 24, seed)
        assert difference(ours, theirs, ids, scene) <= tolerance(case, torch.bfloat16)


@pytest.mark.parametrize("case", CASES)
def test_bfloat16_is_as_accurate_as_the_reference(case):
    assert 0.8 < bfloat16_error_ratio(case, seeds=3) < 1.25


@pytest.mark.parametrize("case", CASES)
@torch.no_grad()
def test_cached_and_padded_equal_uncached_and_unpadded(case):
    """Ours against ours, so that it holds where the reference is not looked at."""
    ours = make_pair(case, "loud", 2)[0]
    ids = random_ids(ours.config, 4, 24, 2)
    plain, real = our_logits(ours, ids, "plain"), real_tokens(ids)
    assert relative_difference(our_logits(ours, ids, "cached"), plain) <= tolerance(case, torch.float32)
    alone = torch.cat([ours(row[mask][None])[0] for row, mask in zip(ids, real, strict=True)])
    for scene in ("padded", "padded and cached"):
        together = our_logits(ours, ids, scene)
        assert together.isfinite().all(), "a padding position must not be NaN, or it spreads"
        assert relative_difference(together[real], alone) <= tolerance(case, torch.float32)
    assert relative_difference(plain[real], alone) > 0.1, "padding must matter, or nothing was tested"


@pytest.mark.parametrize("case", ["gemma-7b", "olmo-untied"])
@torch.no_grad()
def test_long_positions(case):
    """4,000 tokens: 15 times the number above which bfloat16 merges positions."""
    length = 4000
    ours, theirs = make_pair(case, "loud", 0, max_length=length)
    ids = random_ids(ours.config, 1, length, 0)
    logits, expected = ours(ids), theirs(ids).logits
    assert relative_difference(logits, expected) <= tolerance(case, torch.float32)


@pytest.mark.parametrize("case", CASES)
def test_gradients(case):
    """Training follows the reference too: the gradient of every tensor, by the family's key table."""
    family, _ = CASES[case]
    ours, theirs = gradients(case)
    table = FAMILIES[family].key_table(CASES[case][1])
    for name, gradient in theirs.items():
        assert relative_difference(table[name].join(ours), gradient) <= 1e-4, name


def test_gradients_see_a_detached_norm(monkeypatch):
    """The twin: a root mean square that is held constant gives the same logits and other gradients."""

    def detached(x, weight=None, *, eps, unit_offset=False):
        return x * torch.rsqrt(x.detach().square().mean(-1, keepdim=True) + eps) * (weight + unit_offset)

    monkeypatch.setattr(norm, "rms_norm", detached)
    ours, theirs = gradients("gemma-7b")
    assert relative_difference(ours["norm.weight"], theirs["model.norm.weight"]) <= 1e-4
    first = "model.layers.0.self_attn.q_proj.weight"
    assert relative_difference(ours[first.removeprefix("model.")], theirs[first]) > 1e-2


def gradients(case: str) -> tuple[dict, dict]:
    """The gradients of one cross-entropy loss in both models, by tensor name."""
    ours = copy.deepcopy(make_pair(case, "quiet", 3)[0])
    for tensor in ours.parameters():
        tensor *= 5  # between quiet and loud: gradients of saturated attention are mostly zero
    theirs = reference_of(CASES[case][0], ours)
    ids, found = random_ids(ours.config, 2, 16, 3), []
    for model, read in ((ours, lambda: ours(ids)), (theirs, lambda: theirs(ids).logits)):
        model.requires_grad_(True)
        F.cross_entropy(read()[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).backward()
        found.append({name: tensor.grad for name, tensor in model.named_parameters()})
    return tuple(found)
