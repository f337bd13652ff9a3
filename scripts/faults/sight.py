"""Which test files could see a fault in a file, nearest first: by what they import, and by where they stand."""

import ast
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

TESTS = ("tests/unit", "tests/parity")
CHUNKS = (3, 6, 12, 24)
"""How many test files run at first, then, and so on: most faults are caught by the nearest."""


class Sight:
    """Who imports whom, in the package and its tests.

    A name that a package hands on (``from llmbook.checkpoint import load_pretrained``) leads to the module that defines
    it, not to all that the package imports. A dotted name in a text counts as an import: some tests start a process.

    Args:
        root: top of the project, with the package in ``code/``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        code = {path: path.relative_to(root / "code") for path in sorted((root / "code").rglob("*.py"))}
        self.modules = {dotted(short): path for path, short in code.items()}
        self.packages = {name.partition(".")[0] for name in self.modules}
        self.tests = [path for folder in TESTS for path in sorted((root / folder).rglob("*.py"))]
        self.helpers = {path.stem: path for path in self.tests if not path.stem.startswith(("test_", "conftest"))}
        trees = {path: ast.parse(path.read_bytes()) for path in (*code, *self.tests)}
        self.handed_on = {path: dict(named_imports(tree)) for path, tree in trees.items() if path.name == "__init__.py"}
        self.importers: dict[Path, set[Path]] = {}
        for path, tree in trees.items():
            for other in self.imported(path, tree):
                self.importers.setdefault(other, set()).add(path)

    def imported(self, path: Path, tree: ast.Module) -> Iterator[Path]:
        """The files that a file imports, and the conftest files above it."""
        yield from (above / "conftest.py" for above in path.parents if (above / "conftest.py") in self.tests)
        for name in imported_names(tree, self.packages):
            found = self.resolve(name) or self.helpers.get(name.partition(".")[0])
            if found not in (None, path):
                yield found

    def resolve(self, name: str) -> Path | None:
        """The file where a dotted name is defined."""
        module, rest = name, []
        while module and module not in self.modules:
            module, _, last = module.rpartition(".")
            rest.insert(0, last)
        path = self.modules.get(module)
        source = self.handed_on.get(path, {}).get(rest[0]) if rest else None
        return self.resolve(".".join([source, *rest[1:]])) if source and source != name else path

    def distances(self, path: Path) -> dict[Path, int]:
        """The test files that reach a file through imports, with the number of steps."""
        steps, queue = {path: 0}, deque([path])
        while queue:
            here = queue.popleft()
            for other in self.importers.get(here, set()) - steps.keys():
                steps[other] = steps[here] + 1
                queue.append(other)
        return {test: steps[test] for test in self.tests if test in steps and test.name.startswith("test_")}

    def nearest(self, name: str) -> list[list[str]]:
        """The test files that could see a fault in a file of the package, nearest first, in portions to run one by one.

        Args:
            name: the file, from the top of the project.
        """
        path = self.root / name
        room = path.parent.relative_to(self.root / "code").parts[1:]

        def distance(item: tuple[Path, int]) -> tuple[int, bool, str]:
            test, steps = item
            at_home = test.parent == self.root.joinpath("tests", "unit", *room)
            parity = self.root / "tests" / "parity" in test.parents
            return steps - 2 * at_home - (path.stem in test.stem), parity, test.as_posix()

        ordered = sorted(self.distances(path).items(), key=distance)
        return portions([test.relative_to(self.root).as_posix() for test, _ in ordered])


def portions(names: list[str]) -> list[list[str]]:
    """Names in portions that grow."""
    found, sizes = [], list(CHUNKS)
    while names:
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        found.append(names[:size])
        names = names[size:]
    return found


def dotted(path: Path) -> str:
    """``llmbook/layers/norm.py`` as ``llmbook.layers.norm``."""
    return ".".join(part for part in path.with_suffix("").parts if part != "__init__")


def named_imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each name that a module imports from another, with where it is from."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def imported_names(tree: ast.Module, packages: set[str]) -> Iterator[str]:
    """The dotted names that a file imports, anywhere in it, or names in a text."""
    in_text = re.compile(rf"\b(?:{'|'.join(sorted(packages)) or 'nothing'})(?:\.\w+)+")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from in_text.findall(node.value)
