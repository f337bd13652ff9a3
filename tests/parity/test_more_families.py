"""GPT-2, Mistral, Mixtral, Falcon, Phi-2, OLMo 2 and 3: logits, folders and generation equal transformers'."""

import copy
from dataclasses import replace

import pytest
import torch
from pairs import MORE_CASES, difference, make_pair, random_ids
from safetensors.torch import load_file, save_file
from same_text import decoder_logits, same_text

from llmbook.checkpoint import load_pretrained, save_pretrained
from llmbook.generation import generate
from llmbook.layers.attention import Attention
from llmbook.layers.feedforward import SparseMixture
from llmbook.models import FAMILIES, Decoder

LIMIT = 1e-5
SCENES = ("plain", "cached", "padded")


@pytest.mark.parametrize("case", MORE_CASES)
@pytest.mark.parametrize("init", ["loud", "quiet"])
@pytest.mark.parametrize("scene", SCENES)
def test_float32(case, init, scene):
    for seed in range(2):
        ours, theirs = make_pair(case, init, seed)
        assert difference(ours, theirs, random_ids(ours.config, 3, 24, seed), scene) <= LIMIT


@pytest.mark.parametrize("case", MORE_CASES)
def test_configs_go_there_and_back(case):
    family, config = MORE_CASES[case]
    written = FAMILIES[family].config_to_hf(config)
    assert written["model_type"] == family
    assert FAMILIES[family].config_from_hf(written) == config
    theirs = make_pair(case, "quiet", 0)[1]
    assert FAMILIES[family].config_from_hf(theirs.config.to_dict()) == replace(config, max_length=64)


@pytest.mark.parametrize("case", MORE_CASES)
def test_a_published_folder_loads_equals_and_generates(case, tmp_path):
    ours, theirs = make_pair(case, "loud", 1)
    theirs.save_pretrained(tmp_path / "theirs")
    loaded = load_pretrained(tmp_path / "theirs")
    ids = random_ids(ours.config, 2, 12, 5)
    assert difference(loaded, theirs, ids) <= LIMIT
    options = {"max_new_tokens": 16, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    made = generate(loaded, ids, max_new_tokens=16)
    assert same_text(made, theirs.generate(ids, **options), decoder_logits(ours), start=ids.shape[1])
    save_pretrained(loaded, tmp_path / "ours")
    again = type(theirs).from_pretrained(tmp_path / "ours")
    assert difference(loaded, again, ids) <= LIMIT
    written, read = (load_file(tmp_path / name / "model.safetensors") for name in ("theirs", "ours"))
    assert written.keys() == read.keys() and all(torch.equal(written[name], read[name]) for name in written)


def test_the_released_gpt2_leaves_its_prefix_out_and_keeps_its_masks(tmp_path):
    ours, theirs = make_pair("gpt2", "loud", 1)
    theirs.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in load_file(path).items()}
    tensors["h.0.attn.bias"] = torch.ones(1, 1, 64, 64)
    save_file(tensors, path, metadata={"format": "pt"})
    assert difference(load_pretrained(tmp_path), theirs, random_ids(ours.config, 2, 12, 5)) <= LIMIT


def changed(ours: Decoder, **fields) -> Decoder:
    """The same weights under another config; tensors that it has no place for are dropped."""
    broken = Decoder(replace(ours.config, **fields)).eval()
    broken.load_state_dict({name: tensor for name, tensor in ours.state_dict().items() if name in broken.state_dict()})
    return broken


def without(ours: Decoder, ending: str) -> Decoder:
    """A copy in which tensors of that name are zero."""
    broken = copy.deepcopy(ours)
    for name, tensor in broken.named_parameters():
        if name.endswith(ending):
            tensor.data.zero_()
    return broken


def all_experts(ours: Decoder) -> Decoder:
    broken = copy.deepcopy(ours)
    for module in broken.modules():
        if isinstance(module, SparseMixture):
            module.experts_per_token = len(module.experts)
    return broken


def softmax_before_choosing(ours: Decoder) -> Decoder:
    """Weights that do not add up to one."""
    broken = copy.deepcopy(ours)
    for module in broken.modules():
        if isinstance(module, SparseMixture):
            module.route = lambda x, m=module: m.router(x).float().softmax(-1).topk(m.experts_per_token, -1)
    return broken


def heads_in_reverse(ours: Decoder) -> Decoder:
    """Queries read from the stacked matrix in the wrong order."""
    broken = copy.deepcopy(ours)
    for module in broken.modules():
        if isinstance(module, Attention):
            module.q_proj.weight.data = module.q_proj.weight.data.flip(0)
    return broken


FAULTS = {
    "mistral: window one wider": ("mistral", lambda ours: changed(ours, window=6)),
    "mistral: window one narrower": ("mistral", lambda ours: changed(ours, window=4)),
    "mistral: no window": ("mistral", lambda ours: changed(ours, window=None)),
    "mixtral: all experts run": ("mixtral", all_experts),
    "mixtral: weights not renormalized": ("mixtral", softmax_before_choosing),
    "mixtral: rotary base of Llama": ("mixtral", lambda ours: changed(ours, rope_base=10_000.0)),
    "gpt2: no positions": ("gpt2", lambda ours: without(ours, "embed_positions.weight")),
    "gpt2: exact GELU": ("gpt2", lambda ours: changed(ours, activation="gelu")),
    "gpt2: norm biases not loaded": ("gpt2", lambda ours: without(ours, "norm.bias")),
    "gpt2: query biases not loaded": ("gpt2", lambda ours: without(ours, "q_proj.bias")),
    "falcon: tanh GELU": ("falcon", lambda ours: changed(ours, activation="gelu_tanh")),
    "falcon: queries stacked in another order": ("falcon", heads_in_reverse),
    "phi: whole heads rotated": ("phi", lambda ours: changed(ours, rotary_fraction=1.0)),
    "phi: output bias not loaded": ("phi", lambda ours: without(ours, "lm_head.bias")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault):
    case, break_ = FAULTS[fault]
    ours, theirs = make_pair(case, "loud", 0)
    ids = random_ids(ours.config, 3, 24, 0)
    assert difference(ours, theirs, ids) <= LIMIT < difference(break_(ours), theirs, ids) / 1.5


def test_one_after_the_other_is_not_parallel():
    """The twin of the parallel block: the same weights, with the feed-forward layer reading the attention's result."""
    ours, theirs = make_pair("falcon", "loud", 0)
    broken = Decoder(replace(ours.config, parallel=False)).eval()
    weights = ours.state_dict()
    weights |= {name.replace("attention_norm", "feedforward_norm"): weights[name] for name in ours.state_dict()}
    broken.load_state_dict(weights)
    ids = random_ids(ours.config, 3, 24, 0)
    assert difference(broken, theirs, ids) > 100 * LIMIT
