"""The public names of the package, and the lessons that import them, read from the files without running any.

A name is public if it does not begin with `_` and is a function, a class, or a value with a text below it that says
what it is; and if a room lists it in its `__all__`.
"""

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "llmbook"
PAGE_WING = f"{PACKAGE}.chapters"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LONGEST = 70
"""Letters of a value that an entry shows."""


@dataclass(frozen=True)
class Name:
    """A public name of a module."""

    module: str
    """Where it is defined, "llmbook.layers.norm"."""
    name: str
    """"rms_norm"."""
    kind: str
    """"function", "class" or "data"."""
    value: str = ""
    """What stands behind the `=` of a value, if that is short."""
    is_said: bool = True
    """Whether a text says what it is."""
    members: tuple[str, ...] = ()
    """What a class holds that is public and documented."""
    has_base: bool = False
    """Whether a class is made from another."""

    @property
    def whole(self) -> str:
        """Its full name."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Package:
    """The library wing of the package."""

    names: dict[str, list[Name]]
    """The public names of each module, in the order of the file."""
    exported: dict[str, list[str]]
    """The names that a room offers in its `__all__`."""
    places: dict[str, tuple[str, int]]
    """The file and the line of each name, and of each method of a class."""
    homes: dict[str, str]
    """Under which full name an imported one is defined, "llmbook.layers.rms_norm": "llmbook.layers.norm.rms_norm"."""

    def find(self, dotted: str) -> str | None:
        """The full name of something that can be imported: of a module, or of a public name."""
        found = home(self.homes, dotted)
        known = found in self.names or any(each.whole == found for each in self.names.get(found.rpartition(".")[0], ()))
        return found if known else None

    def room(self, page_or_module: str) -> list[str]:
        """The modules of a room: itself first, then those inside."""
        inside = sorted(name for name in self.names if name.startswith(f"{page_or_module}."))
        return [page_or_module, *inside]


def read_package(code: Path) -> Package:
    """Read all modules of the library.

    Args:
        code: the folder that holds the package.
    """
    trees = dict(modules(code))
    offered = {module: offered_by(tree) for module, (tree, _) in trees.items()}
    homes = {f"{module}.{name}": whole for module, (tree, _) in trees.items()
             for name, whole in imports_of(tree).items()}  # fmt: skip
    at_home = {home(homes, f"{module}.{name}") for module in trees for name in offered[module]}
    names = {module: list(names_of(tree, module, at_home)) for module, (tree, _) in trees.items()}
    places = {f"{module}.{name}": (file, line) for module, (tree, file) in trees.items()
              for name, line in lines_of(tree.body)}  # fmt: skip
    rooms = [module for module, (_, file) in trees.items() if file.endswith("__init__.py")]
    return Package(names, {module: offered[module] for module in rooms}, places, homes)


def home(homes: dict[str, str], dotted: str) -> str:
    """Under which name something is defined that may have been imported from module to module."""
    seen = set()
    while dotted in homes and dotted not in seen:
        seen.add(dotted)
        dotted = homes[dotted]
    return dotted


def modules(code: Path) -> Iterator[tuple[str, tuple[ast.Module, str]]]:
    """Each module of the library: its name, what it says, and its file as a checkout names it."""
    for path in sorted((code / PACKAGE).rglob("*.py")):
        module = ".".join(path.relative_to(code).with_suffix("").parts).removesuffix(".__init__")
        if not module.startswith(PAGE_WING) and path.name != "__main__.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield module, (tree, path.relative_to(code.parent).as_posix())


def offered_by(tree: ast.Module) -> list[str]:
    """What a module lists in `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets):
            return list(ast.literal_eval(node.value))
    return []


def names_of(tree: ast.Module, module: str, offered: Collection[str]) -> Iterator[Name]:
    """The public names that a module defines; `offered` are full names that some room lists."""
    for node, after in pairs(tree.body):
        if isinstance(node, FUNCTIONS) and not node.name.startswith("_"):
            yield Name(module, node.name, "function")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield Name(module, node.name, "class", members=tuple(members_of(node)), has_base=bool(node.bases))
        for name in values(node):
            if is_text(after) or f"{module}.{name}" in offered:
                yield Name(module, name, "data", short(node.value), is_text(after))


def members_of(tree: ast.ClassDef) -> Iterator[str]:
    """The methods, properties and fields of a class that are public and documented."""
    for node, after in pairs(tree.body):
        if isinstance(node, FUNCTIONS) and not node.name.startswith("_") and ast.get_docstring(node):
            yield node.name
        yield from (name for name in values(node) if is_text(after))


def pairs(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, ast.stmt | None]]:
    """Each statement with the one below it."""
    return zip(body, [*body[1:], None], strict=False)


def values(node: ast.stmt) -> list[str]:
    """The public names that a statement gives a value, or a type."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [to.id for to in targets if isinstance(to, ast.Name) and not to.id.startswith("_")
            and isinstance(node, ast.Assign | ast.AnnAssign)]  # fmt: skip


def lines_of(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, int]]:
    """The functions, classes and values of a module with their lines, and what the classes hold."""
    for node in body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield within + node.name, node.lineno
        yield from ((within + name, node.lineno) for name in values(node))
        if isinstance(node, ast.ClassDef):
            yield from lines_of(node.body, f"{within}{node.name}.")


def is_text(node: ast.stmt | None) -> bool:
    """Whether a statement is a text alone, as below a value that is documented."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def short(value: ast.expr | None) -> str:
    """A value as it is written, if it is short; "" if not."""
    written = ast.unparse(value) if value else ""
    return written if len(written) <= LONGEST else ""


def imports_of(tree: ast.AST) -> dict[str, str]:
    """What code imports of the package: the name that it uses, and the full one."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found


def imports_of_page(package: Package, cells: Iterable[str]) -> dict[str, str]:
    """The names of the library that a page imports, with their full names; not those that it defines itself."""
    found, own = {}, set()
    for source in cells:
        try:
            tree = ast.parse(source)
        except SyntaxError:  # a line for Jupyter alone
            continue
        found |= imports_of(tree)
        own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    whole = {name: package.find(dotted) for name, dotted in found.items() if name not in own}
    return {name: home for name, home in whole.items() if home}
