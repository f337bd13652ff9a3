"""What a GGUF file says about beginnings and ends: the ids of special tokens, and the template of a chat."""

from llmbook.checkpoint.gguf.file import GGUF
from llmbook.checkpoint.hub import CheckpointError
from llmbook.checkpoint.special_ids import SpecialIds
from llmbook.strict_json import shown

PREFIX = "tokenizer.ggml."
TOKENS = f"{PREFIX}tokens"
FIELDS = {
    "bos_token_id": f"{PREFIX}bos_token_id",
    "eos_token_id": f"{PREFIX}eos_token_id",
    "pad_token_id": f"{PREFIX}padding_token_id",
}
"""Hugging Face's name of a special id: that of the format."""
ADD_BOS, MODEL, PRE = f"{PREFIX}add_bos_token", f"{PREFIX}model", f"{PREFIX}pre"
LLAMA_3 = ("llama-bpe", "llama3", "llama-v3")
"""Names of Llama 3's way to cut a text, to which llama.cpp ties more than the cut."""
CHAT_TEMPLATE = "tokenizer.chat_template"


def special_ids(gguf: GGUF) -> SpecialIds:
    """The ids that begin, end and fill a text, as a ``config.json`` would say them.

    Raises:
        CheckpointError: one is no id of a token.
    """
    return SpecialIds({theirs: _id(gguf, field) for theirs, field in FIELDS.items()}, None)


def start_id(gguf: GGUF) -> int | None:
    """The id that a text of this model begins with, as ``bos_id`` of :func:`llmbook.checkpoint.tokenizer.encode`.

    A file may name a BOS and say that texts do not begin with it (SmolLM2). One that says neither way means yes where
    the vocabulary is SentencePiece's or the text is cut as Llama 3 does, and no elsewhere, as in llama.cpp.

    Returns:
        None if texts begin with nothing special.

    Raises:
        CheckpointError: the file says neither yes nor no, or the id is none.
    """
    asked = gguf.fields.get(ADD_BOS, gguf.fields.get(MODEL) == "llama" or gguf.fields.get(PRE) in LLAMA_3)
    if not isinstance(asked, bool):
        raise CheckpointError(f"{gguf.path}: {ADD_BOS} must be true or false, not {shown(asked)}")
    return _id(gguf, FIELDS["bos_token_id"]) if asked else None


def chat_template(gguf: GGUF) -> str | None:
    """The Jinja template that makes a text of a chat; None where the file has none.

    It is a program of somebody else's: run it in a sandbox, such as Jinja's ``ImmutableSandboxedEnvironment``.

    Raises:
        CheckpointError: it is no text.
    """
    found = gguf.fields.get(CHAT_TEMPLATE)
    if not isinstance(found, str | None):
        raise CheckpointError(f"{gguf.path}: {CHAT_TEMPLATE} must be a text, not {shown(found)}")
    return found


def _id(gguf: GGUF, field: str) -> int | None:
    """The id in a field, None where it is left out."""
    found, tokens = gguf.fields.get(field), gguf.fields.get(TOKENS)
    count = len(tokens) if isinstance(tokens, list) else 2**31
    if found is not None and (type(found) is not int or not 0 <= found < count):
        raise CheckpointError(f"{gguf.path}: {field} is {shown(found)}, and there are {count:,} tokens; is it damaged?")
    return found
