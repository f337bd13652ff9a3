"""The two parts of a tied matrix's gradient: they add up, one is sparse, the other is not."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from llmbook.chapters.olmo.positions.experiment import TiedGradient, tied_gradient
from llmbook.debug import randomize_, relative_difference
from llmbook.models import Decoder, gemma, olmo

IDS = torch.randint(40, (3, 9), generator=torch.Generator().manual_seed(0))  # of 256: most rows are never looked up


def tied(family=olmo, **changes) -> Decoder:
    return randomize_(Decoder(replace(family.tiny(), tie_embeddings=True, **changes)), seed=1)


def gradient_of(model: Decoder) -> torch.Tensor:
    loss = F.cross_entropy(model(IDS[:, :-1]).flatten(0, 1), IDS[:, 1:].flatten())
    return torch.autograd.grad(loss, model.embed_tokens.weight)[0]


@pytest.mark.parametrize("family", [olmo, gemma])
def test_the_parts_add_up_to_the_gradient_of_the_tied_model(family):
    model = tied(family)
    parts, whole = tied_gradient(model, IDS), gradient_of(model)
    assert relative_difference(parts.total, whole) < 1e-5
    for one in (parts.from_input, parts.from_output):
        assert relative_difference(one, whole) > 1e-2, "neither part alone is the gradient"
    assert model.embed_tokens.weight.grad is None


def test_the_input_part_has_rows_of_the_batch_only_and_the_output_part_all():
    parts = tied_gradient(tied(), IDS)
    looked_up = torch.zeros(256, dtype=torch.bool)
    looked_up[IDS[:, :-1].flatten()] = True
    assert ((parts.from_input != 0).any(-1) == looked_up).all() and 10 < looked_up.sum() < 40
    assert (parts.from_output != 0).any(-1).all()
    whole = gradient_of(tied())
    assert relative_difference(parts.from_output[~looked_up], whole[~looked_up]) < 1e-5


def test_the_output_part_is_probabilities_minus_targets_times_hidden_states():
    model = tied()
    hidden = model.hidden_states(IDS[:, :-1]).detach().flatten(0, 1)
    errors = model.logits(hidden).detach().softmax(-1) - F.one_hot(IDS[:, 1:].flatten(), 256)
    by_hand = errors.T @ hidden / len(hidden)
    assert relative_difference(tied_gradient(model, IDS).from_output, by_hand) < 1e-5


def test_the_cosine():
    one, two = torch.eye(3), torch.ones(3, 3)
    assert TiedGradient(one, one).cosine == pytest.approx(1)
    assert TiedGradient(one, -one).cosine == pytest.approx(-1)
    assert TiedGradient(one, two).cosine == pytest.approx(3 / (3**0.5 * 3))


def test_an_untied_model_is_refused():
    with pytest.raises(ValueError, match="two matrices already"):
        tied_gradient(Decoder(olmo.tiny()), IDS)
