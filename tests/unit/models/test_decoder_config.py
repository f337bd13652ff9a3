"""The decoder's config: fields, errors, what published and tiny models have, and what they count."""

import inspect
from dataclasses import MISSING, fields, replace

import pytest
import torch
from tiny_decoders import TINY

from llmbook.data import read_table
from llmbook.layers.yarn import Yarn
from llmbook.models import FAMILIES, PUBLISHED, Decoder, DecoderConfig, llama

TINY_OF = {name: family.tiny() for name, family in FAMILIES.items()} | {
    "mistral": llama.tiny(window=4),
    "mixtral": llama.tiny(rope_base=1e6, experts=3, experts_per_token=2),
}
MODELS_OF = {name: tuple(family.published) for name, family in FAMILIES.items()} | {
    "llama": ("llama-2-7b", "tinyllama-1.1b"),
    "mistral": ("mistral-7b",),
    "mixtral": ("mixtral-8x7b",),
}


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
    [(0, (3, 3, 3, 3, 3)), (2, (3, None, 3, None, 3)), (4, (3, 3, 3, None, 3)), (9, (3,) * 5)],
)
def test_which_layers_have_the_window(every, windows):
    config = replace(TINY["gemma"], layers=5, window=3, full_attention_every=every)
    assert config.windows == windows


def test_without_a_window_all_layers_see_everything():
    assert replace(TINY["gemma"], layers=3).windows == (None,) * 3


def test_a_config_of_nothing_but_sizes_is_that_of_llama_2():
    published = PUBLISHED["llama-2-7b"]
    sizes = {field.name: getattr(published, field.name) for field in fields(published) if field.default is MISSING}
    assert DecoderConfig(**sizes) == published
    assert DecoderConfig(**sizes, norm_eps=1e-6) != published


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


SMALL = {"vocab_size": 256, "width": 48, "layers": 2, "heads": 4, "max_length": 128}
OTHERWISE = {"olmo3": {"layers": 4}, "phi": {"width": 80}}
KV_HEADS = {"falcon": 1, "gemma": 1, "llama": 2, "mistral": 2, "mixtral": 2}
"""Of the tiny models; of the other families as many as there are heads."""


@pytest.mark.parametrize("name", FAMILIES)
def test_tiny_models_have_one_size(name):
    """A page that sets a tiny model beside that of another family compares their kinds, not their sizes."""
    tiny, expected = FAMILIES[name].tiny(), SMALL | OTHERWISE.get(name, {})
    assert {field: getattr(tiny, field) for field in expected} == expected
    assert tiny.kv_heads == KV_HEADS.get(name, 4)
    other = FAMILIES[name].tiny(vocab_size=100, max_length=40)
    assert other == replace(tiny, vocab_size=100, max_length=40)


@pytest.mark.parametrize("name", FAMILIES)
def test_key_table_names_each_tensor_once(name):
    for tied in {False, TINY_OF[name].tie_embeddings or not TINY_OF[name].head_bias}:
        config = replace(TINY_OF[name], tie_embeddings=tied)
        table = FAMILIES[name].key_table(config)
        ours = [tensor for place in table.values() for tensor in place.names]
        assert sorted(ours) == sorted(key for key, _ in Decoder(config).named_parameters())
        assert ("lm_head.weight" in table) != config.tie_embeddings
