"""Break what a JSON text says: fields removed, doubled, of another type, out of range, or nested too deep.

A text is read into a tree whose objects are lists of pairs, so that a field can stand in it twice, and written again.
"""

import json
import random

WORDS = (
    "0", "-1", "1", "2", "3", "0.5", "1.5", "-0.0", "3.0", "1e300", "1e-320", "1e999", "NaN", "Infinity", "-Infinity",
    "9007199254740993", "2147483648", "100000", "1" + 6000 * "0", "0." + 5000 * "3", "true", "false", "null",
    '""', '" "', '"false"', '"true"', '"0"', '"4"', '"relu"', '"default"', '"none"', '"../../x"', '"x\\u0000"',
    '"\\ud800"', '"\\u00e9\\u2028"', '"' + 400 * "long" + '"', "[]", "{}", "[null]", "[1, 1]", '{"a": 1}', "[[]]",
    2000 * "[" + 2000 * "]", 200_000 * "[", 990 * '{"a":' + "1" + 990 * "}",
)  # fmt: skip
"""What may stand in the place of a value."""
STRANGERS = {
    "rope_scaling": ('{"type": "linear", "factor": 2.0}', '{"rope_type": "default"}', "7", '"yarn"', "[]", "false"),
    "rope_parameters": ('{"rope_theta": 500.0}', '{"rope_type": "linear", "factor": 2.0}', '""', "0", "[1]"),
    "rope_theta": ("500.0", "0", '"x"'), "attention_bias": ("true", "0", '"false"'), "mlp_bias": ("true", "0"),
    "sliding_window": ("4", "1.5", "0", "true"), "clip_qkv": ("1.0", "-1", '"8"'), "head_dim": ("4", "null", "2.0"),
    "num_key_value_heads": ("1", "2", "null", "3"), "tie_word_embeddings": ("true", "false", "null", "1"),
    "partial_rotary_factor": ("0.5", '"4"', "1.5"), "scale_attn_weights": ('"false"', "false", "0", "null"),
    "scale_attn_by_inverse_layer_idx": ("true", "1", '"false"', "{}"), "alibi": ("true", "1", "0", '"false"'),
    "multi_query": ("1", "false", '"true"'), "qk_layernorm": ("true", "0", "[]"), "is_encoder_decoder": ("1", "false"),
    "scale_decoder_outputs": ("false", "true", '"false"', "null"), "dense_act_fn": ('"relu"', '"gelu_new"', "null"),
    "hidden_activation": ('"gelu"', '"relu"', '""', "0", "{}"), "hidden_act": ('"gelu"', '"relu"', "null", '"tanh"'),
    "layer_types": ('["full_attention"]', "[]", '"full_attention"', "{}"), "dtype": ('"float32"', "5", "{}"),
    "use_rslora": ('"false"', "true", "1", "null"), "use_dora": ('"false"', "true", "0"), "lora_dropout": ("0.5", "1"),
    "rank_pattern": ('{"(a|a)*!": 2}', '{"q_proj": 2}', '{".*": 1}', '{"(": 1}', "[]", '{"(.*)*!": 4}', "0"),
    "alpha_pattern": ('{"q_proj": 2.5}', '{"v_proj": true}', '{"x{1000,}": 3}', '{"(?=a)b": 1}', '""'),
    "modules_to_save": ('["lm_head"]', "[]"), "bias": ('"all"', '"none"', "null"), "fan_in_fan_out": ("true", "0"),
    "init_lora_weights": ('"pissa"', '"gaussian"', "1"), "target_modules": ("null", '"all-linear"', "[3]"),
    "layer_replication": ("[[0, 1]]", "[]"), "trainable_token_indices": ("[1]", "{}"), "peft_type": ('"LOHA"', "null"),
    "truncation": ('{"max_length": 3, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}', "5"),
    "normalizer": ('{"type": "Lowercase"}', '{"type": "Uppercase"}'), "version": ('"2.0"', "1"),
    "bos_token_id": ("[1, 2]", '"2"', "NaN"), "eos_token_id": ("[1, 2]", "null", "-1"), "seed": ("true", "1.0"),
}  # fmt: skip
"""Fields that a file of another kind has, or a newer program writes, and values."""


class Raw(str):
    """A text that is written as it is."""


class Pairs(list):
    """An object, as pairs of names and values."""


def parse(text: str) -> object:
    """A tree of :class:`Pairs`, lists and single values."""
    return json.loads(text, object_pairs_hook=lambda pairs: Pairs(map(list, pairs)))


def dump(tree: object) -> str:
    """The text of a tree."""
    if isinstance(tree, Raw):
        return str(tree)
    if isinstance(tree, Pairs):
        return "{" + ", ".join(f"{dump(name)}: {dump(value)}" for name, value in tree) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(dump, tree)) + "]"
    return json.dumps(tree, ensure_ascii=False)


def pick(rng: random.Random, tree: object) -> tuple[list, int]:
    """A container and the number of a place in it, reached from the top with a chance to stop at every level."""
    found = None
    while isinstance(tree, list) and tree:
        index = rng.randrange(len(tree))
        value = tree[index][1] if isinstance(tree, Pairs) else tree[index]
        found = tree, index
        if rng.random() < 0.4:
            break
        tree = value
    if found is None:
        raise LookupError("there is no field in it")
    return found


def _object(rng: random.Random, tree: object) -> tuple[Pairs, int]:
    """A field of an object."""
    for _ in range(50):
        holder, index = pick(rng, tree)
        if isinstance(holder, Pairs):
            return holder, index
    raise LookupError("there is no object in it")


def _put(holder: list, index: int, value: object) -> None:
    if isinstance(holder, Pairs):
        holder[index] = [holder[index][0], value]
    else:
        holder[index] = value


def remove(rng: random.Random, tree: object) -> None:
    """A field less."""
    holder, index = pick(rng, tree)
    del holder[index]


def double(rng: random.Random, tree: object) -> None:
    """A field that stands there twice, with one value or with two."""
    holder, index = _object(rng, tree)
    name, value = holder[index]
    again = rng.choice((value, Raw(rng.choice(WORDS)), holder[rng.randrange(len(holder))][1]))
    holder.insert(rng.randint(0, len(holder)), [name, again])


def retype(rng: random.Random, tree: object) -> None:
    """Another value: of another type, out of range, or nested."""
    _put(*pick(rng, tree), Raw(rng.choice(WORDS)))


def nudge(rng: random.Random, tree: object) -> None:
    """A value that may as well be right."""
    holder, index = pick(rng, tree)
    value = holder[index][1] if isinstance(holder, Pairs) else holder[index]
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, int | float):
        value = rng.choice((value + 1, value - 1, value * 2, -value, float(value)))
    elif isinstance(value, str):
        value = rng.choice((value + "x", value[:-1], value.upper(), value[::-1], f" {value}"))
    _put(holder, index, value)


def swap(rng: random.Random, tree: object) -> None:
    """Two values that have changed places."""
    first, second = pick(rng, tree), pick(rng, tree)
    values = [holder[index][1] if isinstance(holder, Pairs) else holder[index] for holder, index in (first, second)]
    dump(values)
    _put(*first, values[1])
    _put(*second, values[0])


def rename(rng: random.Random, tree: object) -> None:
    """A field with another name."""
    holder, index = _object(rng, tree)
    name = holder[index][0]
    others = (name + "x", name[:-1], name.upper(), "", "\ud800", rng.choice(list(STRANGERS)))
    holder[index] = [Raw(json.dumps(rng.choice(others))), holder[index][1]]


def add(rng: random.Random, tree: object) -> None:
    """A field that another kind of file has, at the top, in place of one of that name."""
    if not isinstance(tree, Pairs):
        raise LookupError("this is no object")
    known = [name for name, _ in tree if name in STRANGERS]
    name = rng.choice(known if known and rng.random() < 0.5 else list(STRANGERS))
    tree[:] = [pair for pair in tree if pair[0] != name]
    tree.append([name, Raw(rng.choice(STRANGERS[name]))])


TREES = (remove, double, retype, retype, nudge, nudge, swap, rename, add)


def _rule(change):
    """A rule for the bytes of a JSON text, from one for its tree."""

    def rule(rng: random.Random, content: bytes) -> bytes:
        tree = parse(content.decode("utf-8"))
        change(rng, tree)
        return dump(tree).encode("utf-8", "surrogatepass")

    rule.__name__ = change.__name__
    return rule


def whole(rng: random.Random, content: bytes) -> bytes:
    """One value in place of everything."""
    return rng.choice(WORDS).encode()


def _line(change):
    """A rule for one line of a text."""

    def rule(rng: random.Random, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        index = rng.randrange(len(lines))
        lines[index] = change(rng, lines[index]) + b"\n"
        return b"".join(lines)

    rule.__name__ = f"{change.__name__} in a line"
    return rule


def reorder(rng: random.Random, content: bytes) -> bytes:
    """Lines that are missing, double, in another order, joined or broken."""
    lines = content.splitlines(keepends=True)
    index, way = rng.randrange(len(lines)), rng.randrange(5)
    if way == 0:
        del lines[index]
    elif way == 1:
        lines.insert(index, lines[rng.randrange(len(lines))])
    elif way == 2:
        rng.shuffle(lines)
    elif way == 3:
        lines[index] = lines[index].rstrip(b"\n")
    else:
        lines[index] = lines[index].replace(b", ", b",\n", rng.randint(1, 9))
    return b"".join(lines)


RULES = (*map(_rule, TREES), whole)
LINES = (*map(_line, RULES), reorder)
