"""The cells of a chapter's page of exercises, and the functions that they hand out."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ExerciseCells:
    """The page of one chapter, by the name of its folder."""

    chapter: str

    @cached_property
    def sources(self):
        """{id: text} of all cells."""
        page = nbformat.read(ROOT / "chapters" / self.chapter / "exercises.ipynb", as_version=4)
        return {cell.id: cell.source for cell in page.cells}

    @property
    def planted(self):
        """The exercises that hand out something with a bug, in their order."""
        return [name.removesuffix("-bug") for name in self.sources if name.endswith("-bug")]

    def function(self, name):
        """The function that a cell defines last."""
        space, source = {}, self.sources[name]
        exec(self.sources["imports"] + "\n" + source, space)
        return space[re.findall(r"^def (\w+)", source, re.MULTILINE)[-1]]
