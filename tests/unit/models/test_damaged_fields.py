"""Fields that could be read in two ways, or as something they are not, are refused in every family that has them."""

import pytest

from llmbook.models import FAMILIES, t5_config
from llmbook.models.hf import one_of, read_flag, read_mapping

READERS = {name: (family.config_from_hf, family.config_to_hf(family.tiny())) for name, family in FAMILIES.items()}
READERS["t5"] = t5_config.config_from_hf, t5_config.config_to_hf(t5_config.tiny())
FLAGS = [  # a family, its field, and the value that asks for nothing special
    ("gpt2", "scale_attn_weights", True), ("gpt2", "scale_attn_by_inverse_layer_idx", False),
    ("falcon", "multi_query", True), ("falcon", "parallel_attn", True), ("falcon", "alibi", False),
    ("falcon", "new_decoder_architecture", False), ("falcon", "bias", False), ("phi", "qk_layernorm", False),
    ("t5", "is_encoder_decoder", True), ("llama", "attention_bias", False), ("olmo2", "mlp_bias", False),
    ("gemma", "attention_bias", False),
]  # fmt: skip
ROTARY = ["llama", "gemma", "olmo", "olmo2", "falcon", "phi"]


@pytest.mark.parametrize(("name", "field", "usual"), FLAGS)
@pytest.mark.parametrize("value", ["false", "true", 0, 1, [], 1.0])
def test_what_is_neither_true_nor_false_is_refused(name, field, usual, value):
    read, hf = READERS[name]
    assert read(hf | {field: usual}) == read(hf | {field: None}) == read(hf)  # null is left out
    with pytest.raises(ValueError, match=f"{field} must be true or false, not"):
        read(hf | {field: value})


@pytest.mark.parametrize("name", ROTARY)
@pytest.mark.parametrize("field", ["rope_parameters", "rope_scaling"])
@pytest.mark.parametrize("value", [0, "", [], False, "yarn", 7, [1]])
def test_rotary_parameters_are_named_fields_or_nothing(name, field, value):
    read, hf = READERS[name]
    assert read(hf | {field: {}}) == read(hf | {field: None}) == read(hf)
    with pytest.raises(ValueError, match=f"{field} must hold named fields, not"):
        read(hf | {field: value})


@pytest.mark.parametrize("name", ROTARY)
def test_two_bases_are_refused_and_one_in_two_places_is_read(name):
    read, hf = READERS[name]
    hf = hf | {"rope_theta": 500}
    assert read(hf | {"rope_parameters": {"rope_theta": 500.0}}).rope_base == 500.0 == read(hf).rope_base
    for field in ("rope_parameters", "rope_scaling"):
        with pytest.raises(ValueError, match=r"rope_theta has several values, \["):
            read(hf | {field: {"rope_theta": 10_000.0}})


@pytest.mark.parametrize("name", ROTARY)
def test_stretched_positions_are_refused_in_either_place_beside_the_other(name):
    read, hf = READERS[name]
    default, stretched = {"rope_type": "default"}, {"type": "linear", "factor": 2.0}
    for places in ({"rope_parameters": default, "rope_scaling": stretched}, {"rope_parameters": stretched}):
        with pytest.raises(ValueError, match="rope type 'linear' is not built here"):
            read(hf | places)


@pytest.mark.parametrize("model_type", ["llama", "mistral", "mixtral"])
def test_a_default_is_no_second_base(model_type):
    """In the new layout the base stands in one place, and the old one is empty."""
    read, hf = READERS[model_type]
    new = {name: value for name, value in hf.items() if name != "rope_theta"} | {"model_type": model_type}
    assert read(new | {"rope_parameters": {"rope_theta": 777.0, "rope_type": "default"}}).rope_base == 777.0
    assert read(new).rope_base == (1e6 if model_type == "mixtral" else 1e4)


def test_two_shares_of_a_head_are_refused():
    read, hf = READERS["phi"]
    assert read(hf | {"rope_parameters": {"partial_rotary_factor": 0.4}}) == read(hf)
    with pytest.raises(ValueError, match="partial_rotary_factor has several values"):
        read(hf | {"rope_parameters": {"partial_rotary_factor": 0.8}})


@pytest.mark.parametrize("value", ["", 0, [], {}, False])
def test_an_activation_that_is_no_name_is_not_passed_over(value):
    read, hf = READERS["gemma"]
    assert read(hf | {"hidden_activation": None}) == read(hf)
    with pytest.raises(ValueError, match="unknown hidden_act"):
        read(hf | {"hidden_activation": value})


def test_the_readers_of_one_field():
    assert read_flag({}, "a", True) is True and read_flag({"a": False}, "a", True) is False
    assert read_mapping({"a": {"b": 1}}, "a") == {"b": 1} and read_mapping({}, "a") == {}
    assert one_of("a", ({"a": 2}, {}, {"a": 2.0}), 5) == 2.0 and one_of("a", ({}, {"a": None}), 5) is None
    with pytest.raises(ValueError, match="several values"):
        one_of("a", ({"a": 1}, {"a": True}), 5)
