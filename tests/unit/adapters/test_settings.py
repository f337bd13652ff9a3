"""The settings of an adapter: one list of them, taken by ``inject`` and by every layer, and none left unnoticed."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest
from adapted_decoders import small_decoder
from torch import nn

from llmbook import adapters
from llmbook.adapters import DoRALinear, LoRAEmbedding, LoRALinear, Settings, adapter_layers, base, inject, injection

NAMES = {field.name for field in fields(Settings)}
FILES = {path.name: path.read_text("utf-8") for path in Path(adapters.__file__).parent.glob("*.py")}
UNLIKE = {"kind": "dora", "rank": 3, "alpha": 5.0, "dropout": 0.25, "rank_stabilized": True}


def listings(files):
    """Functions and classes that list most settings anew, as arguments or as names of fields."""
    found = []
    for name, source in files.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                words = {each.arg for each in ast.walk(node) if isinstance(each, (ast.arg, ast.keyword))}
                words |= {ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)}
                words |= {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)
                          and isinstance(each.value, str)}  # fmt: skip
                found += [f"{name}: {node.name}"] if len(words & NAMES) > 3 else []
    return found


def test_settings_are_listed_once():
    assert listings(FILES) == ["base.py: Settings"]


@pytest.mark.parametrize("source", [
    "def inject(model, *, kind='lora', rank=8, alpha=16, dropout=0.0): ...",
    "class Layer:\n    def __init__(self, base, rank, alpha, dropout, rank_stabilized): ...",
    "def adapter(layer, s):\n    return Layer(layer, rank=s.rank, alpha=s.alpha, dropout=s.dropout, kind=s.kind)",
    "def options(s):\n    return {n: getattr(s, n) for n in ('rank', 'alpha', 'dropout', 'rank_stabilized')}",
])  # fmt: skip
def test_a_second_list_is_seen(source):
    assert len(listings(FILES | {"other.py": source})) > 1


def test_every_setting_arrives():
    assert UNLIKE.keys() == NAMES and all(getattr(Settings(), name) != value for name, value in UNLIKE.items())
    layers = adapter_layers(inject(small_decoder(), ["q_proj"], **UNLIKE))
    assert {layer.settings for layer in layers.values()} == {Settings(**UNLIKE)}
    alone = {name: value for name, value in UNLIKE.items() if name != "kind"}
    for kind in (LoRALinear, DoRALinear):
        assert kind(nn.Linear(4, 4), **alone).settings == Settings(**UNLIKE | {"kind": kind.kind})
    shown = repr(DoRALinear(nn.Linear(4, 4), **alone))
    assert all(f"{name}={value}" in shown for name, value in UNLIKE.items())


def test_every_kind_has_a_layer():
    assert tuple(injection.LAYERS) == base.KINDS


@pytest.mark.parametrize("options", [{"rnk": 3}, {"rank": 3, "scale": 2}, {"detach_norm": False}])
def test_an_unknown_setting_is_refused(options):
    model = small_decoder().requires_grad_(True)
    with pytest.raises(TypeError, match="unexpected keyword"):
        inject(model, ["q_proj"], **options)
    assert not adapter_layers(model) and all(parameter.requires_grad for parameter in model.parameters())


def test_a_layer_keeps_its_kind():
    with pytest.raises(TypeError, match="kind"):
        LoRALinear(nn.Linear(4, 4), kind="dora")


def test_an_embedding_takes_no_dropout():
    with pytest.raises(ValueError, match="no dropout"):
        LoRAEmbedding(nn.Embedding(3, 4), rank=1, dropout=0.1)
    assert LoRAEmbedding(nn.Embedding(3, 4), rank=1).settings == Settings(rank=1)
