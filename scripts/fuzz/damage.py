"""Break a set of files by rules: what happens to bytes on disks and lines, to files in folders, and to their contents.

A set of files is a dict from names to contents. Each rule changes it in place, and says what it did.
"""

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import damage_gguf
import damage_json
import damage_states
import damage_tables
import damage_tensors

Files = dict[str, bytes | None]
"""Contents by name; None is a folder in the place of a file."""
Rule = Callable[[random.Random, bytes], bytes]
"""From the bytes of a file to other bytes."""
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00", b"\xc3", b"\xed\xa0\x80")
"""Byte-order marks, a null, half of a letter, and half of a pair of surrogates."""
OTHERS = (b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", b"<!DOCTYPE html><html></html>",
          b"\x80\x04N.", b"PK\x03\x04", b"null", b"[]", b"{}", b"\n\n", b"0", bytes(4096))  # fmt: skip
"""What may lie under a name instead: nothing, a pointer to a file, a web page, a pickle, an archive, empty JSON."""


def flip_bits(rng: random.Random, content: bytes) -> bytes:
    """Up to eight bits, most often one."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        changed[_place(rng, changed)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(rng: random.Random, content: bytes) -> bytes:
    """What a download that stopped has left."""
    return content[: rng.choice((rng.randrange(len(content)), len(content) - 1, min(8, len(content) - 1)))]


def insert(rng: random.Random, content: bytes) -> bytes:
    """Bytes in between, or behind: any, or a piece of the file itself."""
    at, start = _place(rng, content), _place(rng, content)
    piece = rng.choice((rng.randbytes(rng.randint(1, 16)), content[start : start + rng.randint(1, 64)]))
    at = rng.choice((at, at, len(content)))
    return content[:at] + piece + content[at:]


def delete(rng: random.Random, content: bytes) -> bytes:
    """Bytes that are missing."""
    at = _place(rng, content)
    return content[:at] + content[at + rng.choice((1, 1, 4, 64)) :]


def mark(rng: random.Random, content: bytes) -> bytes:
    """A byte-order mark in front, or bytes that are no text somewhere."""
    sign, at = rng.choice(MARKS), rng.choice((0, _place(rng, content)))
    return content[:at] + sign + content[at:]


def encode_otherwise(rng: random.Random, content: bytes) -> bytes:
    """The text of another editor: another encoding, other ends of lines."""
    text = content.decode("utf-8", "replace")
    ways = (
        lambda: text.encode("utf-16"), lambda: text.encode("utf-16-le"), lambda: text.encode("utf-32"),
        lambda: b"\xef\xbb\xbf" + content, lambda: content.replace(b"\n", b"\r\n"),
        lambda: content.replace(b"\n", b"\r"), lambda: text.encode("cp1252", "replace") + b"\xe9",
    )  # fmt: skip
    return rng.choice(ways)()


def exchange_all(rng: random.Random, content: bytes) -> bytes:
    """Something else altogether."""
    return rng.choice(OTHERS)


BYTES: tuple[Rule, ...] = (flip_bits, flip_bits, truncate, insert, delete, mark, encode_otherwise, exchange_all)
CONTENTS: dict[str, tuple[Rule, ...]] = {
    ".json": damage_json.RULES,
    ".jsonl": damage_json.LINES,
    ".csv": damage_tables.RULES,
    ".safetensors": damage_tensors.RULES,
    ".gguf": damage_gguf.RULES,
    ".pt": damage_states.RULES,
}
"""By the end of a name, the rules for what the file means."""


def damaged(rng: random.Random, files: Files, other: Files) -> tuple[Files, list[str]]:
    """A broken copy of a set.

    Args:
        rng: decides everything.
        files: a whole set.
        other: another whole set, from which files may be taken.

    Returns:
        The set, which differs, and what was done to which file.
    """
    for _ in range(100):
        found, told = dict(files), []
        for _ in range(rng.choice((1, 1, 1, 1, 2))):
            told += [_damage(rng, found, other)] if found else []
        if found != files:
            return found, told
    raise ValueError(f"no rule changes {sorted(files)}")


def _damage(rng: random.Random, files: Files, other: Files) -> str:
    """Use one rule."""
    name = rng.choice(sorted(files))
    content = files[name]
    kind = rng.choice(("bytes", "meaning", "meaning", "meaning", "set"))
    if kind == "set" or content is None:
        return _damage_set(rng, files, other, name)
    rules = CONTENTS.get(Path(name).suffix, BYTES) if kind == "meaning" else BYTES
    rule = rng.choice(rules)
    try:
        files[name] = rule(rng, content)
    except Exception:  # a rule before it may have left nothing that it understands
        return f"{rule.__name__} of {name}: nothing to change"
    return f"{rule.__name__} of {name}"


def _damage_set(rng: random.Random, files: Files, other: Files, name: str) -> str:
    """Files that are missing, are folders, or come from elsewhere."""
    what = rng.choice(("missing", "folder", "exchanged", "exchanged", "swapped"))
    if what == "swapped" and any(name.startswith("model-0") for name in files):
        with contextlib.suppress(Exception):
            damage_tensors.second_copy(rng, files)
        return "a tensor in two shards"
    if what == "missing":
        del files[name]
    elif what == "folder":
        files[name] = None
    elif what == "exchanged":
        files[name] = other.get(name, files[name])
    else:
        second = rng.choice(sorted(files))
        files[name], files[second] = files[second], files[name]
    return f"{name} {what}"


def write(folder: Path, files: Files) -> None:
    """Put a set into an empty folder."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def every(root: Path) -> Iterator[tuple[str, bytes]]:
    """The files below a folder."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _place(rng: random.Random, content: bytes | bytearray) -> int:
    """Somewhere in it, half of the time near its beginning, where headers are."""
    return rng.randrange(rng.choice((len(content), min(len(content), 400))))
