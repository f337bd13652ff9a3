"""What a ``config.json`` leaves out, or says without meaning it: each reader fills it in or drops it knowingly."""

from dataclasses import replace

import pytest

from llmbook.layers.yarn import Yarn
from llmbook.models import gemma, llama, olmo3

FULL, SLIDING = "full_attention", "sliding_attention"


def without(hf: dict, *names: str) -> dict:
    return {name: value for name, value in hf.items() if name not in names}


def test_a_mistral_without_a_word_has_its_window_and_null_means_none():
    """Version 0.1 has 4,096; later ones write null."""
    hf = llama.config_to_hf(llama.tiny(window=8))
    assert llama.config_from_hf(hf).window == 8
    assert llama.config_from_hf(without(hf, "sliding_window")).window == 4096
    assert llama.config_from_hf(hf | {"sliding_window": None}).window is None


def test_a_mixtral_without_a_word_runs_two_of_eight():
    config = llama.tiny(experts=3, experts_per_token=1)
    hf = llama.config_to_hf(config)
    assert hf["model_type"] == "mixtral" and llama.config_from_hf(hf) == config
    published = llama.config_from_hf(without(hf, "num_local_experts", "num_experts_per_tok"))
    assert (published.experts, published.experts_per_token, published.window) == (8, 2, None)
    assert llama.config_from_hf(hf | {"sliding_window": 16}).window == 16


def test_a_llama_has_neither_whatever_its_file_says():
    hf = llama.config_to_hf(llama.tiny()) | {"sliding_window": 8, "num_local_experts": 3, "num_experts_per_tok": 2}
    assert llama.config_from_hf(hf) == llama.tiny()
    assert llama.config_from_hf(hf | {"model_type": "mistral"}) == llama.tiny(window=8)


def test_a_bias_that_is_null_is_none():
    for family in (llama, gemma):
        hf = family.config_to_hf(family.tiny()) | {"attention_bias": None, "mlp_bias": None}
        assert family.config_from_hf(hf) == family.tiny()


@pytest.mark.parametrize("yarn", [None, Yarn(4.0, 32)])
def test_an_olmo_3_in_which_no_layer_has_a_window(yarn):
    """A window that no layer has is dropped; the layers are stretched all the same."""
    config = replace(olmo3.tiny(), window=None, full_attention_every=0, yarn=yarn)
    hf = olmo3.config_to_hf(config)
    assert hf["layer_types"] == [FULL] * 4 and hf["sliding_window"] is None
    assert olmo3.config_from_hf(hf) == config
    assert olmo3.config_from_hf(hf | {"sliding_window": 8}) == config


def test_an_olmo_3_in_which_every_layer_has_a_window():
    """What the file says of the layers without one, their stretching, means nothing."""
    config = replace(olmo3.tiny(), full_attention_every=0, yarn=None)
    hf = olmo3.config_to_hf(config)
    assert hf["layer_types"] == [SLIDING] * 4 and olmo3.config_from_hf(hf) == config
    stretched = olmo3.config_to_hf(olmo3.tiny())["rope_parameters"]
    assert stretched[FULL]["rope_type"] == "yarn"
    assert olmo3.config_from_hf(hf | {"rope_parameters": stretched}) == config
    with pytest.raises(ValueError, match="layers with a window, but sliding_window is null"):
        olmo3.config_from_hf(hf | {"sliding_window": None})


def test_layers_and_their_kinds_are_counted_alike():
    hf = olmo3.config_to_hf(olmo3.tiny())
    with pytest.raises(ValueError, match="no fixed rhythm"):
        olmo3.config_from_hf(hf | {"num_hidden_layers": 2**31})
