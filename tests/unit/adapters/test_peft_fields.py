"""The fields of an adapter's config: each has a type and a range, and another value is refused by its name."""

import json

import pytest
from adapted_decoders import small_decoder

from llmbook.adapters import Settings, adapter_layers, inject, load_adapter, peft_config, save_adapter
from llmbook.adapters.peft_config import CONFIG
from llmbook.adapters.peft_fields import ALL
from llmbook.checkpoint import CheckpointError

NUMBERS = (True, "8", [8], {"all": 8}, float("nan"), float("inf"), -1)
WRONG = {
    "r": (*NUMBERS, None, 0, 8.0, 2**40, 10**400), "lora_alpha": (*NUMBERS, None, 0, 1e300, 10**400),
    "lora_dropout": (*NUMBERS, None, 1, 1.5), "use_rslora": ("false", "true", 1, 0, []),
    "use_dora": ("false", "true", 1, 0, {}), "rank_pattern": ("q_proj", [3], {"q_proj": "3"}, {"q_proj": True},
                                                             {"q_proj": 0}, {"q_proj": None}, {"no_such": 2.5}),
    "alpha_pattern": ("q_proj", [3], {"q_proj": "3"}, {"q_proj": True}, {"q_proj": -1}, {"q_proj": float("nan")}),
    "target_parameters": ("q_proj.weight", [1], {}), "bias": (False, ["none"]), "init_lora_weights": (1, 0.5, ["eva"]),
}  # fmt: skip
RIGHT = {
    "r": (3,), "lora_alpha": (5, 5.0, 1e-3, 1e30), "lora_dropout": (0, 0.0, 0.5), "use_rslora": (True, False, None),
    "use_dora": (False, None), "rank_pattern": (None, {}, {"q_proj": 3}), "bias": ("none",),
    "alpha_pattern": (None, {}, {"q_proj": 7, "v_proj": 0.5}), "target_parameters": (None, [], ["k_proj.weight"]),
    "init_lora_weights": (True, False, None, "gaussian", "eva", "orthogonal"), "target_modules": ("q.*", ["q_proj"]),
    "layers_to_transform": (1, [0, 1], None), "exclude_modules": ("v", ["v"]), "runtime_config": ({"x": True},),
    "modules_to_save": (None, []), "trainable_token_indices": (None,), "lora_bias": (False, None),
    "use_something_new": (None, False, 0, ""), "megatron_core": ("megatron.core",),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    save_adapter(inject(small_decoder(), ["q_proj"], rank=3, alpha=5), tmp_path)
    return tmp_path


def changed(folder, **fields):
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return folder


def cases(table):
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), cases(WRONG))
def test_a_wrong_value_is_refused_by_name(name, value, folder):
    model = small_decoder().requires_grad_(True)
    with pytest.raises(CheckpointError, match=rf"{CONFIG}: {name} must be .*, not .*; is the file damaged\?"):
        load_adapter(model, changed(folder, **{name: value}))
    assert not adapter_layers(model) and all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("name", sorted(ALL.keys() - WRONG.keys() - {"peft_type"}))
def test_every_other_field_has_a_type(name, folder):
    with pytest.raises(CheckpointError, match=rf"{CONFIG}: {name} must be "):
        load_adapter(small_decoder(), changed(folder, **{name: 2.5}))


@pytest.mark.parametrize(("name", "value"), cases(RIGHT))
def test_a_right_value_is_taken(name, value, folder):
    model = load_adapter(small_decoder(), changed(folder, **{name: value}))
    expected = {"lora_alpha": "alpha", "lora_dropout": "dropout", "use_rslora": "rank_stabilized"}.get(name)
    if expected:
        assert {getattr(layer.settings, expected) for layer in adapter_layers(model).values()} == {value or 0}


def test_the_twin_takes_a_text_for_true(folder, monkeypatch):
    """Without the types, "false" is true: another factor, and not a word."""
    changed(folder, use_rslora="false")
    monkeypatch.setattr(peft_config, "wrong_field", lambda config: None)
    layers = adapter_layers(load_adapter(small_decoder(), folder))
    assert {layer.settings.rank_stabilized for layer in layers.values()} == {True}


@pytest.mark.parametrize("name", ["kasa_config", "use_bdlora", "arrow_config", "use_something_new"])
@pytest.mark.parametrize("value", [True, {}, {"a": 1}, "yes", 3])
def test_what_is_not_built_is_refused_by_name(name, value, folder):
    with pytest.raises(CheckpointError, match=f"{name} = .* not built in this book"):
        load_adapter(small_decoder(), changed(folder, **{name: value}))


@pytest.mark.parametrize("text", [
    "[" * 100_000, '{"r": ' * 100_000, "{", "[]", "null", '"text"', "", "\0", '{"r": ' + "9" * 6000 + "}",
    '{"peft_type": "LORA", "r": 1e999}', '{"peft_type": "\\ud800"}', '{"peft_type": []}', "\ufeff{}",
])  # fmt: skip
def test_a_damaged_config_names_the_file(text, folder):
    (folder / CONFIG).write_text(text)
    with pytest.raises(CheckpointError, match=CONFIG):
        load_adapter(small_decoder(), folder)


@pytest.mark.parametrize("name", ["r", "peft_type", "use_something_new", "rank_pattern"])
def test_a_value_nested_deep_is_refused_too(name, folder):
    for depth in range(600, 1000, 10):  # up to where Python can follow it no more, from here
        (folder / CONFIG).write_text('{"peft_type": "LORA", "%s": %s}' % (name, "[" * depth + "]" * depth))  # noqa: UP031
        with pytest.raises(CheckpointError, match=CONFIG):
            load_adapter(small_decoder(), folder)


@pytest.mark.parametrize("data", [b"\xff\xfe{}", b"\x80", b"\x1f\x8b" + bytes(100)])
def test_a_config_that_is_no_text_names_the_file(data, folder):
    (folder / CONFIG).write_bytes(data)
    with pytest.raises(CheckpointError, match=CONFIG):
        load_adapter(small_decoder(), folder)


def test_a_pattern_cannot_keep_the_reader(folder):
    slow = {f"({'a|' * 20}.)*{number}": 3 for number in range(3000)}
    with pytest.raises(CheckpointError, match=rf"{CONFIG}: rank_pattern has patterns that take too long"):
        load_adapter(small_decoder(), changed(folder, rank_pattern=slow))
    load_adapter(small_decoder(), changed(folder, rank_pattern={"(.*)*x": 9, r".*\.q_proj": 3}))


@pytest.mark.parametrize(("field", "value"), [
    ("alpha", True), ("alpha", "16"), ("alpha", None), ("alpha", 1e300), ("alpha", 10**400), ("rank", 2**40),
    ("dropout", True), ("dropout", "0.1"), ("dropout", None), ("rank_stabilized", "false"), ("rank_stabilized", 1),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["lora", "dora"])
def test_settings_have_the_same_types(kind, field, value):
    model = small_decoder().requires_grad_(True)
    with pytest.raises(ValueError, match=field):
        inject(model, ["q_proj", "v_proj"], kind=kind, **{field: value})
    assert not adapter_layers(model) and all(parameter.requires_grad for parameter in model.parameters())


def test_large_and_small_alphas_are_taken():
    for alpha in (1e-30, 1, 1e30):
        layers = adapter_layers(inject(small_decoder(), ["q_proj"], kind="dora", alpha=alpha))
        assert all(layer.magnitude.isfinite().all() for layer in layers.values())
        assert Settings(alpha=alpha).alpha == alpha
