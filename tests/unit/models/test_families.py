"""Reading and writing ``config.json``: what is left out, what is old, and what this book refuses."""

import json
from dataclasses import replace

import pytest

from llmbook.models import FAMILIES, PUBLISHED, falcon, gemma, llama, olmo, olmo2, olmo3

OF_FAMILY = {name: family for family in FAMILIES.values() for name in family.published}
LIKE_LLAMA = {"gemma": gemma, "llama": llama, "olmo": olmo}
"""Families whose config names its sizes as Llama's does; tests/parity/test_more_families.py has the others."""


def without(hf: dict, *names: str) -> dict:
    return {name: value for name, value in hf.items() if name not in names}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_configs_go_there_and_back(name):
    family = OF_FAMILY[name]
    hf = family.config_to_hf(PUBLISHED[name])
    assert family.config_from_hf(hf) == PUBLISHED[name]
    assert FAMILIES[hf["model_type"]] is family
    other = replace(PUBLISHED[name], layers=4, vocab_size=64)
    assert family.config_from_hf(family.config_to_hf(other)) == other


@pytest.mark.parametrize("family", LIKE_LLAMA.values(), ids=LIKE_LLAMA)
def test_each_size_reaches_its_field(family):
    """Thirteen different numbers, so that no two can be exchanged unseen."""
    config = replace(
        family.tiny(), vocab_size=101, width=22, layers=3, heads=10, kv_heads=5, head_size=14, feedforward_width=17,
        max_length=19, rope_base=23.0,
    )  # fmt: skip
    hf = family.config_to_hf(config)
    expected = {
        "vocab_size": 101, "hidden_size": 22, "num_hidden_layers": 3, "num_attention_heads": 10,
        "num_key_value_heads": 5, "head_dim": 14, "intermediate_size": 17, "max_position_embeddings": 19,
        "rope_theta": 23.0,
    }  # fmt: skip
    assert {name: hf[name] for name in expected} == expected
    assert family.config_from_hf(hf) == config


@pytest.mark.parametrize("family", LIKE_LLAMA.values(), ids=LIKE_LLAMA)
@pytest.mark.parametrize("drop", [lambda hf, *names: without(hf, *names), lambda hf, *names: hf | dict.fromkeys(names)])
def test_what_is_left_out_or_null_follows_the_rules_of_hugging_face(family, drop):
    hf = family.config_to_hf(replace(family.tiny(), heads=4, kv_heads=4, head_size=12, tie_embeddings=True))
    short = hf | dict.fromkeys(["num_key_value_heads", "head_dim"])
    if family is not gemma:
        short = drop(hf, "num_key_value_heads", "head_dim")
    config = family.config_from_hf(short)
    assert (config.kv_heads, config.head_size) == (4, 12)
    config = family.config_from_hf(drop(hf, "tie_word_embeddings"))
    assert config.tie_embeddings == (family is gemma), "tied unless it says otherwise: only Gemma"


def test_each_family_has_its_own_word_for_what_is_left_out():
    """Not all follow Llama: tests/parity/test_left_out_fields.py asks the reference about every field."""
    hf = gemma.config_to_hf(replace(gemma.tiny(), heads=32, kv_heads=32))
    config = gemma.config_from_hf(without(hf, "num_key_value_heads", "head_dim"))
    assert (config.kv_heads, config.head_size) == (16, 256)
    short = without(llama.config_to_hf(llama.tiny()), "rope_theta", "rms_norm_eps", "num_key_value_heads")
    found = [llama.config_from_hf(short | {"model_type": name, "num_attention_heads": 16, "head_dim": 12})
             for name in ("llama", "mistral", "mixtral")]  # fmt: skip
    assert [config.kv_heads for config in found] == [16, 8, 8]
    assert [(config.rope_base, config.norm_eps) for config in found] == [(1e4, 1e-6), (1e4, 1e-6), (1e6, 1e-5)]


@pytest.mark.parametrize("fields", [
    {"hidden_act": "gelu"},  # as first released
    {"hidden_act": "gelu", "hidden_activation": None},
    {"hidden_act": "gelu", "hidden_activation": "gelu_pytorch_tanh"},
    {"hidden_act": "gelu_pytorch_tanh"},
])  # fmt: skip
def test_every_gemma_means_the_tanh_approximation(fields):
    hf = without(gemma.config_to_hf(gemma.tiny()), "hidden_act") | fields
    assert gemma.config_from_hf(hf).activation == "gelu_tanh"


def test_gelu_means_the_exact_one_elsewhere():
    assert llama.config_from_hf(llama.config_to_hf(llama.tiny()) | {"hidden_act": "gelu"}).activation == "gelu"


def test_rope_base_in_the_old_place_and_in_the_new():
    hf = without(llama.config_to_hf(llama.tiny()), "rope_theta")
    assert llama.config_from_hf(hf).rope_base == 10000.0
    assert llama.config_from_hf(hf | {"rope_theta": 7.0}).rope_base == 7.0
    new = {"rope_parameters": {"rope_type": "default", "rope_theta": 9.0}}
    assert llama.config_from_hf(hf | new).rope_base == 9.0
    assert llama.config_from_hf(hf | {"rope_theta": 7.0, "rope_scaling": None}).rope_base == 7.0


@pytest.mark.parametrize("family", LIKE_LLAMA.values(), ids=LIKE_LLAMA)
@pytest.mark.parametrize("change", [
    {"rope_scaling": {"type": "linear", "factor": 2.0}},
    {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
    {"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0}},
])  # fmt: skip
def test_stretched_positions_are_refused(family, change):
    with pytest.raises(ValueError, match="without rope scaling"):
        family.config_from_hf(family.config_to_hf(family.tiny()) | change)


@pytest.mark.parametrize("family", LIKE_LLAMA.values(), ids=LIKE_LLAMA)
@pytest.mark.parametrize("name", ["hidden_size", "vocab_size", "intermediate_size", "max_position_embeddings"])
def test_a_missing_size_is_named(family, name):
    with pytest.raises(ValueError, match=f"no {name}; is it really a"):
        family.config_from_hf(without(family.config_to_hf(family.tiny()), name))


def test_half_the_biases_are_refused():
    hf = llama.config_to_hf(llama.tiny())
    assert llama.config_from_hf(hf | {"attention_bias": True, "mlp_bias": True}).bias
    assert not llama.config_from_hf(without(hf, "attention_bias", "mlp_bias")).bias
    for half in ("attention_bias", "mlp_bias"):
        with pytest.raises(ValueError, match="everywhere or nowhere"):
            llama.config_from_hf(hf | {half: True})


def test_only_a_llama_can_have_biases():
    """The other two formats have none in the feed-forward layer, so reading back shows that something was lost."""
    for family in (gemma, llama, olmo):
        biased = replace(family.tiny(), bias=True)
        assert family.config_from_hf(family.config_to_hf(biased)).bias == (family is llama)


def test_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="unknown hidden_act 'mish'"):
        olmo.config_from_hf(olmo.config_to_hf(olmo.tiny()) | {"hidden_act": "mish"})


def test_eps_of_each_family():
    for family, eps in ((gemma, 1e-6), (llama, 1e-6)):
        hf = family.config_to_hf(family.tiny())
        assert family.config_from_hf(hf | {"rms_norm_eps": 3e-4}).norm_eps == 3e-4
        assert family.config_from_hf(without(hf, "rms_norm_eps")).norm_eps == eps
    assert olmo.config_from_hf(olmo.config_to_hf(olmo.tiny()) | {"rms_norm_eps": 3e-4}).norm_eps == 1e-5


def test_the_special_ids_of_olmo_belong_to_its_published_vocabulary():
    """An id beyond a small vocabulary would be one that no text can contain."""
    for name in ("olmo-1b", "olmo-7b"):
        hf = olmo.config_to_hf(PUBLISHED[name])
        assert (hf["bos_token_id"], hf["eos_token_id"], hf["pad_token_id"]) == (None, 50_279, 1)
    hf = olmo.config_to_hf(olmo.tiny())
    assert (hf["bos_token_id"], hf["eos_token_id"], hf["pad_token_id"]) == (None, None, None)


def test_the_released_falcon_config_leaves_sizes_out():
    written = falcon.config_to_hf(falcon.PUBLISHED["falcon-7b"])
    left_out = ("ffn_hidden_size", "max_position_embeddings")
    short = {name: value for name, value in written.items() if name not in left_out}
    assert falcon.config_from_hf(json.loads(json.dumps(short))) == falcon.PUBLISHED["falcon-7b"]
    with pytest.raises(ValueError, match="differs in new_decoder_architecture"):
        falcon.config_from_hf(written | {"new_decoder_architecture": True})


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


def test_special_ids_come_with_the_published_vocabulary_only():
    published = olmo2.config_to_hf(PUBLISHED["olmo-2-7b"])
    assert (published["eos_token_id"], published["pad_token_id"]) == (100_257, 100_277)
    assert olmo3.config_to_hf(PUBLISHED["olmo-3-7b"])["eos_token_id"] == 100_257
    for family in (olmo2, olmo3):
        hf = family.config_to_hf(family.tiny())
        assert hf["eos_token_id"] is None and hf["pad_token_id"] is None and hf["bos_token_id"] is None
