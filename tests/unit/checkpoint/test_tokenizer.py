"""Tokenizers: exactly one BOS, left padding, and errors that help."""

import json
import subprocess
import sys

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, processors, trainers

from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.tokenizer import decode, encode, encode_batch, load_tokenizer

PAD, EOS, BOS = 0, 1, 2


def train(own_bos=False):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    trainer = trainers.BpeTrainer(vocab_size=26, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(["the group met at nine", "the budget was read"], trainer)
    if own_bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<bos> $A", pair="<bos> $A $B", special_tokens=[("<bos>", BOS)]
        )
    return tokenizer


@pytest.mark.parametrize("own_bos", [False, True], ids=["plain", "adds its own"])
@pytest.mark.parametrize("text", ["the group", "<bos>the group", "<bos><bos>the group"])
def test_exactly_one_bos(text, own_bos):
    tokenizer = train(own_bos)
    ids = encode(tokenizer, text, BOS)
    assert ids[0] == BOS and ids.count(BOS) == 1
    assert ids == [BOS, *train().encode("the group").ids]


def test_the_twin_what_the_plain_call_gives():
    assert train(own_bos=True).encode("<bos>the group").ids.count(BOS) == 2
    assert train().encode("the group").ids.count(BOS) == 0


def test_a_bos_inside_the_text_stays():
    assert encode(train(), "the<bos>group", BOS).count(BOS) == 2


def test_a_model_without_bos_gets_none():
    assert BOS not in encode(train(own_bos=True), "the group", None)


def test_an_empty_text():
    assert encode(train(), "", BOS) == [BOS]
    assert encode(train(), "", None) == []


def test_an_unknown_bos_is_an_error():
    with pytest.raises(ValueError, match=r"no token 9999; take bos_token_id from the model's own config\.json"):
        encode(train(), "the group", 9999)


def test_a_batch_is_padded_on_the_left():
    tokenizer = train()
    texts = ["the group met at nine", "nine", ""]
    ids, mask = encode_batch(tokenizer, texts, bos_id=BOS, pad_id=PAD)
    assert ids.shape == mask.shape and mask.dtype is torch.bool
    for row, real, text in zip(ids, mask, texts, strict=True):
        assert row[real].tolist() == encode(tokenizer, text, BOS)
        assert (row[~real] == PAD).all() and real[-1]
        assert (real.long().diff() >= 0).all(), "padding comes first"
    assert mask[0].all() and mask[2].sum() == 1


def test_batches_that_hold_nothing():
    for nothing in ([], "the group"):
        with pytest.raises(ValueError, match="pass a list of at least one text"):
            encode_batch(train(), nothing, bos_id=BOS, pad_id=PAD)
    with pytest.raises(ValueError, match="text 1 is empty, and this model has no BOS"):
        encode_batch(train(), ["nine", ""], bos_id=None, pad_id=PAD)


def test_decode_returns_the_text_without_special_tokens():
    tokenizer = train()
    ids = torch.tensor([PAD, *encode(tokenizer, "the group", BOS), EOS])
    assert decode(tokenizer, ids).replace("▁", " ").replace("  ", " ").split() != []
    assert "<" not in decode(tokenizer, ids)
    assert decode(tokenizer, ids, skip_special=False).startswith("<pad>")


@pytest.mark.parametrize("ids", [torch.tensor([[4, 5]]), torch.tensor(4), [[4]], [4.0], torch.tensor([True]), ["the"]])
def test_what_is_not_one_sequence_of_ids_is_refused(ids):
    with pytest.raises(ValueError, match="decode row by row"):
        decode(train(), ids)


def test_labels_that_are_ignored_are_no_ids():
    """An id that is only too high stands for nothing, as in the library."""
    with pytest.raises(ValueError, match="there is no id -100; leave out what marks ignored labels"):
        decode(train(), [4, -100])
    assert decode(train(), []) == "" and decode(train(), [4, 10**6]) == decode(train(), [4])


def test_load_and_its_errors(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no tokenizer\.json, so it holds no fast tokenizer"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(b"sentencepiece")
    with pytest.raises(CheckpointError, match=r"only tokenizer\.model: load it with transformers"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("<html>")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is not JSON"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": 3}')
    with pytest.raises(CheckpointError, match="is not a tokenizer"):
        load_tokenizer(tmp_path)
    train().save(str(tmp_path / "tokenizer.json"))
    assert encode(load_tokenizer(tmp_path), "nine", BOS) == encode(train(), "nine", BOS)


def damage(path, **parts):
    """A tokenizer's file with other contents in these parts."""
    path.write_text(json.dumps(json.loads(train().to_str()) | parts))
    return path


def characters(table):
    """A part of a tokenizer's file in which the library trusts a table of characters."""
    return {"normalizer": {"type": "Precompiled", "precompiled_charsmap": table}}


MERGES = {"model": {"type": "BPE", "vocab": {"a": 0, "▁": 1, "a▁": 2}, "merges": [["a", "▁"]],
                    "continuing_subword_prefix": "x"}}  # fmt: skip


def test_what_the_library_panics_about_is_an_error_of_the_file(tmp_path):
    for table in ("AAAA", "AAAAAA=="):
        path = damage(tmp_path / "tokenizer.json", **characters(table))
        with pytest.raises(CheckpointError, match=r"tokenizer\.json is not a tokenizer"):
            load_tokenizer(tmp_path)
    with pytest.raises(BaseException) as raised:
        Tokenizer.from_file(str(path)).encode("a")
    assert not isinstance(raised.value, Exception), "the twin: whoever catches an Exception does not catch this"


def test_a_letter_without_a_token_is_no_damage(tmp_path):
    words = Tokenizer(models.WordLevel({"Hello": 0}))
    words.save(str(tmp_path / "tokenizer.json"))
    assert load_tokenizer(tmp_path).encode("Hello").ids == [0]
    with pytest.raises(Exception, match="Missing"):
        words.encode("a")


def test_ctrl_c_is_none(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    train().save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setattr("llmbook.checkpoint.tokenizer.Tokenizer.from_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("merges", [[["a", "▁"]], ["a ▁"]])
def test_merges_that_end_the_process_are_refused_before(tmp_path, merges):
    path = damage(tmp_path / "tokenizer.json", model=MERGES["model"] | {"merges": merges})
    with pytest.raises(CheckpointError, match="merges lack the continuing_subword_prefix 'x'"):
        load_tokenizer(tmp_path)
    done = subprocess.run([sys.executable, "-c", "import sys, tokenizers; tokenizers.Tokenizer.from_file(sys.argv[1])",
                           path], capture_output=True)  # fmt: skip
    assert done.returncode != 0, "the twin"


def test_merges_with_their_mark_are_read(tmp_path):
    right = {"vocab": {"a": 0, "xb": 1, "ab": 2}, "merges": ["a xb"]}
    damage(tmp_path / "tokenizer.json", model=MERGES["model"] | right, added_tokens=[])
    assert load_tokenizer(tmp_path).encode("ab").ids == [2]


TEXT = "the group met at nine"


@pytest.mark.parametrize("switch", ["truncation", "padding", "both"])
def test_what_a_training_script_left_in_the_file_is_switched_off(switch, tmp_path):
    tokenizer, path = train(), tmp_path / "tokenizer.json"
    if switch != "padding":
        tokenizer.enable_truncation(4)
    if switch != "truncation":
        tokenizer.enable_padding(pad_id=PAD, pad_token="<pad>", length=64)
    tokenizer.save(str(path))
    whole, loaded = train().encode(TEXT).ids, load_tokenizer(tmp_path)
    assert loaded.encode(TEXT).ids == loaded.encode_batch([TEXT])[0].ids == whole
    assert encode(loaded, TEXT, BOS) == [BOS, *whole]
    ids, real = encode_batch(loaded, [TEXT, "nine"], bos_id=BOS, pad_id=PAD)
    assert torch.equal(real, ids != PAD) and ids[0].tolist() == [BOS, *whole] and real[:, -1].all()
    twin = Tokenizer.from_file(str(path))  # as it was read before
    assert encode(twin, TEXT, BOS) != [BOS, *whole]


def test_no_end_is_added_where_the_tokenizer_adds_one():
    tokenizer = train()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", EOS)])
    assert tokenizer.encode(TEXT).ids[-1] == EOS
    assert EOS not in encode(tokenizer, TEXT, BOS) + encode(tokenizer, TEXT, None)


def test_only_what_the_file_calls_special_is_left_out_of_a_text():
    tokenizer = train()
    tokenizer.add_tokens(["[pad]"])  # known, but not called special
    tokenizer.add_special_tokens(["[PAD]"])
    plain, special = (tokenizer.token_to_id(token) for token in ("[pad]", "[PAD]"))
    assert "[pad]" in decode(tokenizer, [4, plain]) and "[PAD]" not in decode(tokenizer, [4, special])
    assert "[PAD]" in decode(tokenizer, [4, special], skip_special=False)


def test_a_token_that_only_the_other_file_names_is_text(tmp_path):
    added = {"26": {"content": "<turn>", "special": True}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": added}))
    tokenizer = train()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert load_tokenizer(tmp_path).token_to_id("<turn>") is None
    tokenizer.add_special_tokens(["<turn>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert encode(load_tokenizer(tmp_path), "<turn>", None) == [tokenizer.token_to_id("<turn>")]


@pytest.mark.parametrize(("change", "said"), [
    (lambda content: content["model"]["vocab"].update({"t": content["model"]["vocab"]["e"]}), "one id for two tokens"),
    (lambda content: content["added_tokens"][0].update(id=100_000), "'<pad>' has the id 0, not 100000"),
])  # fmt: skip
def test_ids_that_are_not_those_of_the_file_are_refused(change, said, tmp_path):
    path = tmp_path / "tokenizer.json"
    content = json.loads(train().to_str())
    path.write_text(json.dumps(content))
    assert load_tokenizer(tmp_path).token_to_id("<pad>") == 0
    change(content)
    path.write_text(json.dumps(content))
    assert Tokenizer.from_file(str(path)).token_to_id("<pad>") == 0, "the twin: the library reads it"
    with pytest.raises(CheckpointError, match=rf"tokenizer\.json.*{said}"):
        load_tokenizer(tmp_path)
