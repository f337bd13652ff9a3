"""What the fields of a GGUF file say about a model, in the words of a ``config.json``.

``general.architecture`` names the kind, and the fields of a kind begin with its name: ``llama.block_count``. A field of
a kind that is neither known here nor known to mean nothing is refused, because it might change the arithmetic. What
the fields leave out, the tensors tell: a model without an output matrix is tied, and one that has a bias has biases.
"""

from dataclasses import dataclass
from pathlib import Path

from llmbook.checkpoint.gguf.file import GGUF
from llmbook.checkpoint.hub import CheckpointError
from llmbook.strict_json import shown

ARCHITECTURE, PARTS = "general.architecture", "split.count"
RMS_EPS, LAYER_EPS = "attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"
COUNTS = {
    "block_count": "num_hidden_layers",
    "context_length": "max_position_embeddings",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
}
"""Fields that every kind has, whole numbers."""
OPTIONAL_COUNTS = {
    "vocab_size": "vocab_size",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
}
CHECKED = ("attention.value_length", "rope.dimension_count")
"""The size of a head once more."""
READ_APART = ("rope.freq_base", "rope.scaling.type")
IDLE = ("tensor_data_layout",)
"""What old files say and nothing reads."""
OLMO_EPS = 1e-5  # in the code of the model, and no field of its config.json
LARGEST = 2**31


@dataclass(frozen=True)
class Architecture:
    """A kind of model that llama.cpp knows, and how its files differ from ours."""

    model_type: str
    """Hugging Face's name."""
    eps: str = RMS_EPS
    """The field with the eps of the norms."""
    permuted: bool = False
    """Whether rows of queries and keys are in the order of neighbors; see ``tensors.py``."""
    norm_shift: float = 0.0
    """What the converter adds to the gains of norms."""
    norms_after: bool = False
    """Whether norms follow the sublayers."""
    always_tied: bool = False
    more: tuple[str, ...] = ()
    """Fields that only this kind has."""


ARCHITECTURES = {
    "llama": Architecture("llama", permuted=True),
    "gemma": Architecture("gemma", norm_shift=1.0, always_tied=True),
    "olmo": Architecture("olmo", eps=LAYER_EPS, permuted=True, more=("attention.clamp_kqv",)),
    "olmo2": Architecture("olmo2", norms_after=True),
}


def architecture_of(gguf: GGUF) -> Architecture:
    """The kind of model in a file.

    Raises:
        CheckpointError: the file does not name one that this book reads.
    """
    name = gguf.fields.get(ARCHITECTURE)
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise CheckpointError(
            f"{gguf.path}: of GGUF files this book reads {ARCHITECTURE} {', '.join(ARCHITECTURES)}, not {shown(name)}"
        )
    return ARCHITECTURES[name]


def as_config_json(gguf: GGUF) -> dict:
    """The content of the ``config.json`` that a Hugging Face folder of this model would have.

    Raises:
        CheckpointError: the file is a part of a model, the kind is unknown, a field is missing or no number, two
            contradict each other, or one is of a kind that this book knows nothing of.
    """
    kind = architecture_of(gguf)
    if gguf.fields.get(PARTS) not in (None, 0, 1):
        raise CheckpointError(
            f"{gguf.path} is one of {shown(gguf.fields[PARTS])} parts of a model; make one file of them first, with "
            "llama-gguf-split --merge of llama.cpp"
        )
    said = _fields_of_kind(gguf, kind)
    hf = {"model_type": kind.model_type} | _counts(gguf.path, said)
    hf.setdefault("vocab_size", _rows(gguf, "token_embd.weight"))
    hf.setdefault("head_dim", hf["hidden_size"] // hf["num_attention_heads"])
    for name in CHECKED:
        if said.get(name, hf["head_dim"]) != hf["head_dim"]:
            raise CheckpointError(
                f"{gguf.path}: {name} is {shown(said[name])}, and a head has {hf['head_dim']} numbers; this book reads "
                "models whose heads turn whole"
            )
    return hf | _numbers(gguf.path, said, kind) | _flags(gguf, kind)


def _fields_of_kind(gguf: GGUF, kind: Architecture) -> dict:
    """The fields of the file's architecture, without its name in front."""
    prefix = f"{gguf.fields[ARCHITECTURE]}."
    said = {name.removeprefix(prefix): value for name, value in gguf.fields.items() if name.startswith(prefix)}
    known = {*COUNTS, *OPTIONAL_COUNTS, *CHECKED, *READ_APART, *IDLE, kind.eps, *kind.more}
    strangers = sorted(said.keys() - known)
    if strangers:
        raise CheckpointError(
            f"{gguf.path}: it says {', '.join(map(shown, strangers[:3]))}, which this book has not built for "
            f"{prefix[:-1]}, and without which the model might be another"
        )
    return said


def _counts(path: Path, said: dict) -> dict[str, int]:
    """Sizes under Hugging Face's names."""
    missing = [name for name in COUNTS if name not in said]
    if missing:
        raise CheckpointError(f"{path} does not say {', '.join(missing)}; is this the file of a whole model?")
    found = {theirs: said[name] for name, theirs in (COUNTS | OPTIONAL_COUNTS).items() if name in said}
    for name, theirs in (COUNTS | OPTIONAL_COUNTS).items():
        if name in said and (type(said[name]) is not int or not 1 <= found[theirs] <= LARGEST):
            raise CheckpointError(f"{path}: {name} must be a whole number from 1 to 2**31, not {shown(said[name])}")
    return found


def _numbers(path: Path, said: dict, kind: Architecture) -> dict:
    """Fields that are no counts."""
    found = {"rope_theta": _number(path, said, "rope.freq_base", 10_000.0)}
    if said.get("rope.scaling.type", "none") != "none":
        found["rope_scaling"] = {"rope_type": said["rope.scaling.type"]}  # which the family refuses
    eps = _number(path, said, kind.eps, None)
    if kind.eps == RMS_EPS:
        return found | {"rms_norm_eps": eps}
    if eps != OLMO_EPS:
        raise CheckpointError(f"{path}: {kind.eps} is {eps}, and this kind of model has {OLMO_EPS}")
    return found | {"clip_qkv": _number(path, said, "attention.clamp_kqv", 0.0) or None}  # 0 is no clamp to llama.cpp


def _number(path: Path, said: dict, name: str, default: float | None) -> float:
    """A float, which must be there if it has no default."""
    found = said.get(name, default)
    if not isinstance(found, float):
        raise CheckpointError(f"{path}: {name} must be a number, not {shown(found)}")
    return found


def _flags(gguf: GGUF, kind: Architecture) -> dict[str, bool]:
    """What the names of the tensors tell."""
    tied = "output.weight" not in gguf.entries
    if kind.always_tied and not tied:
        raise CheckpointError(f"{gguf.path} has an output.weight, and models of this kind are tied to their embedding")
    biases = {"attention_bias": "blk.0.attn_q.bias", "mlp_bias": "blk.0.ffn_up.bias"}
    return {"tie_word_embeddings": tied} | {field: name in gguf.entries for field, name in biases.items()}


def _rows(gguf: GGUF, name: str) -> int:
    """How many rows a tensor has."""
    if name not in gguf.entries:
        raise CheckpointError(f"{gguf.path} has no tensor {name}; is this the file of a whole language model?")
    return gguf.entries[name].shape[0]
