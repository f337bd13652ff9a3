"""GGUF files of the architectures that are read, and what they say."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import second_gguf
from damage import Files
from kinds import Kind, Original
from second_gguf import LIST, TEXT, Said, Tensor
from second_reading import same
from torch import nn

from llmbook.checkpoint import CheckpointError, load_pretrained
from llmbook.checkpoint.gguf import read_gguf
from llmbook.models import Decoder

FILE = "model.gguf"
WIDTH, HEADS, KV, ROWS, F, LENGTH = 32, 4, 2, 9, 64, 16
OTHER_FIELDS = {
    "rope.freq_base", "rope.scaling.type", "rope.dimension_count", "attention.key_length", "attention.value_length",
    "attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon", "attention.clamp_kqv", "tensor_data_layout",
}  # fmt: skip
BLOCK = {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH // 2, WIDTH), "attn_v": (WIDTH // 2, WIDTH),
         "attn_output": (WIDTH, WIDTH), "ffn_gate": (F, WIDTH), "ffn_up": (F, WIDTH), "ffn_down": (WIDTH, F)}
NORMS = {"llama": ("attn_norm", "ffn_norm"), "gemma": ("attn_norm", "ffn_norm"), "olmo": (),
         "olmo2": ("attn_q_norm", "attn_k_norm", "post_attention_norm", "post_ffw_norm")}  # fmt: skip
OURS = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "attention_norm", "ffn_norm": "feedforward_norm", "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm", "post_attention_norm": "attention_post_norm",
    "post_ffw_norm": "feedforward_post_norm",
}  # fmt: skip


def made(architecture: str, kind: str, seed: int) -> bytes:
    """A whole file with random numbers."""
    rng, norms = np.random.default_rng(seed), NORMS[architecture]
    shapes = {"token_embd.weight": (ROWS, WIDTH)} | {f"blk.0.{name}.weight": shape for name, shape in BLOCK.items()}
    shapes |= {f"blk.0.{name}.weight": (WIDTH // 2 if name == "attn_k_norm" else WIDTH,) for name in norms}
    shapes |= {"output_norm.weight": (WIDTH,)} if norms else {}
    shapes |= {"output.weight": (ROWS, WIDTH)} if architecture != "gemma" else {}
    tensors = []
    for name, shape in shapes.items():
        type_ = gguf.GGMLQuantizationType[kind if len(shape) > 1 else "F32"]
        raw = gguf.quantize(rng.normal(0, 0.4, shape).astype(np.float32), type_).tobytes()
        tensors.append(Tensor(name, list(shape[::-1]), type_.value, raw))
    return second_gguf.write(Said(said_fields(architecture), tensors))


def said_fields(architecture: str) -> list[tuple[str, int, object]]:
    """The fields of a small model."""
    eps = "attention.layer_norm_epsilon" if architecture == "olmo" else "attention.layer_norm_rms_epsilon"
    counts = {"block_count": 1, "context_length": LENGTH, "embedding_length": WIDTH, "feed_forward_length": F,
              "attention.head_count": HEADS, "attention.head_count_kv": KV, "vocab_size": ROWS}  # fmt: skip
    fields = [("general.architecture", TEXT, architecture), ("general.file_type", 4, 7)]
    fields += [(f"{architecture}.{name}", 4, value) for name, value in counts.items()]
    fields += [(f"{architecture}.{eps}", 6, 1e-5), (f"{architecture}.rope.freq_base", 6, 5000.0)]
    fields += [("tokenizer.ggml.tokens", LIST, (TEXT, [f"t{row}" for row in range(ROWS)]))]
    return [*fields, ("tokenizer.ggml.eos_token_id", 4, 2), ("tokenizer.ggml.add_bos_token", 7, True)]


class GGUFs(Kind):
    """Read by :func:`load_pretrained` and :func:`read_gguf`.

    The fields must be those of a second reading, float32 to its shortest decimal; the sizes of the model must be those
    of the fields, and each parameter the numbers of the file by the reference package, its rows put in order by hand.
    """

    def make(self) -> list[Original]:
        cases = [("llama", "Q8_0"), ("llama", "Q4_1"), ("gemma", "BF16"), ("olmo", "F16"), ("olmo2", "Q5_0")]
        return [Original({FILE: made(*case, seed)}, case[0]) for seed, case in enumerate(cases)]

    def read(self, folder: Path, original: Original) -> Any:
        return load_pretrained(folder / FILE, dtype="float32"), read_gguf(folder / FILE).fields

    def problem(self, found: Any, files: Files, original: Original) -> str | None:
        model, fields = found
        said = second_gguf.read(files.get(FILE))
        values = said.values()
        wanted = {name: as_shortest(values[name], kind, value) for name, kind, value in said.fields}
        if not same(fields, wanted):
            return f"fields differ: {[name for name in wanted if not same(fields.get(name), wanted[name])][:3]}"
        if wrong := sizes_problem(model, values):
            return wrong
        has, hand = dict(model.named_parameters()), by_hand(model, values, said)
        differing = [name for name in has.keys() | hand.keys() if not equal(has.get(name), hand.get(name))]
        if differing:
            return f"parameters are not those of the file: {sorted(differing)[:3]}"
        return None if model.training is False and not any(each.is_meta for each in has.values()) else "it is not ready"


def as_shortest(value: Any, kind: int, stored: Any) -> Any:
    """A value as the package gives it: of a float32 the shortest decimal."""
    inner = stored[0] if kind == LIST else kind
    if inner != 6:
        return value
    return [float(str(np.float32(each))) for each in value] if kind == LIST else float(str(np.float32(value)))


def sizes_problem(model: Decoder, values: dict) -> str | None:
    """Why the model's config is not what the fields say."""
    kind, config = values["general.architecture"], model.config
    pairs = {"block_count": config.layers, "context_length": config.max_length, "embedding_length": config.width,
             "feed_forward_length": config.feedforward_width, "attention.head_count": config.heads,
             "attention.head_count_kv": config.kv_heads, "vocab_size": config.vocab_size}  # fmt: skip
    wrong = [name for name, has in pairs.items() if values.get(f"{kind}.{name}", has) != has]
    base = np.float32(values.get(f"{kind}.rope.freq_base", 1e4))
    wrong += ["rope"] if np.float32(config.rope_base) != base else []
    known = {*pairs, *OTHER_FIELDS}
    wrong += [name for name in values if name.startswith(f"{kind}.") and name.removeprefix(f"{kind}.") not in known]
    return f"{wrong} of the config are not what the file says" if wrong else None


def by_hand(model: Decoder, values: dict, said: Said) -> dict[str, np.ndarray]:
    """The model's parameters from the numbers of the file."""
    kind, config, found = values["general.architecture"], model.config, {}
    for tensor in said.tensors:
        numbers, parts = tensor.numbers(), tensor.name.split(".")
        if kind == "gemma" and tensor.name.endswith("norm.weight"):
            numbers = numbers - np.float32(1)
        if parts[0] != "blk":
            whole = {"token_embd": "embed_tokens", "output_norm": "norm", "output": "lm_head"}
            found[f"{whole.get(parts[0], parts[0])}.weight"] = numbers
            continue
        if kind in ("llama", "olmo") and parts[2] in ("attn_q", "attn_k"):
            numbers = halves(numbers, config.heads if parts[2] == "attn_q" else config.kv_heads)
        found[f"layers.{parts[1]}.{OURS.get(parts[2], parts[2])}.{parts[3]}"] = numbers
    return found


def halves(rows: np.ndarray, heads: int) -> np.ndarray:
    """Each head's rows as ours: those that stand at even places first."""
    size = len(rows) // heads
    order = [head * size + place for head in range(heads) for place in (*range(0, size, 2), *range(1, size, 2))]
    return rows[order]


def equal(first: nn.Parameter | None, second: np.ndarray | None) -> bool:
    """Whether two are the same numbers, bit for bit; an undefined one is like any other."""
    if first is None or second is None or first.shape != second.shape:
        return False
    ours = first.detach().numpy()
    bits = ours.view(np.uint32) == np.ascontiguousarray(second).view(np.uint32)
    return bool((bits | (np.isnan(ours) & np.isnan(second))).all())


KINDS = [GGUFs("gguf", 0.1, (CheckpointError,))]
