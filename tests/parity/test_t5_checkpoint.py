"""T5 folders: those that transformers writes, those in the layout of the releases, and bad ones."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from published_folders import edit_config, edit_weights
from safetensors.torch import load_file
from small_t5s import CASES, our_model, texts
from t5_pairs import TOLERANCE, distance, reference_of, their_logits

from llmbook.checkpoint import CheckpointError, load_pretrained, read_checkpoint_config, save_pretrained
from llmbook.models.t5 import T5

TABLE = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """A config, transformers' model, our folder in the released layout and transformers 5's own folder."""
    config = CASES[request.param]
    ours = our_model(config, "loud", 3)
    theirs, folder = reference_of(ours), tmp_path_factory.mktemp(request.param)
    save_pretrained(ours, folder / "released")
    theirs.save_pretrained(folder / "transformers")
    return config, theirs, folder


@pytest.mark.parametrize("layout", ["released", "transformers"])
def test_both_layouts_load(layout, case):
    config, theirs, folder = case
    ours = load_pretrained(folder / layout)
    assert isinstance(ours, T5) and not ours.training and ours.config == config
    inputs = texts(config, read=20)
    assert distance(ours, inputs, their_logits(theirs, *inputs, "plain")) <= TOLERANCE


def test_the_layouts_say_tying_in_two_ways(case):
    """The reason for reading both facts: transformers 5 writes true, whatever the model is."""
    config, _, folder = case
    released, newer = (json.loads((folder / name / "config.json").read_text()) for name in ("released", "transformers"))
    assert released["tie_word_embeddings"] == config.tie_embeddings and "scale_decoder_outputs" not in released
    assert newer["tie_word_embeddings"] is True and newer["scale_decoder_outputs"] == config.scale_logits
    names = load_file(folder / "transformers" / "model.safetensors").keys()
    assert ("lm_head.weight" in names) == (not config.tie_embeddings)
    assert read_checkpoint_config(folder / "released") == config


def test_saving_and_loading_changes_nothing(case, tmp_path):
    ours = load_pretrained(case[2] / "transformers")
    save_pretrained(ours, tmp_path)
    again = load_pretrained(tmp_path)
    assert again.config == ours.config
    pairs = zip(ours.named_parameters(), again.named_parameters(), strict=True)
    assert all(name == other and torch.equal(tensor, same) for (name, tensor), (other, same) in pairs)


@pytest.mark.parametrize(("tied", "scaled"), [(True, False), (False, True)])
def test_unusual_pairs_of_tying_and_scaling_go_both_ways(tied, scaled, tmp_path):
    config = replace(CASES["flan"], tie_embeddings=tied, scale_logits=scaled)
    ours = our_model(config, "loud", 0)
    theirs = reference_of(ours)
    assert theirs.config.scale_decoder_outputs == scaled
    inputs = texts(config, read=20)
    assert distance(ours, inputs, their_logits(theirs, *inputs, "plain")) <= TOLERANCE
    theirs.save_pretrained(tmp_path)
    assert load_pretrained(tmp_path).config == config


def test_bfloat16_and_shards(case, tmp_path):
    config, theirs, _ = case
    theirs.save_pretrained(tmp_path, max_shard_size="20KB")
    assert (tmp_path / "model.safetensors.index.json").is_file()
    ours = load_pretrained(tmp_path, dtype=torch.bfloat16)
    assert ours(*texts(config, read=9)).dtype == torch.bfloat16
    with pytest.raises(CheckpointError, match=r"torch\.float16, in which these models are not run"):
        load_pretrained(tmp_path, dtype=torch.float16)


@pytest.fixture(scope="module")
def flan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flan")
    save_pretrained(our_model(CASES["flan"], "loud", 0), folder)
    return folder


@pytest.fixture
def copy(flan, tmp_path):
    """A folder to damage."""
    return shutil.copytree(flan, tmp_path / "copy")


def test_what_old_files_repeat_or_never_used_is_accepted(copy):
    def as_in_2020(tensors):
        for stack in ("encoder", "decoder"):
            tensors[f"{stack}.embed_tokens.weight"] = tensors["shared.weight"].clone()
        tensors[TABLE] = torch.ones(32, 6)

    edit_weights(copy, as_in_2020)
    assert isinstance(load_pretrained(copy), T5)
    edit_weights(copy, lambda tensors: tensors["encoder.embed_tokens.weight"].add_(1))
    with pytest.raises(CheckpointError, match=r"encoder\.embed_tokens\.weight: it repeats the shared embedding, but"):
        load_pretrained(copy)


def test_an_untied_head_in_a_tied_release_is_refused(tmp_path):
    save_pretrained(our_model(CASES["t5-1.0"], "loud", 0), tmp_path)
    edit_weights(tmp_path, lambda tensors: tensors.update({"lm_head.weight": torch.ones(97, 48)}))
    with pytest.raises(CheckpointError, match=r"lm_head\.weight: config\.json ties it to the embedding"):
        load_pretrained(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "shared.weight",
        "lm_head.weight",
        "encoder.block.1.layer.1.DenseReluDense.wi_0.weight",
        "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
    ],
)
def test_a_missing_tensor_is_named(name, copy):
    edit_weights(copy, lambda tensors: tensors.pop(name))
    with pytest.raises(CheckpointError, match=rf"1 missing \({name}\)"):
        load_pretrained(copy)


@pytest.mark.parametrize(
    "name",
    [
        "decoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight",
        "encoder.block.0.rotary_emb.inv_freq",
        "classifier.weight",
    ],
)
def test_an_unknown_tensor_is_named(name, copy):
    edit_weights(copy, lambda tensors: tensors.update({name: torch.ones(32, 6)}))
    with pytest.raises(CheckpointError, match=rf"no place for \({name}\)"):
        load_pretrained(copy)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"d_kv": 16}, r"q\.weight has shape \(48, 32\), but config\.json implies \(96, 32\)"),
        ({"feed_forward_proj": "relu"}, "missing .*wi.weight.* and 10 that this model has no place for"),
        ({"feed_forward_proj": "gated-gelu-new"}, "unknown feed_forward_proj"),
        ({"feed_forward_proj": "gated-mish"}, "unknown hidden_act 'mish'"),
        ({"dense_act_fn": "gelu"}, "means gelu_new, but dense_act_fn is 'gelu'"),
        ({"num_decoder_layers": 10**9}, "num_decoder_layers = 1000000000, but the checkpoint holds"),
        ({"num_layers": None}, "num_layers must be a whole number"),
        ({"relative_attention_num_buckets": 6}, "buckets must be a multiple of 4"),
        ({"relative_attention_max_distance": 16}, "max_distance must be above"),
        ({"relative_attention_num_buckets": 64}, r"relative_attention_bias\.weight has shape \(32, 6\)"),
        ({"is_encoder_decoder": False}, "half of a T5"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings must be true or false"),
        ({"model_type": "umt5"}, "reads model_type .*, t5, not 'umt5'"),
    ],
)
def test_an_impossible_config_says_what_is_wrong(changes, said, copy):
    edit_config(copy, **changes)
    with pytest.raises(CheckpointError, match=said):
        load_pretrained(copy)
