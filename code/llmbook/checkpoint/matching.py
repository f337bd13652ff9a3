"""Whether the tensors of a folder are those that its config implies: all of them, no others, each of its shape.

What a file says twice, such as a tied output matrix, must be the same both times.
"""

from pathlib import Path

import torch

from llmbook.checkpoint.dtypes import STORED_DTYPES
from llmbook.checkpoint.folder import CONFIG, name_some
from llmbook.checkpoint.hub import CheckpointError
from llmbook.checkpoint.quantized import INSTEAD
from llmbook.checkpoint.tensors import StoredTensor
from llmbook.layers.rope import rope_angles
from llmbook.models import DecoderConfig, Family
from llmbook.models.keys import Stored
from llmbook.models.t5_config import T5Config


def relevant(stored: dict[str, StoredTensor], family: Family) -> dict[str, StoredTensor]:
    """The tensors under their full names, without those that a family's old files keep beside the weights."""
    prefix, ignored = family.prefix, family.ignored
    bare = prefix and not any(name.startswith(prefix) for name in stored)  # the released GPT-2 leaves its prefix out
    named = {prefix + name if bare and not name.startswith("lm_head") else name: stored[name] for name in stored}
    return {name: tensor for name, tensor in named.items() if not name.endswith(ignored)} if ignored else named


def check_names(
    directory: Path, table: dict[str, Stored], stored: dict[str, StoredTensor], repeated: tuple[str, ...],
    sizes: str = CONFIG,
) -> list[str]:  # fmt: skip
    """Refuse missing and unknown tensors.

    Args:
        directory: for the message.
        table: what the config implies, by published name.
        stored: what the files hold.
        repeated: ends of names that may say again what the model knows already.
        sizes: what says the sizes of the model, for the message.

    Returns:
        The names of those duplicates, for :func:`check_duplicates`.

    Raises:
        CheckpointError: some are missing, or some have no place; the message counts them and names a few.
    """
    known = [name for name in stored if name.endswith(repeated)]
    extra = stored.keys() - table.keys() - set(known)
    missing = table.keys() - stored.keys()
    problems = [
        f"{len(names)} {kind} ({name_some(names)})"
        for names, kind in ((missing, "missing"), (extra, "that this model has no place for"))
        if names
    ]
    if problems:
        raise CheckpointError(
            f"{directory}: of {len(table)} expected tensors, {' and '.join(problems)}; do {sizes} and the weights "
            "belong together, and is this a whole language model?"
        )
    return [name for name in known if name not in table]


def check_shapes(
    table: dict[str, Stored], shapes: dict[str, tuple[int, ...]], stored: dict[str, StoredTensor], sizes: str = CONFIG
) -> None:
    """Refuse tensors of whole numbers and of other shapes.

    Args:
        table: what the config implies, by published name.
        shapes: of our own tensors, by our names.
        stored: what the files hold, all names of the table among them.
        sizes: what says the sizes of the model, for the message.

    Raises:
        CheckpointError: a tensor is not of floating-point numbers, or has not the shape that the config implies.
    """
    for name, place in table.items():
        if stored[name].dtype not in STORED_DTYPES:
            raise CheckpointError(
                f"{stored[name].path}: {name} is stored as {stored[name].dtype}, so the weights are "
                f"quantized; {INSTEAD}"
            )
        wanted = place.shape(shapes)
        if stored[name].shape != wanted:
            raise CheckpointError(
                f"{stored[name].path}: {name} has shape {stored[name].shape}, but {sizes} implies {wanted}; "
                "do they belong together?"
            )


def check_duplicates(
    config: DecoderConfig | T5Config, table: dict[str, Stored], stored: dict[str, StoredTensor], names: list[str]
) -> None:
    """Tensors that say again what the model knows already must say the same.

    Args:
        config: ours.
        table: as in :func:`check_names`.
        stored: what the files hold.
        names: of the duplicates.

    Raises:
        CheckpointError: one says something else.
    """
    for name in names:
        if not name.endswith("rotary_emb.inv_freq"):
            embedding = next(theirs for theirs, place in table.items() if place.names == ("embed_tokens.weight",))
            same = torch.equal(stored[name].read(), stored[embedding].read())
            complaint = "config.json ties it to the embedding, but they differ; set tie_word_embeddings to false"
            if name != "lm_head.weight":
                complaint = "it repeats the shared embedding, but they differ; is the file damaged?"
        else:  # old files keep the rotation speeds: the angles of position 1
            _, sin = rope_angles(torch.tensor([1]), config.rotary_size, config.rope_base)
            found = stored[name].read().float().sin()
            same = found.shape == sin[0].shape and torch.allclose(found, sin[0], rtol=1e-2, atol=0)  # some are bfloat16
            complaint = "these rotation speeds are not those of rope_theta in config.json; do they belong together?"
        if not same:
            raise CheckpointError(f"{stored[name].path}: {name}: {complaint}")
