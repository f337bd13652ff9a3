"""What a folder says about itself: each error that reading it can raise is one that the docstrings name."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from llmbook.checkpoint import CheckpointError, stored_tensors
from llmbook.checkpoint.folder import READABLE, read_config, read_json
from llmbook.checkpoint.tensors import read_header
from llmbook.models import llama

TINY = {name: family.tiny() for name, family in READABLE.items()} | {
    "mistral": llama.tiny(window=4), "mixtral": llama.tiny(experts=3, experts_per_token=2)}  # fmt: skip
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
ODD = (None, True, False, 0, -1, 3, 2.5, 10**400, float("nan"), float("inf"), "8", "", [], [1], {}, {"rope_theta": "x"},
       ["full_attention"] * 4, {"full_attention": 3}, {"rope_type": ["x"]}, {"rope_type": "yarn"},
       {"full_attention": YARN | {"factor": "8"}}, YARN | {"factor": float("nan")}, YARN)  # fmt: skip
MORE = ("rope_parameters", "rope_scaling", "rope_theta", "attention_bias", "mlp_bias", "hidden_activation",
        "sliding_window", "layer_types", "clip_qkv", "partial_rotary_factor", "num_local_experts", "dense_act_fn",
        "num_experts_per_tok", "scale_decoder_outputs", "is_encoder_decoder", "qk_layernorm")  # fmt: skip
PATH = Path("folder", "config.json")


def other_errors(read, model_type: str) -> set[str]:
    """Fields of a ``config.json`` that raise something else than they should when something odd stands in them."""
    found, hf = set(), READABLE[model_type].config_to_hf(TINY[model_type])
    for field in (*hf, *MORE):
        for odd in ODD:
            try:
                read(hf | {field: odd})
            except CheckpointError:
                continue
            except Exception:
                found.add(field)
    return found


@pytest.mark.parametrize("model_type", READABLE)
def test_whatever_stands_in_a_field_a_config_is_read_or_refused(model_type):
    for names in (None, ["a tensor"] * 50):
        assert other_errors(lambda hf, names=names: read_config(PATH, hf, names), model_type) == set()


def test_an_error_of_another_kind_is_seen():
    """The twin: a reader that trusts one field."""

    def trusting(hf: dict) -> float:
        return float(hf["rope_theta"]) if hf["rope_theta"] != 3 else read_config(PATH, {})

    assert other_errors(trusting, "llama") == {"rope_theta"}


def test_what_is_read_has_its_family():
    for model_type, config in TINY.items():
        family = READABLE[model_type]
        assert read_config(PATH, family.config_to_hf(config)) == (family, config)


@pytest.mark.parametrize(
    ("model_type", "change", "said"),
    [
        ("gemma", {"model_type": "mamba"}, "reads model_type falcon, .*, t5, not 'mamba'"),
        ("gemma", {"hidden_size": True}, "config.json: hidden_size must be a whole number from 1"),
        ("gemma", {"num_hidden_layers": 60}, "num_hidden_layers = 60, but the checkpoint holds 50 tensors"),
        ("gpt2", {"n_layer": 60}, "n_layer = 60, but the checkpoint holds 50 tensors"),
        ("t5", {"num_decoder_layers": 60}, "num_decoder_layers = 60, but the checkpoint holds 50 tensors"),
        ("mixtral", {"num_local_experts": 10**9}, "num_local_experts = 1000000000, but the checkpoint holds 50"),
        ("mixtral", {"num_experts_per_tok": 9}, r"config.json: a sparse mixture .* experts_per_token \(1 to experts\)"),
        ("olmo", {"clip_qkv": "8"}, "config.json: clip_qkv must be a finite number or None, not '8'"),
        ("llama", {"rope_scaling": "linear"}, "rope_scaling must hold named fields, not 'linear'"),
        ("llama", {"rms_norm_eps": None}, "norm_eps must be a finite number, not None"),
        ("olmo3", {"sliding_window": None}, "layers with a window, but sliding_window is null"),
        ("olmo3", {"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, "have no factor, original_max"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(model_type, change, said):
    hf = READABLE[model_type].config_to_hf(TINY[model_type])
    with pytest.raises(CheckpointError, match=said):
        read_config(PATH, hf | change, ["a tensor"] * 50)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"has no config\.json; pass the folder"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 10_000, "is not JSON"),  # deeper than the parser goes
        (b"[]", "is not a JSON object"),
    ],
    ids=["nothing", "cut short", "no UTF-8", "too deep", "a list"],
)
def test_json_that_cannot_be_read(content, said, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=said):
        read_json(tmp_path / "config.json")


def shards(directory, index, **files):
    """A folder of shards, each with these names and a number."""
    for file, numbers in files.items():
        tensors = {name: torch.full((1,), number) for name, number in numbers.items()}
        save_file(tensors, directory / f"{file}.safetensors")
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    return directory


def test_a_tensor_lies_where_the_index_says(tmp_path):
    index = {"a": "one.safetensors", "b": "two.safetensors"}
    stored = stored_tensors(shards(tmp_path, index, one={"a": 1.0}, two={"b": 2.0}))
    assert {name: tensor.read().item() for name, tensor in stored.items()} == {"a": 1.0, "b": 2.0}
    for wrong in ({"one": {"a": 1.0}, "two": {"a": 3.0, "b": 2.0}}, {"one": {"b": 2.0}, "two": {"a": 1.0}}):
        with pytest.raises(CheckpointError, match=r"index\.json and the shards disagree about a"):
            stored_tensors(shards(tmp_path, index, **wrong))


def test_the_last_file_would_win(tmp_path):
    """The twin: names alone agree, and the number is that of the file that the index does not name."""
    shards(tmp_path, {"a": "one.safetensors"}, one={"a": 1.0}, two={"a": 3.0})
    headers = [read_header(tmp_path / f"{name}.safetensors") for name in ("one", "two")]
    assert (headers[0] | headers[1])["a"].read().item() == 3.0 and headers[0].keys() == headers[1].keys()


def test_no_folder_has_no_tensors(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no folder .*nowhere; pass the folder"):
        stored_tensors(tmp_path / "nowhere")


@pytest.mark.parametrize("change", ["shrinks", "is gone"])
def test_a_file_that_changes_while_it_is_read(change, tmp_path):
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(3)}, file)
    stored = stored_tensors(tmp_path)["a"]
    assert torch.equal(stored.read(), torch.ones(3))
    file.write_bytes(b"short") if change == "shrinks" else file.unlink()
    with pytest.raises(CheckpointError, match="changed while a was read"):
        stored.read()
