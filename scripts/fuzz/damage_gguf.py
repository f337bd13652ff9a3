"""Break a GGUF file where it says what it holds: its counts, fields and types, and the shapes, formats and places."""

import random
import struct

import second_gguf
from second_gguf import LIST, TEXT

COUNTS = (0, 1, 2, 2**16, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)
OTHERS = {TEXT: ("", "x", "llama", "gemma", "\u00e9" * 9), 7: (True, False),
          6: (0.0, -1.0, float("nan"), float("inf"), 1e-5, 1e4)}  # fmt: skip


def counts(rng: random.Random, content: bytes) -> bytes:
    """Another version, or other numbers of tensors and fields."""
    at, kind = rng.choice(((4, "I"), (8, "Q"), (16, "Q")))
    (said,) = struct.unpack_from(f"<{kind}", content, at)
    value = rng.choice((said + 1, max(said - 1, 0), *COUNTS)) % 2 ** (32 if kind == "I" else 64)
    return content[:at] + struct.pack(f"<{kind}", value) + content[at + struct.calcsize(kind) :]


def field_value(rng: random.Random, content: bytes) -> bytes:
    """A field with another value of its type."""
    said = second_gguf.read(content)
    index = rng.randrange(len(said.fields))
    name, kind, value = said.fields[index]
    if kind == LIST:
        inner, values = value
        value = inner, rng.choice((values[:-1], values[1:], values[::-1], values * 2, []))
    else:
        value = rng.choice(OTHERS.get(kind, (0, 1, 2, 3, 7, 64, 100, 127)))
    said.fields[index] = name, kind, value
    return second_gguf.write(said)


def field_type(rng: random.Random, content: bytes) -> bytes:
    """A field whose value is of another type."""
    said = second_gguf.read(content)
    index = rng.randrange(len(said.fields))
    name = said.fields[index][0]
    other = rng.choice(((TEXT, "2"), (4, 2), (5, -1), (6, 2.0), (7, True), (10, 2**40), (LIST, (4, [2]))))
    said.fields[index] = name, *other
    return second_gguf.write(said)


def field_names(rng: random.Random, content: bytes) -> bytes:
    """A field that is missing, double, renamed, or that nobody knows."""
    said = second_gguf.read(content)
    index = rng.randrange(len(said.fields))
    name, *rest = said.fields[index]
    way = rng.randrange(4)
    if way == 0:
        del said.fields[index]
    elif way == 1:
        said.fields.append(said.fields[index])
    elif way == 2:
        said.fields[index] = rng.choice((f"{name}x", name[1:], rng.choice(said.fields)[0])), *rest
    else:
        said.fields.append((rng.choice(("llama.expert_count", "gemma.x", "olmo2.rope.scaling.type", "x")), 4, 2))
    return second_gguf.write(said)


def tensor_entry(rng: random.Random, content: bytes) -> bytes:
    """A tensor of another shape, format or name; its bytes stay, or others come."""
    said = second_gguf.read(content)
    tensor, other = rng.choice(said.tensors), rng.choice(said.tensors)
    way = rng.randrange(6)
    if way == 0:
        tensor.sizes = rng.choice((tensor.sizes[::-1], [*tensor.sizes, 1], [1, *tensor.sizes], [], [0], [2**40, 2**40],
                                   [*tensor.sizes[:-1], tensor.sizes[-1] + 1], [1] * 5))  # fmt: skip
    elif way == 1:
        tensor.kind = rng.choice((0, 1, 2, 8, 12, 13, 14, 24, 28, 30, 99))
    elif way == 2:
        tensor.name, other.name = other.name, tensor.name
    elif way == 3:
        names = (f"{tensor.name}x", "", "output.weight", "rope_freqs.weight", tensor.name.replace("0", "1"))
        tensor.name = rng.choice(names)
    elif way == 4:
        said.tensors.remove(tensor)
    else:
        tensor.raw = tensor.raw[: rng.randrange(len(tensor.raw))]
    return second_gguf.write(said)


def places(rng: random.Random, content: bytes) -> bytes:
    """A tensor that is said to lie elsewhere."""
    said = second_gguf.read(content)
    name = rng.choice(said.tensors).name.encode()
    at = content.rindex(struct.pack("<Q", len(name)) + name) + 8 + len(name)
    (axes,) = struct.unpack_from("<I", content, at)
    at += 4 + 8 * axes + 4
    (begin,) = struct.unpack_from("<Q", content, at)
    value = rng.choice((0, 32, begin + 32, begin + 1, max(begin - 32, 0), len(content), 2**63, 2**64 - 32))
    return content[:at] + struct.pack("<Q", value) + content[at + 8 :]


RULES = (counts, field_value, field_value, field_type, field_names, tensor_entry, tensor_entry, places)
