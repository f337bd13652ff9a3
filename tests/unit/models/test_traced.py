"""Every model can be exported, and compiled in one graph: no forward pass depends on the values of its ids."""

from dataclasses import replace

import pytest
import torch
from tiny_decoders import make, seeded
from torch._dynamo.exc import Unsupported, UserError
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

from llmbook.generation import KVCache
from llmbook.models import T5, decoder, falcon, gemma, gpt2, llama, olmo, olmo2, olmo3, phi, t5, t5_config
from llmbook.models.t5_training import initialize_t5_

MODULES = (falcon, gemma, gpt2, llama, olmo, olmo2, olmo3, phi)
FAMILIES = {
    **{family.__name__.rpartition(".")[2]: family.tiny() for family in MODULES},
    "mistral": replace(llama.tiny(), window=4),
    "mixtral": replace(llama.tiny(), experts=4, experts_per_token=2),
}
IDS = torch.randint(0, 256, (2, 9), generator=seeded(1))
OTHER = torch.randint(0, 256, (3, 13), generator=seeded(2))
PADDED = torch.arange(9) >= torch.tensor([3, 0])[:, None]
ANY = {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}


def compiled(model, **options):
    """One graph, or an error."""
    torch._dynamo.reset()
    return torch.compile(model, fullgraph=True, backend="eager", **options)


@pytest.fixture
def small_t5():
    return initialize_t5_(T5(t5_config.tiny()), seeded()).eval().requires_grad_(False)


@pytest.mark.parametrize("family", FAMILIES)
def test_export(family):
    """The program that is exported gives the same numbers, with and without padding, for other shapes too."""
    model = make(FAMILIES[family])
    program = torch.export.export(model, (IDS.clone(),), dynamic_shapes={"ids": ANY}).module()
    assert torch.equal(program(IDS), model(IDS)) and torch.equal(program(OTHER), model(OTHER))
    padded = torch.export.export(model, (IDS,), {"attention_mask": PADDED}).module()
    assert torch.equal(padded(IDS, attention_mask=PADDED), model(IDS, attention_mask=PADDED))
    assert not torch.equal(padded(IDS, attention_mask=PADDED), model(IDS))


@pytest.mark.parametrize("family", FAMILIES)
def test_one_graph(family):
    model = make(FAMILIES[family])
    assert torch.equal(compiled(model)(IDS), model(IDS))


@pytest.mark.parametrize("family", ["gemma", "mistral"])
def test_one_graph_for_all_shapes(family):
    model = make(FAMILIES[family])
    read = compiled(model, dynamic=True)
    assert torch.equal(read(OTHER), model(OTHER)) and torch.equal(read(IDS), model(IDS))


@pytest.mark.parametrize("family", ["gemma", "mistral"])
def test_one_graph_with_a_cache(family):
    model = make(FAMILIES[family])

    @torch.inference_mode()
    def in_pieces(read):
        cache = KVCache(model.config, len(IDS))
        return torch.cat([read(piece, cache=cache) for piece in IDS.split([5, 1, 1, 1, 1], dim=1)], dim=1)

    assert torch.equal(in_pieces(compiled(model)), in_pieces(model))


@pytest.mark.parametrize("mask", [None, PADDED])
def test_t5(mask, small_t5):
    options = {} if mask is None else {"attention_mask": mask}
    expected = small_t5(IDS, IDS[:, :5], **options)
    program = torch.export.export(small_t5, (IDS, IDS[:, :5]), options).module()
    assert torch.equal(program(IDS, IDS[:, :5], **options), expected)
    assert torch.equal(compiled(small_t5)(IDS, IDS[:, :5], **options), expected)


# The twin: a lookup that reads the ids


@pytest.fixture
def curious(monkeypatch):
    sound = decoder.look_up

    def look_up(table, ids, *rest):
        assert int(ids.min()) >= 0
        return sound(table, ids, *rest)

    for module in (decoder, t5):
        monkeypatch.setattr(module, "look_up", look_up)


def test_who_reads_ids_cannot_be_exported(curious, small_t5):
    model = make(FAMILIES["gemma"])
    with pytest.raises(GuardOnDataDependentSymNode):
        torch.export.export(model, (IDS,))
    with pytest.raises((Unsupported, UserError)):
        compiled(model)(IDS)
    with pytest.raises(GuardOnDataDependentSymNode):
        torch.export.export(small_t5, (IDS, IDS))
    with pytest.raises((Unsupported, UserError)):
        compiled(small_t5)(IDS, IDS)


def test_who_reads_the_mask_cannot_be_exported(monkeypatch, small_t5):
    monkeypatch.setattr(t5, "has_values", lambda mask: True)
    with pytest.raises(GuardOnDataDependentSymNode):
        torch.export.export(small_t5, (IDS, IDS), {"attention_mask": PADDED})
