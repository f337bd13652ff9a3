"""A family of published models as a value: what this book knows of it, and how its folders are read and written.

Each family's module makes one, ``FAMILY``. What a family does not say has its default here, and a field that does not
exist is an error when the module is imported.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

from llmbook.models.keys import Stored

Config = TypeVar("Config")


@dataclass(frozen=True)
class Family(Generic[Config]):
    """One family: its published configs, its ``config.json`` and its tensors.

    Raises:
        TypeError: a text stands where a tuple of texts is meant.
        ValueError: ``sizes`` or ``optional`` name a field that the configs do not have.
    """

    name: str
    """What this book calls it."""
    model_types: tuple[str, ...]
    """Hugging Face's ``model_type`` of the models that it reads, its own first."""
    published: Mapping[str, Config]
    """The configs of published models, by name."""
    tiny: Callable[..., Config]
    """Makes a small config with the oddities of the family."""
    sizes: Mapping[str, str]
    """Hugging Face's field of ``config.json``: ours."""
    optional: tuple[str, ...]
    """Ours of ``sizes`` that a ``config.json`` may leave out."""
    config_from_hf: Callable[[dict], Config]
    """Reads a ``config.json``."""
    config_to_hf: Callable[[Config], dict]
    """Writes one."""
    key_table: Callable[[Config], dict[str, Stored]]
    """Each published tensor's name, and where it goes."""
    config_from_checkpoint: Callable[[dict, Collection[str]], Config] | None = None
    """Reads a ``config.json`` beside the names of the tensors, where these say more; None where they do not."""
    counted: tuple[str, ...] = ("num_hidden_layers",)
    """Fields of ``config.json`` that count what has tensors of its own: none can be above the number of tensors."""
    prefix: str = ""
    """Stands before every name but the head's; files of bare names are read too."""
    ignored: tuple[str, ...] = ()
    """Ends of the names of what old files keep beside the weights and nothing reads."""
    repeated: tuple[str, ...] = ("lm_head.weight", "rotary_emb.inv_freq")
    """Ends of the names of what a file may hold although it says nothing new; what it says is checked."""

    def __post_init__(self):
        loose = [field.name for field in fields(self) if field.type == tuple[str, ...]]
        texts = [name for name in loose if isinstance(getattr(self, name), str)]
        if texts:  # ("a") is no tuple, and would be read letter by letter
            raise TypeError(f"{self.name}: {', '.join(texts)} must be a tuple of texts")
        known = {field.name for config in self.published.values() for field in fields(config)}
        strangers = sorted(set(self.sizes.values()) - known) + sorted(set(self.optional) - set(self.sizes.values()))
        if strangers:
            raise ValueError(f"{self.name}: no size is called {', '.join(strangers)}; it has {sorted(known)}")

    def read(self, hf: dict, names: Collection[str] | None = None) -> Config:
        """Our config of a ``config.json``.

        Args:
            hf: its content.
            names: the names of the checkpoint's tensors, where known.

        Raises:
            ValueError: a field is missing, or asks for something that this book has not built.
        """
        if names is None or self.config_from_checkpoint is None:
            return self.config_from_hf(hf)
        return self.config_from_checkpoint(hf, names)


def by_model_type(families: Iterable[Family]) -> dict[str, Family]:
    """The family that reads each ``model_type``.

    Raises:
        ValueError: two families read the same one.
    """
    found: dict[str, Family] = {}
    for family in families:
        for model_type in family.model_types:
            if model_type in found:
                raise ValueError(f"{found[model_type].name} and {family.name} both read model_type {model_type!r}")
            found[model_type] = family
    return found
