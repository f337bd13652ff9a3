"""Where a checkpoint has its chat template: a file of its own, a field of a tokenizer's config or of GGUF."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from llmbook.checkpoint.chat.template import ChatTemplate
from llmbook.checkpoint.folder import read_json
from llmbook.checkpoint.gguf import chat_template, is_gguf, read_gguf
from llmbook.checkpoint.gguf.special_ids import TOKENS, special_ids
from llmbook.checkpoint.hub import CheckpointError, find_directory
from llmbook.strict_json import shown

ALONE, CONFIG = "chat_template.jinja", "tokenizer_config.json"
NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
NONE = "has no chat template: its model was not tuned to chat, so give it a text to go on with"


def load_chat_template(path_or_hub_id: str | Path) -> ChatTemplate:
    """Read the chat template of a checkpoint, and the special tokens that it may name.

    Args:
        path_or_hub_id: a folder, a GGUF file, or the name of a hub repository.

    Raises:
        CheckpointError: there is none, or what is there is no text.
    """
    if is_gguf(path_or_hub_id):
        return _of_gguf(Path(path_or_hub_id))
    folder = find_directory(path_or_hub_id, (ALONE, CONFIG))
    config = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    source = _text(folder / ALONE) if (folder / ALONE).is_file() else _default(folder, config.get("chat_template"))
    tokens = {name: _content(config[name]) for name in NAMES if name in config}
    return ChatTemplate(source, MappingProxyType({name: token for name, token in tokens.items() if token is not None}))


def _of_gguf(path: Path) -> ChatTemplate:
    """The template of a GGUF file, which names its special tokens by their ids."""
    gguf = read_gguf(path)
    source = chat_template(gguf)
    if source is None:
        raise CheckpointError(f"{path} {NONE}")
    tokens, ids = gguf.fields.get(TOKENS, []), special_ids(gguf).in_config
    named = {name.removesuffix("_id"): tokens[id_] for name, id_ in ids.items() if isinstance(id_, int)}
    return ChatTemplate(source, MappingProxyType(named))


def _text(path: Path) -> str:
    """The text of a file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); download it again") from error


def _default(folder: Path, said: Any) -> str:
    """The template of a config: one, or the default one of several with names."""
    if isinstance(said, list):
        named = {each.get("name"): each.get("template") for each in said if isinstance(each, Mapping)}
        said = named.get("default")
    if said is None:
        raise CheckpointError(f"{folder} {NONE}")
    if not isinstance(said, str):
        raise CheckpointError(f"{folder / CONFIG}: chat_template must be a text, not {shown(said)}")
    return said


def _content(token: Any) -> str | None:
    """A special token as a config has it: a text, or what a text is the content of."""
    token = token.get("content") if isinstance(token, Mapping) else token
    return token if isinstance(token, str) else None
