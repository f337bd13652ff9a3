"""The special ids of a checkpoint: those that were read are written, and transformers reads them again."""

import json
from dataclasses import replace

import pytest
import transformers

from llmbook.checkpoint import CheckpointError, load_pretrained, save_pretrained
from llmbook.models import FAMILIES, Decoder, t5_config
from llmbook.models.t5 import T5

MADE = {name: (Decoder, family.tiny()) for name, family in FAMILIES.items() if name == family.model_types[0]}
MADE |= {
    "mistral": (Decoder, FAMILIES["mistral"].tiny(window=4)),
    "mixtral": (Decoder, FAMILIES["mixtral"].tiny(experts=3, experts_per_token=2)),
    "t5": (T5, t5_config.tiny()),
}
NAMES = ("bos_token_id", "eos_token_id", "pad_token_id")
OTHER = {"bos_token_id": 90, "eos_token_id": 99, "pad_token_id": 98}
LEFT_OUT = object()
SEVERAL = {"eos_token_id": [1, 106], "bos_token_id": 2, "top_k": 7}


def ids_of(path) -> dict:
    hf = json.loads(path.read_text())
    return {name: hf.get(name, LEFT_OUT) for name in NAMES}


def folder_with(directory, model_type: str, ids: dict):
    """A folder of a tiny model whose config has exactly these ids."""
    kind, config = MADE[model_type]
    save_pretrained(kind(config), directory)
    path = directory / "config.json"
    hf = {name: value for name, value in json.loads(path.read_text()).items() if name not in NAMES}
    path.write_text(json.dumps(hf | ids))
    return directory


@pytest.mark.parametrize("ids", [OTHER, OTHER | {"eos_token_id": [99, 97]}, dict.fromkeys(NAMES), {}],
                         ids=["others", "several ends", "null", "left out"])  # fmt: skip
@pytest.mark.parametrize("model_type", MADE)
def test_what_was_read_is_written(model_type, ids, tmp_path):
    if model_type == "t5" and ids != OTHER:
        ids = OTHER | {"bos_token_id": ids.get("bos_token_id")}  # the model itself needs an end and a padding
    first = folder_with(tmp_path / "first", model_type, ids)
    model = load_pretrained(first)
    save_pretrained(model, tmp_path / "second")
    assert ids_of(first / "config.json") == ids_of(tmp_path / "second" / "config.json")
    before, after = (transformers.AutoConfig.from_pretrained(tmp_path / name) for name in ("first", "second"))
    assert before.model_type == after.model_type == model_type
    for name in NAMES:
        assert getattr(before, name, None) == getattr(after, name, None)
    if model_type.startswith("olmo") and ids == dict.fromkeys(NAMES):
        return  # beside a vocabulary that is not the published one, these families write null of themselves
    del model.special_ids  # the twin: as every model was saved before
    save_pretrained(model, tmp_path / "twin")
    assert ids_of(tmp_path / "twin" / "config.json") != ids_of(first / "config.json")


@pytest.mark.parametrize("model_type", MADE)
def test_a_generation_config_is_written_as_it_was_read(model_type, tmp_path):
    first = folder_with(tmp_path / "first", model_type, OTHER)
    save_pretrained(load_pretrained(first), tmp_path / "none")
    assert not (tmp_path / "none" / "generation_config.json").exists()
    (first / "generation_config.json").write_text(json.dumps(SEVERAL))
    save_pretrained(load_pretrained(first), tmp_path / "second")
    assert json.loads((tmp_path / "second" / "generation_config.json").read_text()) == SEVERAL
    assert transformers.GenerationConfig.from_pretrained(tmp_path / "second").eos_token_id == [1, 106]
    (first / "generation_config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"generation_config\.json is not JSON"):
        load_pretrained(first)


def test_the_ids_of_a_t5_are_those_of_its_config(tmp_path):
    model = load_pretrained(folder_with(tmp_path / "first", "t5", OTHER))
    assert (model.config.stop_id, model.config.pad_id) == (99, 98)
    model.config = replace(model.config, stop_id=5)
    save_pretrained(model, tmp_path / "second")
    assert ids_of(tmp_path / "second" / "config.json") == OTHER | {"eos_token_id": 5}


@pytest.mark.parametrize("model_type", MADE)
def test_a_model_that_was_made_here_has_the_ids_of_its_family(model_type, tmp_path):
    kind, config = MADE[model_type]
    save_pretrained(kind(config), tmp_path)
    family = t5_config.FAMILY if model_type == "t5" else FAMILIES[model_type]
    written, expected = json.loads((tmp_path / "config.json").read_text()), family.config_to_hf(config)
    assert {name: written.get(name) for name in NAMES} == {name: expected.get(name) for name in NAMES}
    assert not (tmp_path / "generation_config.json").exists()
