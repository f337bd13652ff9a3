"""The decoder's own behavior: config, norm places, positions, errors, initialization, tying, counts."""

import copy
import inspect
import io
from dataclasses import fields, replace

import pytest
import torch
from torch.nn import functional as F

from llmbook.data import read_table
from llmbook.generation import KVCache
from llmbook.layers.attention import causal_mask
from llmbook.layers.norm import NORMS, build_norm
from llmbook.layers.rope import rope_angles
from llmbook.layers.yarn import Yarn
from llmbook.models import FAMILIES, PUBLISHED, Decoder, DecoderConfig, gemma, initialize_, llama, olmo
from llmbook.models.config import NORM_PLACES
from llmbook.models.decoder import Block, positions_and_mask

TINY = {"gemma": gemma.tiny(), "llama": llama.tiny(), "olmo": olmo.tiny()}
TINY_OF = {name: family.tiny() for name, family in FAMILIES.items()} | {
    "mistral": llama.tiny(window=4),
    "mixtral": llama.tiny(rope_base=1e6, experts=3, experts_per_token=2),
}
MODELS_OF = {name: tuple(family.PUBLISHED) for name, family in FAMILIES.items()} | {
    "llama": ("llama-2-7b", "tinyllama-1.1b"),
    "mistral": ("mistral-7b",),
    "mixtral": ("mixtral-8x7b",),
}
IDS = torch.tensor([[5, 0, 255, 17, 3], [1, 2, 3, 4, 5]])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(config: DecoderConfig, std: float = 0.2) -> Decoder:
    return initialize_(Decoder(config).eval().requires_grad_(False), seeded(), std)


def far(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max() / b.abs().max())


# The config


def test_every_field_of_the_config_is_described():
    source = inspect.getsource(DecoderConfig).split("def __post_init__")[0]
    for field in fields(DecoderConfig):
        line = source.split(f"    {field.name}: ")[1].split("\n")[1]
        assert line.strip().startswith('"""'), field.name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab_size": 0}, "vocab_size must be at least 1, not 0"),
        ({"layers": -1}, "layers must be at least 1"),
        ({"max_length": 0}, "max_length must be at least 1"),
        ({"heads": 4, "kv_heads": 3}, r"heads \(4\) must be a multiple of kv_heads \(3\)"),
        ({"kv_heads": 8}, "must be a multiple"),
        ({"head_size": 15}, "must be even, not 15"),
        ({"norm": "batch"}, "layer_free"),
        ({"norm_place": "around"}, "both"),
        ({"activation": "swiglu"}, "gelu_tanh"),
        ({"qk_norm": True, "clip_qkv": 8.0}, "not both"),
        ({"positions": "learned", "yarn": Yarn(8.0, 64)}, "only rotary positions can be stretched"),
        ({"full_attention_every": 4}, "set a window"),
        ({"full_attention_every": -1, "window": 4}, "set it to 0"),
    ],
)
def test_config_errors(change, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY["gemma"], **change)


@pytest.mark.parametrize(
    ("every", "windows"),
    [(0, (3, 3, 3, 3, 3)), (1, (None,) * 5), (2, (3, None, 3, None, 3)), (4, (3, 3, 3, None, 3)), (9, (3,) * 5)],
)
def test_which_layers_have_the_window(every, windows):
    config = replace(TINY["gemma"], layers=5, window=3, full_attention_every=every)
    assert config.windows == windows


def test_without_a_window_all_layers_see_everything():
    assert replace(TINY["gemma"], layers=3).windows == (None,) * 3


def test_config_is_frozen():
    with pytest.raises(AttributeError):
        TINY["gemma"].width = 3


# Counts


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_count_what_the_table_says(name):
    """On the meta device; the totals in the table come from their papers and checkpoints."""
    tables = ("llm_configs", "tiny_titans_configs", "olmo_2_3_configs")
    rows = [row for table in tables for row in read_table(table)]
    row = next(row for row in rows if row["name"] == name)
    with torch.device("meta"):
        model = Decoder(PUBLISHED[name])
    counted = sum(tensor.numel() for tensor in model.parameters())
    assert counted == int(row["total_parameters"])
    assert model.embed_tokens.weight.numel() == int(row["embedding_parameters"])
    with torch.device("meta"):
        wider = Decoder(replace(PUBLISHED[name], layers=1, feedforward_width=PUBLISHED[name].feedforward_width + 1))
        narrow = Decoder(replace(PUBLISHED[name], layers=1))
    difference = sum(t.numel() for t in wider.parameters()) - sum(t.numel() for t in narrow.parameters())
    c = PUBLISHED[name]
    assert difference == (2 + c.gated) * max(1, c.experts) * c.width + (c.bias and 1)



def test_meta_model_runs_without_memory():
    with torch.device("meta"):
        model = Decoder(PUBLISHED["gemma-7b"])
        assert model(torch.zeros(1, 8, dtype=torch.long)).shape == (1, 8, 256_000)


# Norm places


@pytest.mark.parametrize("place", NORM_PLACES)
@pytest.mark.parametrize("norm", NORMS)
def test_block_follows_its_formula(place, norm):
    config = replace(TINY["llama"], norm=norm, norm_place=place)
    block = Block(config).requires_grad_(False)
    initialize_(block, seeded(1), 0.3)
    for number, (name, tensor) in enumerate(block.named_parameters()):
        if "norm" in name:
            tensor.normal_(1.0, 0.3, generator=seeded(number))
    x, rotation = torch.randn(2, 5, config.width, generator=seeded(2)), rope_angles(torch.arange(5), 12, 10000.0)

    def attention(y):
        return block.self_attn(y, rotation)

    def sequence(norms):
        before_attention, before_mlp, after_attention, after_mlp = norms
        if place == "pre":
            y = x + attention(before_attention(x))
            return y + block.mlp(before_mlp(y))
        if place == "post":
            y = after_attention(x + attention(x))
            return after_mlp(y + block.mlp(y))
        if place == "output":
            y = x + after_attention(attention(x))
            return y + after_mlp(block.mlp(y))
        y = x + after_attention(attention(before_attention(x)))
        return y + after_mlp(block.mlp(before_mlp(y)))

    norms = [block.attention_norm, block.feedforward_norm, block.attention_post_norm, block.feedforward_post_norm]
    assert far(block(x, rotation), sequence(norms)) < 1e-6
    has = [not isinstance(module, torch.nn.Identity) for module in norms]
    assert has == {"pre": [1, 1, 0, 0], "post": [0, 0, 1, 1], "both": [1, 1, 1, 1],
                   "output": [0, 0, 1, 1]}[place]
    wrong = [build_norm("rms", config.width, 1e-5).requires_grad_(False) for _ in norms]
    assert far(block(x, rotation), sequence(wrong)) > 1e-2, "fresh norms in all places are another function"


def test_last_norm_stands_unless_the_blocks_end_with_one():
    for place in NORM_PLACES:
        model = Decoder(replace(TINY["llama"], norm_place=place))
        assert isinstance(model.norm, torch.nn.Identity) == (place == "post")


# Reading


@pytest.mark.parametrize("family", TINY)
def test_no_position_sees_a_later_one(family):
    model = make(TINY[family])
    changed = IDS.clone()
    changed[:, 3] = 200
    moved = (model(IDS) - model(changed)).abs().amax(-1) > 0
    assert moved.tolist() == [[False, False, False, True, True]] * 2


@pytest.mark.parametrize("family", TINY)
def test_hidden_states_and_logits_make_forward(family):
    model = make(TINY[family])
    hidden = model.hidden_states(IDS)
    assert hidden.shape == (2, 5, 48) and torch.equal(model.logits(hidden), model(IDS))
    assert far(model.logits(hidden[:, -1:]), model(IDS)[:, -1:]) < 1e-5


def test_int32_ids_and_integer_masks_read_alike():
    model = make(TINY["gemma"])
    mask = torch.tensor([[False, False, True, True, True], [True] * 5])
    assert torch.equal(model(IDS.int()), model(IDS))
    assert torch.equal(model(IDS, attention_mask=mask.long()), model(IDS, attention_mask=mask))
    assert far(model(IDS, attention_mask=torch.ones(2, 5, dtype=torch.bool)), model(IDS)) < 1e-5
    assert far(model(IDS, attention_mask=mask)[:1, 2:], model(IDS[:1, 2:])) < 1e-5
    assert far(model(IDS, attention_mask=mask)[:1, 2:], model(IDS)[:1, 2:]) > 1e-2


def test_positions_count_real_tokens():
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])
    positions, allowed = positions_and_mask(5, 0, mask, torch.device("cpu"))
    assert positions.tolist() == [[0, 0, 0, 1, 2], [0, 1, 2, 3, 4], [0] * 5]
    assert allowed.shape == (3, 1, 5, 5) and allowed.any(-1).all(), "every query may look somewhere, padding too"
    assert torch.equal(allowed[1, 0], causal_mask(5, 5))
    assert allowed[0, 0, 4].tolist() == [False, False, True, True, True]
    assert torch.equal(allowed[2, 0], torch.eye(5, dtype=torch.bool))


def test_positions_go_on_after_the_cache():
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    positions, allowed = positions_and_mask(2, 3, mask, torch.device("cpu"))
    assert positions.tolist() == [[1, 2], [3, 4]]
    assert allowed[:, 0].tolist() == [
        [[False, False, True, True, False], [False, False, True, True, True]],
        [[True, True, True, True, False], [True] * 5],
    ]
    assert positions_and_mask(2, 3, None, torch.device("cpu"))[0].tolist() == [[3, 4]]
    assert positions_and_mask(2, 3, None, torch.device("cpu"))[1] is None


def test_only_padding_gives_numbers():
    logits = make(TINY["gemma"])(IDS, attention_mask=torch.zeros(2, 5, dtype=torch.bool))
    assert logits.isfinite().all()


# Errors


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (torch.tensor([[0, 256]]), "from 0 to 255, but run from 0 to 256"),
        (torch.tensor([[-1, 3]]), "run from -1 to 3"),
        (torch.tensor([[0.0, 1.0]]), "integers of shape"),
        (torch.tensor([[True, False]]), "integers of shape"),
        (torch.tensor([1, 2, 3]), r"\(3,\)"),
        (torch.zeros(1, 2, 3, dtype=torch.long), r"\(1, 2, 3\)"),
        (torch.zeros(1, 129, dtype=torch.long), "129 tokens are too many: this model reads at most 128; cut the input"),
    ],
)
def test_ids_that_no_model_can_read(ids, message):
    with pytest.raises(ValueError, match=message):
        Decoder(TINY["gemma"])(ids)


@pytest.mark.parametrize("shape", [(2, 4), (1, 5), (2, 5, 5), (5,)])
def test_wrong_attention_mask(shape):
    with pytest.raises(ValueError, match="cached positions included"):
        Decoder(TINY["gemma"])(IDS, attention_mask=torch.ones(shape, dtype=torch.bool))


def test_the_cache_counts_towards_the_length():
    model = make(replace(TINY["gemma"], max_length=8))
    cache = KVCache(model.config, 2)
    model(IDS, cache=cache)
    with pytest.raises(ValueError, match="10 tokens are too many"):
        model(IDS, cache=cache)
    with pytest.raises(ValueError, match=r"must have shape \(2, 6\)"):
        model(IDS[:, :1], cache=cache, attention_mask=torch.ones(2, 1, dtype=torch.bool))
    assert model(IDS[:, :3], cache=cache).shape == (2, 3, 256) and cache.length == 8


def test_128_tokens_are_not_too_many():
    assert Decoder(TINY["gemma"])(torch.zeros(1, 128, dtype=torch.long)).shape == (1, 128, 256)


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


# Families


@pytest.mark.parametrize("name", FAMILIES)
def test_tiny_models_keep_the_oddities_of_their_family(name):
    tiny, published = TINY_OF[name], [PUBLISHED[model] for model in MODELS_OF[name]]
    same = ("activation", "gated", "norm", "norm_eps", "norm_place", "parallel", "positions", "rope_base",
            "rotary_fraction", "bias", "head_bias", "scale_embedding", "qk_norm",
            "full_attention_every")  # fmt: skip
    for config in published:
        assert (tiny.window is None) == (config.window is None) and bool(tiny.experts) == bool(config.experts)
        assert (tiny.yarn is None) == (config.yarn is None)
        assert [getattr(tiny, field) for field in same] == [getattr(config, field) for field in same]
    assert tiny.tie_embeddings in {config.tie_embeddings for config in published}


@pytest.mark.parametrize("name", FAMILIES)
def test_key_table_names_each_tensor_once(name):
    for tied in {False, TINY_OF[name].tie_embeddings or not TINY_OF[name].head_bias}:
        config = replace(TINY_OF[name], tie_embeddings=tied)
        table = FAMILIES[name].key_table(config)
        ours = [tensor for place in table.values() for tensor in place.names]
        assert sorted(ours) == sorted(key for key, _ in Decoder(config).named_parameters())
        assert ("lm_head.weight" in table) != config.tie_embeddings
