"""Text to token ids and back, with the tokenizer that a checkpoint was trained with.

A tokenizer is data, not code: ``tokenizer.json`` holds its vocabulary, its merges and its rules, and the
``tokenizers`` library runs them. What is left to do is small and easily wrong: Gemma and Llama expect exactly one
``<bos>`` at the start (without it a Gemma 7B is lost, with two it is worse), OLMo has none, and the texts of a batch
must be padded on the left, so that the last position of each row is a real token.
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.checkpoint.folder import read_json
from llmbook.checkpoint.formats import listed, unread_format
from llmbook.checkpoint.gguf import gguf_tokenizer, is_gguf, read_gguf
from llmbook.checkpoint.hub import CheckpointError, find_directory
from llmbook.strict_json import shown

FILE = "tokenizer.json"


def load_tokenizer(path_or_hub_id: str | Path) -> Tokenizer:
    """Read the tokenizer of a checkpoint.

    A file may say that texts are cut and padded, as the script that trained the model wanted it. Here nothing is: a
    text keeps all its tokens, and :func:`encode_batch` pads where its mask knows of it. A token that only
    ``tokenizer_config.json`` names, as old files do, is unknown here and read as the text that it is: load such a
    tokenizer with transformers and call save_pretrained, which writes it into ``tokenizer.json``.

    Args:
        path_or_hub_id: a folder, a GGUF file, or the name of a hub repository.

    Returns:
        A tokenizer of the ``tokenizers`` library.

    Raises:
        CheckpointError: there is no ``tokenizer.json``, it cannot be read, two of its tokens have one id, or a special
            token has another id than it says; or the GGUF file is damaged or holds a tokenizer of an unknown kind.
    """
    if is_gguf(path_or_hub_id):
        return gguf_tokenizer(read_gguf(path_or_hub_id))
    path = find_directory(path_or_hub_id, (FILE,)) / FILE
    if not os.path.isfile(path):  # which, unlike is_file, raises no error where one may not look
        unread = unread_format(FILE, listed(path.parent))
        nothing = f"has no {FILE}, so it holds no fast tokenizer; download it from the model's page"
        raise CheckpointError(f"{path.parent} {unread or nothing}")
    content = read_json(path)
    _refuse_lost_prefix(path, content)
    try:
        tokenizer = _opened(path)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises a bare Exception, and of a panic in it not even that
        raise CheckpointError(f"{path} is not a tokenizer ({str(error)[:300]}); download it again") from error
    _refuse_other_ids(path, content, tokenizer)
    return tokenizer


def _opened(path: Path) -> Tokenizer:
    """The tokenizer of a file, with nothing cut and nothing padded."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    with contextlib.suppress(Exception):  # a letter without a token is no damage
        tokenizer.encode("a")  # some damage makes the library panic, and only here
    return tokenizer


def _refuse_lost_prefix(path: Path, content: Mapping) -> None:
    """Refuse merges without the mark that parts inside a word begin with: they can end the whole Python process.

    The library cuts so many bytes off the second part of each merge, also from the middle of a letter.
    """
    model = content.get("model") if isinstance(content.get("model"), Mapping) else {}
    mark, merges = model.get("continuing_subword_prefix"), model.get("merges")
    if not isinstance(mark, str) or not isinstance(merges, list):
        return
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in merges)
    seconds = (pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2)
    if any(isinstance(second, str) and not second.startswith(mark) for second in seconds):
        raise CheckpointError(f"{path}: merges lack the continuing_subword_prefix {mark!r}; download it again")


def _refuse_other_ids(path: Path, content: Mapping, tokenizer: Tokenizer) -> None:
    """Refuse ids that are not those of the file: the library gives a special token another one without a word."""
    ids = tokenizer.get_vocab(with_added_tokens=True)
    if len(set(ids.values())) < len(ids):
        raise CheckpointError(f"{path} has one id for two tokens; download it again")
    for token in content.get("added_tokens") or []:
        if ids.get(token["content"]) != token["id"]:
            found = f"{shown(token['content'])} has the id {ids.get(token['content'])}, not {shown(token['id'])}"
            raise CheckpointError(f"{path}: as its vocabulary stands, {found} of added_tokens; download it again")


def encode(tokenizer: Tokenizer, text: str, bos_id: int | None) -> list[int]:
    """The ids of a text with exactly one BOS in front, also where the text or the tokenizer brings its own.

    Nothing else is added, also where the tokenizer's own ``encode`` does: the end of T5's inputs is missing.

    Args:
        tokenizer: from :func:`load_tokenizer`.
        text: any text; a chat template often starts with a literal ``<bos>``, which is not counted twice.
        bos_id: the id of BOS, ``bos_token_id`` in ``config.json``; None for a model without one (OLMo).

    Returns:
        The ids. An empty text gives BOS alone, or nothing where there is no BOS.

    Raises:
        ValueError: the tokenizer has no such id.
    """
    if bos_id is None:
        return tokenizer.encode(text, add_special_tokens=False).ids
    bos = tokenizer.id_to_token(bos_id)
    if bos is None:
        raise ValueError(f"this tokenizer has no token {bos_id}; take bos_token_id from the model's own config.json")
    while text.startswith(bos):
        text = text.removeprefix(bos)
    return [bos_id, *tokenizer.encode(text, add_special_tokens=False).ids]


def encode_batch(
    tokenizer: Tokenizer, texts: Sequence[str], *, bos_id: int | None, pad_id: int
) -> tuple[Tensor, Tensor]:
    """The ids of several texts, padded on the left to the longest.

    Args:
        tokenizer: from :func:`load_tokenizer`.
        texts: B texts.
        bos_id: as in :func:`encode`.
        pad_id: what fills the left; the model never looks at it.

    Returns:
        ids ``(B, T)`` int64, and an attention mask ``(B, T)``, true for real tokens.

    Raises:
        ValueError: there is no text, or one of them has no token at all.
    """
    if isinstance(texts, str) or not texts:
        raise ValueError("pass a list of at least one text, such as ['Hello']")
    rows = [encode(tokenizer, text, bos_id) for text in texts]
    empty = [index for index, row in enumerate(rows) if not row]
    if empty:
        raise ValueError(f"text {empty[0]} is empty, and this model has no BOS to start from; leave it out")
    length = max(map(len, rows))
    ids = torch.tensor([[pad_id] * (length - len(row)) + row for row in rows])
    real = torch.arange(length) >= torch.tensor([[length - len(row)] for row in rows])
    return ids, real


def decode(tokenizer: Tokenizer, ids: Tensor | Sequence[int], *, skip_special: bool = True) -> str:
    """The text of one sequence of ids.

    Args:
        tokenizer: from :func:`load_tokenizer`.
        ids: ``(T,)``; an id that the tokenizer does not have stands for nothing.
        skip_special: whether BOS, padding and the like are left out, as far as the tokenizer's file calls them special.

    Raises:
        ValueError: these are several sequences, or no ids, or one is below 0.
    """
    several = isinstance(ids, Tensor) and ids.ndim != 1
    ids = ids.tolist() if isinstance(ids, Tensor) else list(ids)
    if several or any(type(id_) is not int for id_ in ids):
        raise ValueError("decode takes one sequence of ids; for a batch (B, T) decode row by row")
    if min(ids, default=0) < 0:
        raise ValueError(f"there is no id {min(ids)}; leave out what marks ignored labels, such as -100")
    return tokenizer.decode(ids, skip_special_tokens=skip_special)
