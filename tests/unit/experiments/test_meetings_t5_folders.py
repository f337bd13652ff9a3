"""Where the stored summarizers lie: a folder for each size, one tokenizer for all, and a script that makes them so."""

import re
import sys
from pathlib import Path

import pytest

from llmbook import data
from llmbook.checkpoint import load_pretrained
from llmbook.data import data_folder, data_path
from llmbook.experiments import meetings_t5 as summarizers
from llmbook.experiments.meetings_t5 import SHORT, WIDTHS, Stage, folder_of, load_summarizer_tokenizer

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "scripts"))
import pretrain_summarizers as script  # noqa: E402

FAMILY = "models/meetings-t5"
STORED = ROOT / "data" / FAMILY
OF_A_SIZE = {"config.json", "model.safetensors", "training.json"}
WHOLE = {"tokenizer.json", *(f"{size}/{name}" for size in WIDTHS for name in OF_A_SIZE)}


def files_of(folder):
    """The names of all files of a family, from its folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """A way to call the script for some sizes, with a pretraining of two steps and the stored tokenizer."""
    pretrain, encode_all = summarizers.pretrain_summarizer, summarizers.encode_all
    stored = load_summarizer_tokenizer()
    pairs = encode_all(stored, summarizers.general_meetings(10, 1, **SHORT))
    monkeypatch.setattr(script, "validation_batches", dict)
    monkeypatch.setattr(summarizers, "stage_pairs", lambda stage: pairs)
    monkeypatch.setattr(script, "pretrain_summarizer", lambda size, seed: pretrain(
        size, seed=seed, stages=[Stage((SHORT,), 2, 4, seed=1)]))  # fmt: skip
    monkeypatch.setattr(script.torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(data, "FOLDERS", (tmp_path,))

    def call(*sizes, tokenizer=stored):
        for module in (script, summarizers):
            monkeypatch.setattr(module, "general_tokenizer", lambda: tokenizer)
        monkeypatch.setattr(sys, "argv", ["script", "--output", str(tmp_path), "--sizes", *sizes])
        script.main()
        return tmp_path / FAMILY

    return call


def test_the_stored_family_has_one_tokenizer():
    assert files_of(STORED) == WHOLE


def test_the_tokenizer_is_read_from_the_file_of_all():
    text = (STORED / "tokenizer.json").read_text(encoding="utf-8")
    assert load_summarizer_tokenizer().to_str(pretty=True) == text
    assert load_summarizer_tokenizer().get_vocab_size() == summarizers.VOCABULARY


@pytest.mark.parametrize("size", WIDTHS)
def test_a_size_is_found_by_its_folder(size):
    assert data_path(folder_of(size)) == data_folder() / FAMILY / size
    assert load_pretrained(data_path(folder_of(size))).config == summarizers.summarizer_config(size)


@pytest.mark.parametrize("name", ["models/meetings-t5-small", "models/small", FAMILY, f"{FAMILY}/huge"])
def test_an_unknown_model_lists_all_with_their_families(name):
    known = ["models/meetings-olmo", *(f"{FAMILY}/{size}" for size in sorted(WIDTHS))]
    message = f"no model {name!r}; choose one of {', '.join(known)}"
    with pytest.raises(FileNotFoundError, match=re.escape(message) + "$"):
        data_path(name)


def test_an_unknown_size_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown size 'huge'; choose one of small, medium, large"):
        summarizers.load_summarizer("huge")


def test_the_script_makes_the_layout_and_trains_no_size_twice(quick):
    made = quick("small", "medium")
    assert files_of(made) == {name for name in WHOLE if not name.startswith("large/")}
    assert (made / "tokenizer.json").read_bytes() == (STORED / "tokenizer.json").read_bytes()
    (made / "small" / "model.safetensors").write_bytes(b"kept")
    (made / "large.unfinished").mkdir()
    (made / "large.unfinished" / "left").touch()
    quick("small", "large")
    assert files_of(made) == WHOLE and (made / "small" / "model.safetensors").read_bytes() == b"kept"
    assert summarizers.load_summarizer("large").config == summarizers.summarizer_config("large")


def test_the_script_keeps_the_tokenizer_of_stored_sizes(quick):
    made = quick("small")
    before = (made / "tokenizer.json").read_bytes()
    other = summarizers.train_tokenizer(["another corpus of other words"] * 9, 300)
    with pytest.raises(SystemExit, match="is not the tokenizer that the meetings give now"):
        quick("small", "medium", tokenizer=other)
    assert not (made / "medium").exists() and (made / "tokenizer.json").read_bytes() == before
    quick("small", tokenizer=other)  # nothing to train, nothing to compare
