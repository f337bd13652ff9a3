"""The search for the faulty module works against transformers' models, through a family's key table."""

import copy
from dataclasses import replace

import pytest
import torch
from pairs import CASES, make_pair, random_ids, reference_config
from transformers import GemmaForCausalLM, LlamaForCausalLM

from llmbook.debug import first_divergence, randomize_
from llmbook.layers.activation import ACTIVATIONS
from llmbook.models import FAMILIES


def names(case: str) -> dict[str, str]:
    """The key table, with the norms of OLMo too: they have no tensors."""
    family, config = CASES[case]
    return FAMILIES[family].key_table(replace(config, norm="rms"))


def search(case: str, broken=None, **options):
    ours, theirs = make_pair(case, "loud", 0)
    return first_divergence(broken or ours, theirs, random_ids(ours.config, 2, 12, 0), names=names(case), **options)


@pytest.mark.parametrize("case", CASES)
def test_sound_models_do_not_diverge(case):
    assert search(case) is None


@pytest.mark.parametrize("case", CASES)
def test_a_fault_in_the_second_feed_forward_layer_is_named(case):
    broken = copy.deepcopy(make_pair(case, "loud", 0)[0])
    broken.layers[1].mlp.activation = ACTIVATIONS["gelu" if case.startswith("gemma") else "relu"]
    assert search(case, broken).name == "layers.1.mlp"


@pytest.mark.parametrize("case", CASES)
def test_faults_elsewhere_are_named(case):
    for name in (
        "embed_tokens",
        "layers.0.attention_norm",
        "layers.1.self_attn.v_proj",
        "layers.2.feedforward_norm",
        "norm",
    ):
        broken = copy.deepcopy(make_pair(case, "loud", 0)[0])
        broken.get_submodule(name).register_forward_hook(lambda module, args, output: output * 1.01)
        found = search(case, broken)
        assert found.name == name
        assert found.difference == pytest.approx(0.01, rel=0.1) and found.our_shape == found.their_shape


def test_rotary_base_is_found_in_the_attention():
    ours = make_pair("gemma-7b", "loud", 0)[0]
    broken = copy.deepcopy(ours)
    broken.config = replace(ours.config, rope_base=500.0)
    assert search("gemma-7b", broken).name == "layers.0.self_attn"


def test_norms_without_tensors_need_their_names():
    """With OLMo's own key table, which knows no norms, the block around the faulty norm is named."""
    ours, theirs = make_pair("olmo-untied", "loud", 0)
    broken, ids = copy.deepcopy(ours), random_ids(ours.config, 2, 12, 0)
    broken.layers[1].attention_norm.eps = 1.0
    table = FAMILIES["olmo"].key_table(ours.config)
    assert first_divergence(broken, theirs, ids, names=table).name == "layers.1"
    assert search("olmo-untied", broken).name == "layers.1.attention_norm"


@pytest.mark.parametrize(
    ("model", "case", "neutral"), [(GemmaForCausalLM, "gemma-7b", 0.0), (LlamaForCausalLM, "llama-grouped", 1.0)]
)
def test_loud_weights_of_their_models(model, case, neutral):
    theirs = randomize_(model(reference_config(*CASES[case])), 0)
    gains = torch.cat([tensor for name, tensor in theirs.named_parameters() if tensor.ndim == 1]).detach()
    assert float(gains.mean()) == pytest.approx(neutral, abs=0.15) and float(gains.std()) == pytest.approx(0.5, rel=0.2)
    assert float(theirs.lm_head.weight.detach().std()) == pytest.approx(0.3, rel=0.1)
