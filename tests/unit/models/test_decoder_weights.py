"""The decoder's weights: how they start, and which are tied."""

import copy
import io
from dataclasses import replace

import pytest
import torch
from tiny_decoders import IDS, TINY, far, make, seeded
from torch.nn import functional as F

from llmbook.layers.norm import NORMS, build_norm
from llmbook.models import Decoder, initialize_

# Initialization


@pytest.mark.parametrize("norm", NORMS)
def test_initialize_gives_gain_one_and_the_std(norm):
    config = replace(TINY["llama"], norm=norm, norm_place="both", bias=True, width=96, vocab_size=500)
    model = Decoder(config).requires_grad_(False)
    for tensor in model.parameters():
        tensor.fill_(7.0)
    assert initialize_(model, seeded(), 0.05) is model
    for name, tensor in model.named_parameters():
        if tensor.ndim > 1:
            assert float(tensor.std()) == pytest.approx(0.05, rel=0.1) and abs(float(tensor.mean())) < 0.005, name
        elif name.endswith("bias"):
            assert not tensor.any(), name
    x = torch.randn(3, 96, generator=seeded(1))
    for module in (model.norm, model.layers[0].attention_norm, model.layers[1].feedforward_post_norm):
        assert far(module(x).detach(), build_norm(norm, 96, 1e-5)(x).detach()) == 0.0, "as a fresh norm: gain one"


def test_initialize_knows_norms_by_what_they_are():
    """A norm need not be called one: here it is the module "0" of a sequence."""
    for kind, gain in (("rms", 1.0), ("rms_unit", 0.0), ("layer", 1.0)):
        model = torch.nn.Sequential(build_norm(kind, 4, 1e-5), torch.nn.Linear(4, 4))
        initialize_(model, seeded())
        assert model[0].weight.tolist() == [gain] * 4 and model[1].bias.tolist() == [0.0] * 4


def test_initialize_repeats_and_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    model, config = Decoder(TINY["gemma"]), TINY["gemma"]
    torch.set_rng_state(state)
    first = [tensor.clone() for tensor in initialize_(model, seeded(3)).parameters()]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(12345)
    again = list(initialize_(Decoder(config), seeded(3)).parameters())
    other = list(initialize_(Decoder(config), seeded(4)).parameters())
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


# Tying


def through_a_file(model: Decoder) -> Decoder:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    loaded = Decoder(model.config).requires_grad_(False)
    loaded.load_state_dict(torch.load(file), assign=True)  # the option that breaks ties made of two references
    return loaded


@pytest.mark.parametrize("copied", [lambda model: model, copy.deepcopy, through_a_file])
def test_a_tied_model_stays_tied(copied):
    model = copied(make(TINY["gemma"]))
    assert model.lm_head is None and not [name for name in model.state_dict() if "lm_head" in name]
    hidden = model.hidden_states(IDS)
    before = model.logits(hidden)
    assert far(before, F.linear(hidden, model.embed_tokens.weight)) < 1e-6
    model.embed_tokens.weight[7] *= 2
    moved = (model.logits(hidden) != before).any(0).any(0)
    assert moved.nonzero().flatten().tolist() == [7], "the row of the embedding is the row of the output matrix"


def test_an_untied_model_has_two_matrices():
    model = make(TINY["llama"])
    hidden = model.hidden_states(IDS)
    before = model.logits(hidden)
    model.embed_tokens.weight[7] *= 2
    assert torch.equal(model.logits(hidden), before)
    assert torch.equal(before, F.linear(hidden, model.lm_head.weight))


@pytest.mark.parametrize("family", TINY)
def test_tying_saves_one_matrix_and_it_is_counted_once(family):
    def count(config):
        return sum(tensor.numel() for tensor in Decoder(config).parameters())

    tied, untied = (replace(TINY[family], tie_embeddings=tie) for tie in (True, False))
    assert count(untied) - count(tied) == 256 * 48
