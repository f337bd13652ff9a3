"""Where a chat template is found, and what is said where there is none."""

import json

import pytest
from gguf_files import write_gguf
from small_gguf import HF, numbers

from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.chat import load_chat_template

LETTERS = ["<s>", "</s>", *(chr(97 + number) for number in range(26)), *(chr(65 + number) for number in range(12))]


def folder(path, config=None, alone=None):
    if config is not None:
        (path / "tokenizer_config.json").write_text(json.dumps(config))
    if alone is not None:
        (path / "chat_template.jinja").write_text(alone, encoding="utf-8")
    return path


def test_a_field_of_the_config_with_its_special_tokens(tmp_path):
    config = {"chat_template": "a", "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False},
              "pad_token": None, "add_bos_token": True}  # fmt: skip
    found = load_chat_template(folder(tmp_path, config))
    assert found.source == "a" and dict(found.special_tokens) == {"bos_token": "<s>", "eos_token": "</s>"}


def test_a_file_of_its_own_comes_first(tmp_path):
    assert load_chat_template(folder(tmp_path, {"chat_template": "a"}, alone="b\u20ac")).source == "b\u20ac"
    assert load_chat_template(folder(tmp_path)).source == "b\u20ac"


def test_of_several_the_default_one(tmp_path):
    several = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]
    assert load_chat_template(folder(tmp_path, {"chat_template": several})).source == "d"
    with pytest.raises(CheckpointError, match="no chat template"):
        load_chat_template(folder(tmp_path, {"chat_template": several[:1]}))


def test_a_field_of_gguf_with_its_special_tokens(tmp_path):
    def more(writer):
        writer.add_token_list(LETTERS)
        writer.add_bos_token_id(0)
        writer.add_eos_token_id(1)
        writer.add_chat_template("g")

    write_gguf(tmp_path / "chat.gguf", HF, numbers(), more=more)
    found = load_chat_template(tmp_path / "chat.gguf")
    assert found.source == "g" and dict(found.special_tokens) == {"bos_token": "<s>", "eos_token": "</s>"}
    write_gguf(tmp_path / "base.gguf", HF, numbers())
    with pytest.raises(CheckpointError, match=r"base\.gguf has no chat template"):
        load_chat_template(tmp_path / "base.gguf")


@pytest.mark.parametrize("config", [None, {}, {"chat_template": None}])
def test_none_is_said(tmp_path, config):
    with pytest.raises(CheckpointError, match="has no chat template: its model was not tuned to chat, so give it"):
        load_chat_template(folder(tmp_path, config))


def test_no_text_is_said(tmp_path):
    with pytest.raises(CheckpointError, match=r"tokenizer_config\.json: chat_template must be a text, not 7"):
        load_chat_template(folder(tmp_path, {"chat_template": 7}))
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(CheckpointError, match=r"chat_template\.jinja cannot be read .*; download it again"):
        load_chat_template(tmp_path)
