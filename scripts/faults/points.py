"""A fault at one point of a source: where it is, what stands there instead, and which points are never touched.

Places are counted in bytes, as Python's syntax tree counts them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNSEEN_NAMES = {"__repr__", "__str__", "extra_repr"}
"""Functions that only say what an object is."""
UNSEEN_CALLS = {"warn", "tqdm", "TypeVar", "lru_cache", "cast", "MaxNLocator", "isinstance", "getattr", "hasattr"}
"""Calls whose arguments are words, types, progress or the number of ticks."""
UNSEEN_KEYWORDS = {"strict", "stacklevel", "frozen", "slots", "maxsize", "disable", "ensure_ascii", "indent"}
"""Arguments that guard or write, and change no value."""
LOOK = {
    "size", "figsize", "fontsize", "fontweight", "labelsize", "linewidth", "linewidths", "markersize",
    "markeredgewidth", "alpha", "pad", "zorder", "color", "colors", "edgecolor", "facecolor", "linestyle",
    "capsize", "ncols", "loc", "frameon", "handlelength", "linespacing", "shrinkA", "shrinkB", "mutation_scale",
    "mutation_aspect", "dpi", "layout", "sharex", "sharey", "squeeze", "handletextpad", "columnspacing",
    "borderaxespad", "borderpad", "labelspacing", "labelpad", "bbox_to_anchor", "hspace", "wspace", "width_ratios",
    "height_ratios", "gridspec_kw", "grid_alpha", "s", "lw", "ms", "elinewidth", "capthick", "rotation", "aspect",
    "rounding_size", "levels", "head_width", "head_length", "title_fontsize", "which", "fill", "clip_on",
    "arrowprops", "bbox", "boxstyle", "minor",
}  # fmt: skip
"""Arguments of a drawing that say how it looks, not what it shows."""


@dataclass(frozen=True)
class Fault:
    """One change at one point of one file."""

    path: str
    """The file, from the top of the project."""
    line: int
    function: str
    """Where it stands, such as ``Schedule.area``; empty outside of functions and classes."""
    rule: str
    start: int
    end: int
    new: bytes
    before: str
    """The changed lines as they are, with single spaces."""
    after: str

    def apply(self, text: bytes) -> bytes:
        """The source with the fault."""
        return text[: self.start] + self.new + text[self.end :]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.function} [{self.rule}]\n    - {self.before}\n    + {self.after}"


class Source:
    """A file of the package: its bytes, its tree, who stands above whom, and what is never touched.

    Args:
        path: name of the file, from the top of the project.
        text: its bytes.
    """

    def __init__(self, path: str, text: bytes) -> None:
        self.path, self.text, self.tree = path, text, ast.parse(text)
        lines = text.splitlines(keepends=True)
        self.starts = [sum(map(len, lines[:count])) for count in range(len(lines) + 1)]
        self.parents = {below: above for above in ast.walk(self.tree) for below in ast.iter_child_nodes(above)}

    @classmethod
    def read(cls, root: Path, path: Path) -> "Source":
        """The source of a file."""
        return cls(path.relative_to(root).as_posix(), path.read_bytes())

    def span(self, node: ast.AST) -> tuple[int, int]:
        """First byte of a node, and the byte after its last."""
        return (self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset)

    def code(self, node: ast.AST) -> bytes:
        """The bytes of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def fault(self, node: ast.AST, rule: str, start: int, end: int, new: bytes) -> Fault:
        """The fault that puts ``new`` in the place of some bytes."""
        first = self.text.rfind(b"\n", 0, start) + 1
        last = self.text.find(b"\n", end)
        last = len(self.text) if last < 0 else last
        before, after = self.text[first:last], self.text[first:start] + new + self.text[end:last]
        line = self.text.count(b"\n", 0, start) + 1
        return Fault(self.path, line, self.function(node), rule, start, end, new, *map(one_line, (before, after)))

    def function(self, node: ast.AST) -> str:
        """Names of the classes and functions around a node."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return ".".join(reversed([above.name for above in (node, *self.above(node)) if isinstance(above, kinds)]))

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, from the inside to the outside."""
        while (node := self.parents.get(node)) is not None:
            yield node

    def nodes(self, top: ast.AST | None = None) -> Iterator[ast.AST]:
        """The nodes that a fault may touch, in the order of the text."""
        for node in ast.iter_child_nodes(top or self.tree):
            if not self.is_unseen(node):
                yield node
                yield from self.nodes(node)

    def is_unseen(self, node: ast.AST) -> bool:
        """Whether nothing in this node can matter: texts, types, imports, errors' words, decorators."""
        above = self.parents[node]
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.JoinedStr, ast.alias)):
            return True  # within a formatted text, Python 3.11 gives wrong places
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in UNSEEN_NAMES:
            return True
        if isinstance(node, ast.Call) and called(node) in UNSEEN_CALLS:
            return True
        if isinstance(node, ast.keyword) and node.arg in UNSEEN_KEYWORDS:
            return True
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return True
        types = [getattr(above, field, None) for field in ("annotation", "returns", "msg")]
        return any(node is part for part in types) or node in getattr(above, "decorator_list", ())

    def is_look(self, node: ast.AST) -> bool:
        """Whether a node only says how a drawing looks: the value of such a keyword or key, or an offset."""
        if "plot" not in self.path:
            return False
        below = node
        for above in self.above(node):
            if isinstance(above, ast.keyword) and above.arg in LOOK:
                return True
            if isinstance(above, ast.Dict) and below in above.values:
                key = above.keys[above.values.index(below)]
                if isinstance(key, ast.Constant) and key.value in LOOK:
                    return True
            if isinstance(above, ast.Call) and called(above) == "annotate" and below in above.args[2:3]:
                return True
            if isinstance(above, ast.stmt):
                return self.path.endswith("plots/style.py") and self.parents[above] is self.tree
            below = above
        return False


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def one_line(text: bytes) -> str:
    """Code with single spaces."""
    return " ".join(text.decode("utf-8").split())


def changes(fault: Fault, text: bytes) -> bool:
    """Whether a fault gives another program, and one that Python can read."""
    try:
        tree = ast.parse(fault.apply(text))
    except SyntaxError:
        return False
    return ast.dump(tree) != ast.dump(ast.parse(text))
