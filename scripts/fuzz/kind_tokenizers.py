"""Files of byte-pair tokenizers, and what they say."""

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from damage import Files
from kinds import Kind, Original
from second_reading import Unsaid, read_object, same
from tokenizers import Tokenizer

from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.training.batches import train_tokenizer

FILE = "tokenizer.json"
TEXTS = (
    "the theme of the meeting: 12 euros", "Théâtre … “fine”", "<|endoftext|>the<|padding|>", "tttth  the", "\n\t",
)  # fmt: skip
WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
"""How a text falls into words, as GPT-2 has it, for the letters of the texts above."""
LEFT_OUT = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": None, "post_processor": None, "decoder": None}  # fmt: skip
PARTS = ("model", *LEFT_OUT)


def byte_letters() -> dict[int, str]:
    """GPT-2's letters for the bytes: those that can be printed stand for themselves, the others for 256 and up."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(others)}


LETTERS = byte_letters()


class Tokenizers(Kind):
    """Read by :func:`load_tokenizer`.

    Every part of the file must be in the tokenizer: written out, it says what the file says, save for truncation and
    padding, which are off. A field inside of a part that the library does not know is left out of this, because that
    is how it reads the files of its older versions. Where only vocabulary, merges and special tokens were changed, some
    texts must get the ids that a second tokenizer, of some lines, finds by the rules of the file.
    """

    def make(self) -> list[Original]:
        made = []
        for size in (262, 268):
            tokenizer = train_tokenizer(["the theme of the theatre, then the end"] * 3, size)
            made.append(Original({FILE: tokenizer.to_str(pretty=size == 262).encode()}))
        tokenizer.enable_truncation(4)
        tokenizer.enable_padding(length=9)
        return [*made, Original({FILE: tokenizer.to_str().encode()}, "cut and padded")]

    def read(self, folder: Path, original: Original) -> Tokenizer:
        return load_tokenizer(folder)

    def problem(self, found: Tokenizer, files: Files, original: Original) -> str | None:
        said, has = read_object(files.get(FILE)), json.loads(found.to_str())
        check_parts(said)
        wanted = LEFT_OUT | said | {"truncation": None, "padding": None}
        for name in PARTS:
            if name != "model" and not says(has[name], wanted[name]):
                return f"{name} is {str(has[name])[:150]}, and the file says {str(wanted[name])[:150]}"
        if problem := model_problem(has["model"], said["model"]):
            return problem
        usual = json.loads(original.files[FILE])
        parts = ("normalizer", "pre_tokenizer", "post_processor")
        if all(same(said.get(name), usual[name]) for name in parts) and not found_in_parts(said):
            for text in TEXTS:
                if (ids := encode(said, text)) != found.encode(text, add_special_tokens=False).ids:
                    return f"{text!r} has the ids {found.encode(text).ids}, and by the file {ids}"
        return None


def check_parts(said: dict) -> None:
    """Refuse what has no vocabulary, or ids that two tokens share."""
    model = said.get("model")
    if said.keys() - set(PARTS) or not isinstance(model, dict) or not isinstance(model.get("vocab"), dict):
        raise Unsaid(f"parts that no tokenizer has: {sorted(said.keys() - set(PARTS))}, or no vocabulary")
    ids = list(model["vocab"].values())
    if any(type(each) is not int or not 0 <= each < 2**32 for each in ids) or len(set(ids)) < len(ids):
        raise Unsaid("ids that are none, or that two tokens have")
    names = {each: token for token, each in model["vocab"].items()}
    for token in said.get("added_tokens") or []:
        if names.get(token["id"], token["content"]) != token["content"]:
            raise Unsaid(f"the special token {token['content']!r} has the id of another")


def found_in_parts(said: dict) -> bool:
    """Whether a special token asks to be found as a word of its own, with the spaces around it, or in other letters."""
    options = ("single_word", "lstrip", "rstrip", "normalized")
    return any(token.get(name) for token in said.get("added_tokens") or [] for name in options)


def says(has: object, said: object) -> bool:
    """Whether a part is what the file says, as far as the library knows the fields of it."""
    if isinstance(has, dict) and isinstance(said, dict):
        return all(says(has[name], said[name]) for name in has.keys() & said.keys())
    if isinstance(has, list) and isinstance(said, list):
        return len(has) == len(said) and all(map(says, has, said))
    return same(has, said)


def model_problem(has: Mapping[str, Any], said: Mapping[str, Any]) -> str | None:
    """Whether the vocabulary, the merges and the options of the model are those of the file."""
    if not same(dict(has["vocab"]), said["vocab"]):
        return "the vocabulary is another"
    if [_pair(each) for each in has["merges"]] != [_pair(each) for each in said["merges"]]:
        return "the merges are others"
    options = [name for name in has.keys() & said.keys() - {"vocab", "merges"} if not says(has[name], said[name])]
    return f"the model's {options} are others" if options else None


def _pair(merge: object) -> tuple[str, ...]:
    """Both ways to write a merge."""
    return tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge)


def encode(said: dict, text: str) -> list[int]:
    """The ids of a text by the rules of a file: special tokens whole, other words by merging, the first rule first."""
    special = {token["content"]: token["id"] for token in said.get("added_tokens") or [] if token["content"]}
    pattern = "|".join(map(re.escape, sorted(special, key=len, reverse=True)))
    parts = re.split(f"({pattern})", text) if special else [text]
    ids = []
    for part in parts:
        words = [] if part in special else WORD.findall(part)
        ids += [special[part]] if part in special else [each for word in words for each in _word(said["model"], word)]
    return ids


def _word(model: Mapping[str, Any], word: str) -> list[int]:
    """The ids of a word."""
    ranks = {_pair(merge): rank for rank, merge in reversed(list(enumerate(model["merges"])))}
    symbols = [LETTERS[byte] for byte in word.encode()]
    while pairs := [(ranks[pair], at) for at, pair in enumerate(pairwise(symbols)) if pair in ranks]:
        at = min(pairs)[1]
        symbols[at : at + 2] = ["".join(symbols[at : at + 2])]
    return [model["vocab"][symbol] for symbol in symbols if symbol in model["vocab"]]


KINDS = [Tokenizers("tokenizer", 0.06, (CheckpointError,))]
