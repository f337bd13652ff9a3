"""Adapters in a model: what is trained, what is refused, and what merging, copying and saving leave behind."""

import pytest
import torch
from adapted_decoders import KINDS, generator, move_, small_decoder, some_ids, trained
from torch import nn

from llmbook.adapters import (
    DoRALinear,
    LoRAEmbedding,
    LoRALinear,
    adapter_layers,
    inject,
    lora_plus_groups,
    merge,
    scaling,
    trainable_parameters,
)
from llmbook.debug import relative_difference
from llmbook.generation import generate
from llmbook.layers import Embedding
from llmbook.models import Decoder, gemma, llama, olmo


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def test_scaling():
    assert scaling(16, 8) == 2 and scaling(16, 4, rank_stabilized=True) == 8 and scaling(3, 1) == 3


@pytest.mark.parametrize("rank", [0, -1, 2.0, True, "8", None])
def test_impossible_ranks_are_refused(rank):
    with pytest.raises(ValueError, match="rank must be"):
        LoRALinear(nn.Linear(4, 4), rank=rank, alpha=1)


@pytest.mark.parametrize("alpha", [0, -1.0, float("nan"), float("inf")])
def test_impossible_alphas_are_refused(alpha):
    with pytest.raises(ValueError, match="alpha must be"):
        inject(small_decoder(), ["q_proj"], alpha=alpha)


@pytest.mark.parametrize("dropout", [-0.1, 1, 1.5, float("nan")])
def test_impossible_dropouts_are_refused(dropout):
    with pytest.raises(ValueError, match="dropout"):
        inject(small_decoder(), ["q_proj"], dropout=dropout)


# Injection


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_adapter_is_trained(kind):
    model = inject(small_decoder().requires_grad_(True), ["q_proj"], kind=kind, rank=3)
    width, rows = model.config.width, model.config.heads * model.config.head_size
    per_layer = 3 * (width + rows) + (rows if kind == "dora" else 0)
    assert sum(p.numel() for p in trainable_parameters(model).values()) == model.config.layers * per_layer
    model.train()(some_ids(model)).sum().backward()
    assert {name for name, p in model.named_parameters() if p.grad is not None} == trainable_parameters(model).keys()


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_fresh_adapter_changes_no_bit(kind):
    model = small_decoder()
    before = model(some_ids(model))
    inject(model, ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head"], kind=kind)
    assert torch.equal(model(some_ids(model)), before)


def test_names_are_matched_from_the_end_and_at_a_dot():
    model = inject(small_decoder(), ["layers.1.self_attn.q_proj", "mlp.up_proj"])
    assert set(adapter_layers(model)) == {"layers.1.self_attn.q_proj", "layers.0.mlp.up_proj", "layers.1.mlp.up_proj"}
    with pytest.raises(ValueError, match="'proj'"):
        inject(small_decoder(), ["proj"])


def test_an_adapter_starts_in_the_mode_of_its_layer():
    model = inject(small_decoder(), ["q_proj"], dropout=0.5)
    move_(model)
    assert not any(layer.training for layer in adapter_layers(model).values())
    assert torch.equal(model(some_ids(model)), model(some_ids(model)))
    model.train()
    assert not torch.equal(model(some_ids(model)), model(some_ids(model)))


def test_the_generator_decides_everything():
    plain = [small_decoder() for _ in range(3)]
    state = torch.get_rng_state()
    one, two, other = (inject(model, ["q_proj"], generator=generator(5 + (model is plain[2]))) for model in plain)
    assert torch.equal(torch.get_rng_state(), state)
    a, b, c = (model.layers[0].self_attn.q_proj.lora_A for model in (one, two, other))
    assert torch.equal(a, b) and not torch.equal(a, c)


@pytest.mark.parametrize(
    "targets, options, words",
    [
        (["q"], {}, "this model has embed_tokens, q_proj, k_proj"),
        (["q_proj", "query"], {}, "'query'"),
        ("q_proj", {}, "list of names"),
        ([], {}, "list of names"),
        (["mlp"], {}, "is a GatedFeedForward; name linear layers"),
        (["q_proj"], {"kind": "ia3"}, "kind must be one of lora, dora"),
        (["embed_tokens"], {"kind": "dora"}, "embedding"),
        (["embed_tokens"], {"dropout": 0.1}, "no dropout"),
        (["norm"], {}, "RMSNorm"),
    ],
)
def test_a_refusal_leaves_the_model_as_it_was(targets, options, words):
    model = small_decoder().requires_grad_(True)
    with pytest.raises(ValueError, match=words):
        inject(model, targets, **options)
    assert not adapter_layers(model) and all(parameter.requires_grad for parameter in model.parameters())


def test_an_adapter_that_cannot_be_made_leaves_the_model_as_it_was():
    """The first layer is frozen already when the second is seen to be impossible."""
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.Embedding(5, 4, max_norm=1.0))
    model[1].bias.requires_grad_(False)
    before = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    with pytest.raises(ValueError, match="max_norm"):
        inject(model, ["0", "1", "2"])
    assert {name: parameter.requires_grad for name, parameter in model.named_parameters()} == before
    assert not adapter_layers(model) and sorted(set(before.values())) == [False, True]


def test_a_second_adapter_on_a_layer_is_refused_and_elsewhere_welcome():
    model = inject(small_decoder(), ["q_proj"], rank=2)
    for name in ("q_proj", "q_proj.base"):
        with pytest.raises(ValueError, match="remove\\(merge"):
            inject(model, [name])
    inject(model, ["v_proj"], rank=5, kind="dora")
    assert {layer.settings.rank for layer in adapter_layers(model).values()} == {2, 5}
    assert all(p.requires_grad for layer in adapter_layers(model).values() for p in layer.parameters(recurse=False))


def test_what_two_places_share_is_refused():
    linear = nn.Linear(3, 3)
    for model in (nn.ModuleList([linear, linear]), nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])):
        model[1].weight = model[0].weight
        with pytest.raises(ValueError, match=r"shares its weight with .*\.weight \(tied\)"):
            inject(model, ["0"])


def test_a_tied_model_says_so():
    tied = Decoder(gemma.tiny())
    with pytest.raises(ValueError, match="the output matrix"):
        inject(tied, ["embed_tokens"])
    with pytest.raises(ValueError, match=r"its embedding is its output matrix \(tied\)"):
        inject(tied, ["lm_head"])
    inject(Decoder(olmo.tiny()), ["embed_tokens", "lm_head"])  # two matrices


def test_wrong_layers_are_refused_alone_too():
    with pytest.raises(ValueError, match="not Embedding"):
        DoRALinear(nn.Embedding(3, 4), rank=1, alpha=1)
    with pytest.raises(ValueError, match="not LoRALinear"):
        LoRALinear(LoRALinear(nn.Linear(3, 3), rank=1, alpha=1), rank=1, alpha=1)
    with pytest.raises(ValueError, match="not Linear"):
        LoRAEmbedding(nn.Linear(3, 4), rank=1, alpha=1)
    with pytest.raises(ValueError, match="max_norm"):
        LoRAEmbedding(nn.Embedding(3, 4, max_norm=1.0), rank=1, alpha=1)


def test_models_without_memory_can_be_counted():
    with torch.device("meta"):
        model = Decoder(llama.PUBLISHED["llama-2-7b"])
    inject(model, ["q_proj", "v_proj"], kind="dora", rank=8)
    per_layer = 2 * (8 * (4096 + 4096) + 4096)
    assert sum(p.numel() for p in trainable_parameters(model).values()) == 32 * per_layer
    assert all(p.is_meta for p in model.parameters())


# Embeddings


class ScaledTable(nn.Embedding):
    """A scaled table as transformers has it."""

    def __init__(self, scale: float):
        super().__init__(7, 4)
        self.register_buffer("embed_scale", torch.tensor(scale))

    def forward(self, ids):
        return super().forward(ids) * self.embed_scale


@pytest.mark.parametrize("scale", [0.0, 10_000.0])
@torch.no_grad()
def test_the_factor_of_a_table_holds_for_its_adapter(scale):
    table, ids = ScaledTable(scale), torch.arange(7)[None]
    layer = LoRAEmbedding(table, rank=2, alpha=4, generator=generator())
    layer.lora_A.normal_(generator=generator(1))
    assert relative_difference(layer(ids), (table.weight + layer.delta())[None] * scale) < 1e-5
    adapted = layer(ids)
    layer.merge()
    assert relative_difference(layer(ids), adapted) < 1e-5


@torch.no_grad()
def test_a_fresh_embedding_is_unchanged_although_b_is_random():
    table, ids = Embedding(7, 4, scaled=True), torch.arange(7)[None]
    layer = LoRAEmbedding(table, rank=2, alpha=4, generator=generator())
    assert torch.equal(layer(ids), table(ids)) and layer.lora_A.abs().max() == 0 < layer.lora_B.std()


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_an_adapted_model_writes_text(kind):
    model = inject(trained(kind), ["embed_tokens"])
    move_(model)
    ids = some_ids(model)
    written = generate(model, ids, max_new_tokens=5)
    for length in range(ids.shape[1], written.shape[1]):
        assert torch.equal(written[:, length], model(written[:, :length])[:, -1].argmax(-1))
    assert torch.equal(generate(merge(model), ids, max_new_tokens=5), written)


# LoRA+


def test_lora_plus_takes_every_trainable_parameter_once():
    model = inject(Decoder(olmo.tiny()), ["q_proj"], kind="dora")
    inject(model, ["embed_tokens"])
    model.lm_head.requires_grad_(True)
    groups = lora_plus_groups(model, learning_rate=1e-3, ratio=4, weight_decay=0.1)
    found = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(found) == sorted(id(parameter) for parameter in trainable_parameters(model).values())
    said = {group["name"]: (group["lr"], group["weight_decay"], len(group["params"])) for group in groups}
    layers = model.config.layers
    assert said == {
        "A": (1e-3, 0.1, layers), "B": (4e-3, 0.1, layers), "magnitude": (1e-3, 0.0, layers),
        "embedding": (1e-3, 0.1, 2), "other": (1e-3, 0.1, 1),
    }  # fmt: skip
    torch.optim.AdamW(groups)


@pytest.mark.parametrize("ratio", [0, -1, float("nan")])
def test_impossible_ratios_are_refused(ratio):
    with pytest.raises(ValueError, match="ratio must be positive"):
        lora_plus_groups(trained("lora"), learning_rate=1, ratio=ratio)
