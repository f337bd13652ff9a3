"""Bad checkpoints: each gets an error that names what is wrong and says what to do."""

import json

import pytest
import torch
from published_folders import edit_config, edit_weights, write_folder

from llmbook.checkpoint import CheckpointError, load_pretrained, stored_tensors


def test_missing_and_unknown_tensors_are_named_and_counted(copy):
    def rename_and_remove(tensors):
        tensors["model.layers.0.self_attn.q_norm.weight"] = tensors.pop("model.layers.0.input_layernorm.weight")
        for name in [name for name in tensors if ".1." in name]:
            del tensors[name]

    edit_weights(copy, rename_and_remove)
    with pytest.raises(CheckpointError) as raised:
        load_pretrained(copy)
    text = str(raised.value)
    assert "of 20 expected tensors, 10 missing (model.layers.0.input_layernorm.weight, " in text
    assert "and 7 more) and 1 that this model has no place for (model.layers.0.self_attn.q_norm.weight)" in text


def test_an_untied_model_needs_its_head(tmp_path):
    write_folder(tmp_path, "llama")
    edit_weights(tmp_path, lambda tensors: tensors.pop("lm_head.weight"))
    with pytest.raises(CheckpointError, match=r"1 missing \(lm_head.weight\)"):
        load_pretrained(tmp_path)


def test_a_wrong_shape_names_the_tensor_and_both_shapes(copy):
    edit_config(copy, num_key_value_heads=2)
    with pytest.raises(CheckpointError, match=r"k_proj.weight has shape \(12, 48\), but .* implies \(24, 48\)"):
        load_pretrained(copy)


def test_quantized_weights_are_refused(copy):
    name = "model.layers.0.mlp.up_proj.weight"
    edit_weights(copy, lambda tensors: tensors.update({name: tensors[name].to(torch.int8)}))
    with pytest.raises(CheckpointError, match=r"up_proj\.weight is stored as torch\.int8.*quantized"):
        load_pretrained(copy)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "mamba"}, "reads model_type falcon, gemma, .*, not 'mamba'"),
        ({"model_type": None}, "not None"),
        ({"model_type": ["gemma"]}, r"not \['gemma'\]"),
        ({"num_attention_heads": 0}, "num_attention_heads must be a whole number from 1"),
        ({"num_attention_heads": 3, "num_key_value_heads": 2}, r"heads \(3\) must be a multiple of kv_heads \(2\)"),
        ({"hidden_size": "48"}, "hidden_size must be a whole number from 1 to 2\\*\\*31, not '48'"),
        ({"hidden_size": 10**30}, "hidden_size must be a whole number from 1"),
        ({"vocab_size": True}, "vocab_size must be a whole number"),
        ({"head_dim": 7}, "must be even, not 7"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings must be true or false, not 'yes'"),
        ({"num_hidden_layers": 1_000_000_000}, "num_hidden_layers = 1000000000, but the checkpoint holds 20 tensors"),
        ({"hidden_act": "mish"}, "unknown hidden_act 'mish'"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 2.0}}, "rope type 'linear'"),
    ],
)
def test_an_impossible_config_says_what_is_wrong(changes, said, copy):
    edit_config(copy, **changes)
    with pytest.raises(CheckpointError, match=said):
        load_pretrained(copy)


def test_a_missing_size_is_named(copy):
    path = copy / "config.json"
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "hidden_size"}))
    with pytest.raises(CheckpointError, match="hidden_size must be"):
        load_pretrained(copy)


@pytest.mark.parametrize(("text", "said"), [("{", "is not JSON"), ("[]", "is not a JSON object")])
def test_a_broken_config_is_named(text, said, copy):
    (copy / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=said):
        load_pretrained(copy)


def test_a_folder_without_config_or_weights_says_what_to_fetch(copy):
    (copy / "config.json").rename(copy / "kept.json")
    with pytest.raises(CheckpointError, match=r"has no config\.json; pass the folder"):
        load_pretrained(copy)
    (copy / "kept.json").rename(copy / "config.json")
    (copy / "model.safetensors").rename(copy / "adapter_model.safetensors")
    with pytest.raises(CheckpointError, match=r"neither model\.safetensors nor .*\(it has adapter_model"):
        load_pretrained(copy)
    (copy / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin only.*call save_pretrained there"):
        load_pretrained(copy)


def test_a_path_that_is_no_folder(folder, tmp_path):
    with pytest.raises(CheckpointError, match="is a file; pass the folder"):
        load_pretrained(folder / "config.json")
    with pytest.raises(CheckpointError, match="there is no folder"):
        load_pretrained(tmp_path / "nowhere")


@pytest.mark.parametrize("kept", [0, 5, 8, 100, -1])
def test_a_truncated_file_is_recognized_before_any_number_is_read(kept, copy):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="is cut short" if kept > 8 or kept < 0 else "empty|is cut short|not a"):
        load_pretrained(copy)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>Please log in</html>", "is a web page saved under that name"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-lfs pointer.*git lfs pull"),
        (b"PK\x03\x04" + bytes(range(200)), "is not a safetensors file"),
        ((20).to_bytes(8, "little") + b"not json at all....." + bytes(50), "is not a safetensors file.*JSON"),
        ((2).to_bytes(8, "little") + b"{}" + bytes(50), "bytes too many.*fetch it again"),
        ((2).to_bytes(8, "little") + b"{}", "holds 0 tensors in all"),
    ],
)
def test_something_else_under_that_name_is_called_what_it_is(content, said, copy):
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=said):
        load_pretrained(copy)


def test_a_missing_or_foreign_shard_is_named(tmp_path):
    write_folder(tmp_path, "llama", shards=True)
    index = tmp_path / "model.safetensors.index.json"
    shards = sorted(tmp_path.glob("model-*.safetensors"))
    kept = shards[1].read_bytes()
    shards[1].unlink()
    with pytest.raises(CheckpointError, match=f"lacks {shards[1].name}, which model.safetensors.index.json lists"):
        load_pretrained(tmp_path)
    shards[1].write_bytes(kept)
    content = json.loads(index.read_text())
    content["weight_map"].pop("model.norm.weight")
    index.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=r"disagree about model\.norm\.weight"):
        load_pretrained(tmp_path)
    content["weight_map"]["model.norm.weight"] = "../outside.safetensors"
    index.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="lacks"):
        load_pretrained(tmp_path)
    index.write_text("{}")
    with pytest.raises(CheckpointError, match="has no weight_map"):
        load_pretrained(tmp_path)


def test_a_file_that_shrinks_while_it_is_read(copy):
    stored = stored_tensors(copy)
    (copy / "model.safetensors").write_bytes(b"short")
    with pytest.raises(CheckpointError, match=r"changed while model\.norm\.weight was read"):
        stored["model.norm.weight"].read()
