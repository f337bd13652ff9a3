"""Which parameters decay, by each of the two rules, in tied, untied and partly frozen decoders."""

from dataclasses import replace

import pytest

from llmbook.models import Decoder, gemma, olmo
from llmbook.training.decay import decay_groups


def names(model, decayed):
    """The names of the parameters in each group; the decay of the first is 0.1, of the second 0."""
    named = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = decay_groups(model, 0.1, decayed=decayed)
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0][: len(groups)]
    return [{named[id(parameter)] for parameter in group["params"]} for group in groups]


@pytest.mark.parametrize("tied", [False, True])
def test_linear_layers(tied):
    model = Decoder(replace(olmo.tiny(), tie_embeddings=tied))
    shrunk, free = names(model, "linear layers")
    assert free == {"embed_tokens.weight"}
    assert ("lm_head.weight" in shrunk) is not tied
    assert len(shrunk) + 1 == len(list(model.parameters()))


def test_matrices():
    model = Decoder(gemma.tiny())
    shrunk, free = names(model, "matrices")
    assert "embed_tokens.weight" in shrunk and free and all("norm" in name for name in free)
    assert shrunk - names(model, "linear layers")[0] == {"embed_tokens.weight"}  # the only difference


@pytest.mark.parametrize("decayed", ["matrices", "linear layers"])
def test_what_is_frozen_is_in_no_group(decayed):
    model = Decoder(gemma.tiny())
    model.embed_tokens.requires_grad_(False)
    model.layers.requires_grad_(False)
    assert decay_groups(model, 0.1, decayed=decayed) == [{"params": [model.norm.weight], "weight_decay": 0.0}]


def test_no_other_rule():
    with pytest.raises(ValueError, match='choose "matrices" or "linear layers"'):
        decay_groups(Decoder(olmo.tiny()), 0.1, decayed="linear")
