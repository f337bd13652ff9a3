"""Adapters in a model: what is trained, what is refused, and what merging, copying and saving leave behind."""

import copy
import io

import pytest
import torch
from torch import nn

from llmbook.adapters import (
    DoRALinear,
    LoRAEmbedding,
    LoRALinear,
    adapter_layers,
    inject,
    lora_plus_groups,
    merge,
    remove,
    scaling,
    trainable_parameters,
    unmerge,
)
from llmbook.checkpoint import CheckpointError, save_pretrained
from llmbook.debug import relative_difference
from llmbook.generation import generate
from llmbook.layers import Embedding
from llmbook.models import Decoder, gemma, initialize_, llama, olmo

KINDS = {"lora": LoRALinear, "dora": DoRALinear}


@pytest.fixture(autouse=True)
def same_numbers_every_time():
    torch.manual_seed(0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_decoder() -> Decoder:
    return initialize_(Decoder(llama.tiny()), generator()).eval()


def some_ids(model: Decoder) -> torch.Tensor:
    return torch.randint(model.config.vocab_size, (2, 9), generator=generator(1))


def trained(kind: str, targets=("q_proj", "down_proj"), **options) -> Decoder:
    """A small decoder whose adapter has moved."""
    model = inject(small_decoder(), list(targets), kind=kind, rank=3, generator=generator(2), **options)
    move_(model)
    return model


@torch.no_grad()
def move_(model: nn.Module) -> None:
    for parameter in trainable_parameters(model).values():
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator(3)))


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


def test_a_second_adapter_on_a_layer_is_refused_and_elsewhere_welcome():
    model = inject(small_decoder(), ["q_proj"], rank=2)
    for name in ("q_proj", "q_proj.base"):
        with pytest.raises(ValueError, match="remove\\(merge"):
            inject(model, [name])
    inject(model, ["v_proj"], rank=5, kind="dora")
    assert {layer.rank for layer in adapter_layers(model).values()} == {2, 5}
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


# Merging


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_merge_and_unmerge(kind):
    model = trained(kind)
    ids, adapted = some_ids(model), model(some_ids(model))
    weights = {name: layer.base.weight.clone() for name, layer in adapter_layers(model).items()}
    assert merge(model) is model and all(layer.merged for layer in adapter_layers(model).values())
    torch.testing.assert_close(model(ids), adapted)
    assert torch.equal(model.train()(ids), model.eval()(ids))  # a merged layer is its base layer
    move_(model)  # also if the adapter changes in the meantime
    assert unmerge(model) is model
    for name, layer in adapter_layers(model).items():
        assert torch.equal(layer.base.weight, weights[name]) and not layer.merged


@pytest.mark.parametrize("kind", KINDS)
def test_merging_twice_and_unmerging_twice_raise(kind):
    model = trained(kind)
    with pytest.raises(RuntimeError, match="not merged"):
        unmerge(model)
    adapter_layers(model)["layers.0.self_attn.q_proj"].merge()
    with pytest.raises(RuntimeError, match=r"1 of 4 layers are merged \(first: layers.0.self_attn.q_proj\)"):
        merge(model)
    with pytest.raises(RuntimeError, match="3 of 4 layers are not merged"):
        unmerge(model)
    layer = adapter_layers(model)["layers.0.self_attn.q_proj"]
    with pytest.raises(RuntimeError, match="twice"):
        layer.merge()
    layer.unmerge()
    with pytest.raises(RuntimeError, match="nothing to undo"):
        layer.unmerge()


def test_models_without_adapters_are_told_to_inject():
    for action in (merge, unmerge, remove, lambda model: lora_plus_groups(model, learning_rate=1, ratio=2)):
        with pytest.raises(ValueError, match="call inject first"):
            action(small_decoder())


@torch.no_grad()
def test_an_undefined_update_is_not_merged_anywhere():
    model = trained("lora")
    list(adapter_layers(model).values())[-1].lora_B[0, 0] = float("nan")
    before = {name: layer.base.weight.clone() for name, layer in adapter_layers(model).items()}
    with pytest.raises(ValueError, match="diverge"):
        merge(model)
    for name, layer in adapter_layers(model).items():
        assert torch.equal(layer.base.weight, before[name]) and not layer.merged


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_what_a_merged_layer_says_of_itself_is_unchanged(kind):
    layer = adapter_layers(trained(kind))["layers.0.self_attn.q_proj"]
    weight, delta = layer.merged_weight(), layer.delta()
    layer.merge()
    assert torch.equal(layer.base.weight, weight)
    assert torch.equal(layer.merged_weight(), weight) and torch.equal(layer.delta(), delta)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_removed_adapters_leave_a_plain_model(kind, tmp_path):
    model = trained(kind)
    ids, adapted, plain = some_ids(model), model(some_ids(model)), small_decoder()(some_ids(model))
    with pytest.raises(CheckpointError, match=r"remove\(merge\(model\)\)"):
        save_pretrained(model, tmp_path)
    assert torch.equal(remove(copy.deepcopy(model))(ids), plain)
    remove(merge(model))
    torch.testing.assert_close(model(ids), adapted)
    assert model.state_dict().keys() == small_decoder().state_dict().keys()
    save_pretrained(model, tmp_path)


# Copies and files


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_copy_lives_its_own_life(kind):
    model = trained(kind)
    ids, before = some_ids(model), model(some_ids(model))
    other = copy.deepcopy(model)
    assert torch.equal(other(ids), before)
    move_(other)
    assert torch.equal(model(ids), before) and not torch.equal(other(ids), before)
    merged = copy.deepcopy(merge(model))
    torch.testing.assert_close(merged(ids), before)
    unmerge(merged)
    assert all(layer.merged for layer in adapter_layers(model).values())
    assert torch.equal(merged(ids), before)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_whole_state_comes_back(kind):
    model = trained(kind)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = inject(initialize_(Decoder(llama.tiny()), generator(9)).eval(), ["q_proj", "down_proj"], kind=kind, rank=3)
    other(some_ids(other))  # so that something is remembered
    other.load_state_dict(torch.load(file))
    assert torch.equal(other(some_ids(model)), model(some_ids(model)))
    assert not any("norm" in name for name in model.state_dict() if "q_proj" in name)


def test_a_merged_state_is_neither_saved_nor_loaded():
    model = trained("dora")
    state = model.state_dict()
    merge(model)
    with pytest.raises(RuntimeError, match=r"layers.0.self_attn.q_proj is merged.*unmerge"):
        model.state_dict()
    with pytest.raises(RuntimeError, match="call unmerge"):
        model.load_state_dict(state)
    unmerge(model).load_state_dict(state)


@pytest.mark.parametrize("strict", [True, False])
def test_plain_weights_do_not_go_into_an_adapted_model(strict):
    plain, model = small_decoder().state_dict(), trained("dora")
    with pytest.raises(RuntimeError, match=r"q_proj is adapted already: load the weights into the plain model first"):
        model.load_state_dict(plain, strict=strict)
    base = {name: tensor for name, tensor in model.state_dict().items() if "magnitude" not in name}
    with pytest.raises(RuntimeError, match=r"magnitude of layers.0.self_attn.q_proj"):
        model.load_state_dict(base, strict=strict)


@torch.no_grad()
def test_weights_written_in_place_ask_for_a_new_magnitude():
    layer = DoRALinear(nn.Linear(6, 5, bias=False), rank=2, alpha=2)
    layer.base.weight.mul_(3)
    x = torch.randn(4, 6, generator=generator())
    assert not torch.allclose(layer(x), layer.base(x))
    layer.reset_magnitude_()
    assert torch.equal(layer(x), layer.base(x))


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
