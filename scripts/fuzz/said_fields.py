"""The fields of a JSON object, asked for by name and type; what is neither there nor left open raises ``Unsaid``."""

from dataclasses import dataclass

from second_reading import Unsaid

ACTIVATIONS = {
    "gelu_pytorch_tanh": "gelu_tanh", "gelu_new": "gelu_tanh", "gelu": "gelu", "silu": "silu", "swish": "silu",
    "relu": "relu",
}  # fmt: skip
NEEDED = object()


@dataclass(frozen=True)
class Fields:
    """The fields of one file, asked for one after the other."""

    hf: dict

    def value(self, name: str, kinds: tuple[type, ...], absent: object = NEEDED, null: object = NEEDED) -> object:
        """A value of one of some types; ``absent`` where there is none, ``null`` where there is null."""
        if name not in self.hf or self.hf[name] is None:
            found = absent if name not in self.hf else null
            if found is NEEDED:
                raise Unsaid(f"{name} is missing")
            return found
        if type(self.hf[name]) not in kinds:
            raise Unsaid(f"{name} is {str(self.hf[name])[:80]!r}")
        return self.hf[name]

    def size(self, name: str, absent: object = NEEDED, null: object = NEEDED) -> int | None:
        """A whole number."""
        return self.value(name, (int,), absent, null)

    def real(self, name: str, absent: object = NEEDED, null: object = NEEDED) -> float | None:
        """A number."""
        return self.value(name, (int, float), absent, null)

    def flag(self, name: str, absent: object = NEEDED, null: object = NEEDED) -> bool:
        """True or false."""
        return self.value(name, (bool,), absent, null)

    def is_only(self, name: str, only: bool) -> None:
        """A flag of which one side alone is built here."""
        if self.flag(name, only, only) is not only:
            raise Unsaid(f"{name} is not {only}")

    def activation(self, name: str, absent: str) -> str:
        """The name of an activation."""
        word = self.value(name, (str,), absent)
        if word not in ACTIVATIONS:
            raise Unsaid(f"{name} is {word!r}")
        return ACTIVATIONS[word]

    def mapping(self, name: str) -> "Fields":
        """Named fields, none where nothing is said."""
        return Fields(self.value(name, (dict,), {}, {}))
