"""What a published folder says that no part of a model's arithmetic is: which ids begin, end and fill a text.

They belong to the tokenizer that a checkpoint came with, and may be several ends or none. A model that was read keeps
them as ``model.special_ids``, so that saving writes back what was read. A model that was made here has none: then each
family writes the ids of its published tokenizer.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from llmbook.checkpoint.folder import read_json
from llmbook.checkpoint.writing import current
from llmbook.models import t5_config

GENERATION = "generation_config.json"
ENDING = "_token_id"  # of bos, eos, pad, and whatever else a tokenizer has
KNOWN_TO_MODEL = {"t5": tuple(t5_config.IDS)}
"""By ``model_type``, what our config holds itself, and therefore says better than the file once was."""


@dataclass(frozen=True)
class SpecialIds:
    """As they stood in the files, to be written again."""

    in_config: dict
    """The fields of ``config.json``; one that was left out or null is so again."""
    generation: dict | None
    """The whole ``generation_config.json``, None where there was none."""

    def put_into(self, hf: dict) -> dict:
        """A ``config.json`` with these ids in place of those that its family writes."""
        known = KNOWN_TO_MODEL.get(hf["model_type"], ())
        kept = {name: value for name, value in hf.items() if name in known or not name.endswith(ENDING)}
        return kept | {name: value for name, value in self.in_config.items() if name not in known}


def read_special_ids(directory: Path, hf: dict) -> SpecialIds:
    """The special ids of a folder.

    Args:
        directory: where ``generation_config.json`` may lie.
        hf: the content of ``config.json``.

    Raises:
        CheckpointError: ``generation_config.json`` is not a JSON object.
    """
    path = directory / GENERATION
    generation = read_json(path) if current(path).is_file() else None
    return SpecialIds({name: value for name, value in hf.items() if name.endswith(ENDING)}, generation)


def special_ids_of(model: nn.Module) -> SpecialIds | None:
    """What a model that was read keeps; None for one that was made here."""
    return getattr(model, "special_ids", None)
