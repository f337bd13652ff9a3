"""Break a safetensors file where it says what it holds: its length, and the names, shapes, dtypes and places."""

import json
import random
import struct

import damage_json
import torch

DTYPES = ("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL", "F8_E4M3", "C64", "f32", "")
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I8": 1, "U8": 1, "BOOL": 1}

STORED = {"F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64, "I64": torch.int64}


def split(content: bytes) -> tuple[bytes, bytes]:
    """The header, and the numbers."""
    (length,) = struct.unpack("<Q", content[:8])
    return content[8 : 8 + length], content[8 + length :]


def join(header: bytes, numbers: bytes) -> bytes:
    """A file of both; the header is filled up with spaces, as the library does."""
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + numbers


def header_length(rng: random.Random, content: bytes) -> bytes:
    """A header that is said to be longer or shorter than it is."""
    (length,) = struct.unpack("<Q", content[:8])
    said = rng.choice((0, 1, length - 1, length + 1, length + 8, len(content), 10**8 + 1, 2**63, 2**64 - 1))
    return struct.pack("<Q", said) + content[8:]


def header_text(rng: random.Random, content: bytes) -> bytes:
    """A header that is broken as any JSON text may be."""
    header, numbers = split(content)
    return join(rng.choice(damage_json.RULES)(rng, header), numbers)


def number_bits(rng: random.Random, content: bytes) -> bytes:
    """Other numbers, which no part of the format protects."""
    header, numbers = split(content)
    changed = bytearray(numbers)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return join(header, bytes(changed))


def _entry(change):
    """A rule for the entries of a header, which are a dict."""

    def rule(rng: random.Random, content: bytes) -> bytes:
        header, numbers = split(content)
        entries = json.loads(header)
        names = [name for name in entries if name != "__metadata__"]
        entries, numbers = change(rng, entries, names, numbers) or (entries, numbers)
        return join(json.dumps(entries).encode(), numbers)

    rule.__name__ = change.__name__
    return rule


def rename(rng: random.Random, entries: dict, names: list[str], numbers: bytes) -> None:
    """A tensor under another name: a new one, or that of another tensor, with which it changes places."""
    first, second = rng.choice(names), rng.choice(names)
    if rng.random() < 0.5:
        entries[first], entries[second] = entries[second], entries[first]
    else:
        other = rng.choice((f"{first}x", first.replace("0", "9"), first.replace("lora_A", "lora_B"), "", f"x.{first}"))
        entries[other] = entries.pop(first)


def reshape(rng: random.Random, entries: dict, names: list[str], numbers: bytes) -> None:
    """The same numbers in another shape, or a shape of more or fewer."""
    shape = entries[rng.choice(names)]["shape"]
    ways = (shape[::-1], [*shape, 1], [1, *shape], [*shape[:-1], shape[-1] + 1], [], [0], [2**62, 4], [-1])
    shape[:] = rng.choice(ways)


def retype(rng: random.Random, entries: dict, names: list[str], numbers: bytes) -> None:
    """The same bytes as another dtype; where a number has another size, the shape follows or does not."""
    entry = entries[rng.choice(names)]
    before, entry["dtype"] = entry["dtype"], rng.choice(DTYPES)
    if rng.random() < 0.5 and entry["dtype"] in SIZES:
        entry["shape"][-1] = entry["shape"][-1] * SIZES[before] // SIZES[entry["dtype"]]


def replace_dtype(rng: random.Random, entries: dict, names: list[str], numbers: bytes) -> tuple[dict, bytes]:
    """Tensors whose numbers really are stored in another dtype: one of them, or all."""
    name, dtype = rng.choice(list(STORED.items()))
    chosen, parts, at = names if rng.random() < 0.5 else [rng.choice(names)], [], 0
    for each in sorted(names, key=lambda one: entries[one]["data_offsets"]):
        begin, end = entries[each]["data_offsets"]
        part = numbers[begin:end]
        if each in chosen and entries[each]["dtype"] == "F32":
            floats = torch.frombuffer(bytearray(part), dtype=torch.float32).to(dtype)
            part, entries[each]["dtype"] = floats.view(torch.uint8).numpy().tobytes(), name
        entries[each]["data_offsets"] = [at, at + len(part)]
        parts.append(part)
        at += len(part)
    return entries, b"".join(parts)


def move(rng: random.Random, entries: dict, names: list[str], numbers: bytes) -> None:
    """Tensors that are said to lie elsewhere: one over the other, or beyond the end."""
    first, second = (entries[rng.choice(names)] for _ in range(2))
    ways = (second["data_offsets"], [0, 0], first["data_offsets"][::-1], [at + 4 for at in first["data_offsets"]],
            [2**63, 2**63 + 4], [-4, 0])  # fmt: skip
    if rng.random() < 0.5:
        first["data_offsets"], second["data_offsets"] = second["data_offsets"], first["data_offsets"]
    else:
        first["data_offsets"] = list(rng.choice(ways))


def drop(rng: random.Random, entries: dict, names: list[str], numbers: bytes) -> tuple[dict, bytes]:
    """A file without one of its tensors, which is whole all the same."""
    gone = entries.pop(rng.choice(names))["data_offsets"]
    for name, entry in entries.items():
        if name != "__metadata__" and entry["data_offsets"][0] >= gone[1]:
            entry["data_offsets"] = [at - (gone[1] - gone[0]) for at in entry["data_offsets"]]
    return entries, numbers[: gone[0]] + numbers[gone[1] :]


def repeat(rng: random.Random, entries: dict, names: list[str], numbers: bytes) -> tuple[dict, bytes]:
    """A tensor more, with the numbers of another: under a new name, or under one that old files have."""
    name = rng.choice(names)
    begin, end = entries[name]["data_offsets"]
    other = rng.choice(
        (
            f"{name}.1",
            "lm_head.weight",
            "encoder.embed_tokens.weight",
            "x.attn.bias",
            name[1:],
            name.replace("weight", "base_layer.weight"),
            "model.layers.0.self_attn.rotary_emb.inv_freq",
        )
    )
    if other in entries:
        return entries, numbers
    entries[other] = entries[name] | {"data_offsets": [len(numbers), len(numbers) + end - begin]}
    return entries, numbers + numbers[begin:end]


def second_copy(rng: random.Random, files: dict[str, bytes | None]) -> None:
    """A tensor of one shard in another one too, with other numbers, and the index as it was."""
    shards = [name for name, content in files.items() if name.endswith(".safetensors") and content]
    first, second = rng.sample(shards, 2)
    (header, numbers), (others, more) = split(files[first]), split(files[second])
    entries, others = json.loads(header), json.loads(others)
    name = rng.choice([name for name in entries if name != "__metadata__"])
    begin, end = entries[name]["data_offsets"]
    others[name] = entries[name] | {"data_offsets": [len(more), len(more) + end - begin]}
    files[second] = join(json.dumps(others).encode(), more + numbers[begin:end][::-1])


ENTRIES = (rename, reshape, retype, replace_dtype, move, drop, repeat)
RULES = (header_length, header_text, header_text, number_bits, *map(_entry, ENTRIES))
