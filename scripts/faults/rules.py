"""The rules that make faults: each takes a node of a syntax tree, and yields places with what stands there instead."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from points import Fault, Source, called

Edit = tuple[int, int, bytes]
Rule = Callable[[Source, ast.AST], Iterator[Edit]]

COMPARISONS = {
    ast.Lt: ("<", "<=", ">"), ast.LtE: ("<=", "<", ">="), ast.Gt: (">", ">=", "<"), ast.GtE: (">=", ">", "<="),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"), ast.Pow: ("**", "*"), ast.BitOr: ("|", "&"), ast.BitAnd: ("&", "|"),
}  # fmt: skip
TEXTS = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp, ast.Dict)
AXIS_METHODS = {
    "sum", "mean", "softmax", "log_softmax", "size", "unsqueeze", "squeeze", "argmax", "argmin", "max", "min", "amax",
    "amin", "cumsum", "chunk", "split", "repeat_interleave", "flatten", "transpose", "std", "var", "norm", "all", "any",
    "gather", "select", "narrow", "index_select", "flip", "roll", "argsort", "sort", "topk", "logsumexp", "cat",
    "stack", "concatenate",
}  # fmt: skip
OTHER_AXIS = {-1: -2, -2: -1, 0: 1, 1: 0, 2: 1, 3: 2, -3: -2}
OPPOSITE = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor",
            "reversed": "iter"}  # fmt: skip
UNORDERED = {"getattr", "setattr", "isinstance", "print", "super", "TypeVar", "Path", "gcd", "axhspan", "axvspan",
             "max", "min", "zip", "allclose", "equal"}  # fmt: skip
"""Calls of which the first two arguments may be exchanged, or whose exchange shows at once."""


def operator(source: Source, left: ast.AST, right: ast.AST, old: str, new: str) -> Iterator[Edit]:
    """Another operator between two nodes."""
    start, end = source.span(left)[1], source.span(right)[0]
    words = r"\s+".join(map(re.escape, old.split()))
    bare = re.sub(rb"#[^\n]*", lambda comment: b" " * len(comment[0]), source.text[start:end])
    if found := re.search(words.encode(), bare):
        yield start + found.start(), start + found.end(), new.encode()


def comparisons(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The boundary on the other side, the direction, the opposite."""
    if isinstance(node, ast.Compare):
        for left, kind, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            old, *others = COMPARISONS[type(kind)]
            for new in others:
                yield from operator(source, left, right, old, new)


def arithmetic(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Another operator: plus for minus, times for divided by. Not where texts or lists are joined."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
        if not joins(left, right):
            yield from operator(source, left, right, *ARITHMETIC[type(node.op)])


def joins(*nodes: ast.AST) -> bool:
    """Whether one of these is plainly a text or a list, so that another operator could only fail."""
    return any(isinstance(node, TEXTS) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))
               for node in nodes)  # fmt: skip


def signs(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A minus left out."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if is_place(source, node) or is_example(source, node):
            return
        start, end = source.span(node)
        after = source.text[start + 1 : end]
        yield start, end - len(after.lstrip()), b""


def constants(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A whole number one more or one less, another number doubled, true for false."""
    others = (is_default, is_place, is_example)
    if is_number(node) and not any(other(source, node) for other in others):
        yield from ((*source.span(node), new) for new in other_values(node))


def defaults(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Another default of an argument or of a field."""
    if is_number(node) and is_default(source, node):
        yield from ((*source.span(node), new) for new in other_values(node))


def is_example(source: Source, node: ast.AST) -> bool:
    """Whether a number is one of an exercise's examples, for which any other would do."""
    return source.path.endswith("checks.py") and any(isinstance(above, ast.List) for above in source.above(node))


def is_number(node: ast.AST) -> bool:
    """Whether a node is a number or a truth value."""
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))


def other_values(node: ast.Constant) -> list[bytes]:
    """What may stand for a number."""
    value = node.value
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, int):
        others = [value + 1, value - 1] if value else [1]
    else:
        others = [value * 2 or 1.0]
    return [repr(other).encode() for other in others]


def is_default(source: Source, node: ast.AST) -> bool:
    """Whether a node is the default of an argument, or the value of a field of a class."""
    below = node
    above = source.parents[node]
    if isinstance(above, ast.UnaryOp):
        below, above = above, source.parents[above]
    if isinstance(above, ast.arguments):
        return below in above.defaults or below in above.kw_defaults
    return isinstance(above, ast.AnnAssign) and isinstance(source.parents[above], ast.ClassDef)


def is_place(source: Source, node: ast.AST) -> bool:
    """Whether a number is an axis, or says first or last: other rules change these."""
    above = source.parents[node]
    if isinstance(above, ast.UnaryOp):
        node, above = above, source.parents[above]
    if isinstance(above, ast.keyword):
        return above.arg in ("dim", "axis", "dims")
    if isinstance(above, ast.Subscript) and node is above.slice:
        return whole(node) in (0, -1)
    return isinstance(above, ast.Call) and called(above) in AXIS_METHODS and whole(node) in OTHER_AXIS


def whole(node: ast.AST) -> int | None:
    """The value of a whole number, also of one with a minus."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and is_number(node.operand):
        return -node.operand.value
    return node.value if is_number(node) and type(node.value) is int else None


def axes(source: Source, node: ast.AST) -> Iterator[Edit]:
    """Another axis: ``dim=-1`` becomes -2, 0 becomes 1."""
    if whole(node) not in OTHER_AXIS:
        return
    above = source.parents[node]
    by_name = isinstance(above, ast.keyword) and above.arg in ("dim", "axis")
    by_place = isinstance(above, ast.Call) and isinstance(above.func, ast.Attribute) and called(above) in AXIS_METHODS
    if by_name or (by_place and node in above.args):
        yield *source.span(node), str(OTHER_AXIS[whole(node)]).encode()


def orders(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The last for the first, backward for forward, two arguments or operands exchanged."""
    if isinstance(node, ast.Subscript) and whole(node.slice) in (0, -1):
        yield *source.span(node.slice), b"-1" if whole(node.slice) == 0 else b"0"
    elif isinstance(node, ast.Call):
        yield from orders_of_call(source, node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div)):
        above = source.parents[node]
        is_length = isinstance(above, ast.Call) and called(above) == "abs"  # of a difference: the same both ways
        if not joins(node.left, node.right) and not is_length:
            yield from exchanged(source, node.left, node.right)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
        yield from exchanged(source, *node.value.elts)


def orders_of_call(source: Source, node: ast.Call) -> Iterator[Edit]:
    """Minimum for maximum, sorted the other way around, the first two arguments exchanged."""
    name, start = called(node), source.span(node.func)[1]
    if name in OPPOSITE and name not in ("any", "all"):
        yield start - len(name), start, OPPOSITE[name].encode()
    if name == "sorted" and not any(word.arg == "reverse" for word in node.keywords):
        yield *source.span(node), b"list(reversed(" + source.code(node) + b"))"
    for word in node.keywords:
        if word.arg in ("reverse", "descending", "largest") and not is_number(word.value):
            yield *source.span(word.value), b"not (" + source.code(word.value) + b")"
    pair = node.args[:2]
    if len(pair) == 2 and name not in UNORDERED and not any(map(is_fixed, pair)):
        yield from exchanged(source, *pair)


def is_fixed(node: ast.AST) -> bool:
    """Whether an argument has its place for good: a text, one that is spread, or what is drawn on."""
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    is_canvas = isinstance(node, ast.Name) and node.id in ("ax", "axes", "figure")
    return is_text or is_canvas or isinstance(node, (ast.Starred, ast.JoinedStr))


def exchanged(source: Source, first: ast.AST, second: ast.AST) -> Iterator[Edit]:
    """Two nodes, each in the place of the other."""
    (start, stop), (again, end) = source.span(first), source.span(second)
    left, right = source.text[start:stop], source.text[again:end]
    if left != right:
        yield start, end, bracketed(second, right) + source.text[stop:again] + bracketed(first, left)


def bracketed(node: ast.AST, code: bytes) -> bytes:
    """The code of a node, so that it stays together beside any operator."""
    return b"(" + code + b")" if isinstance(node, (ast.BinOp, ast.Lambda, ast.IfExp)) else code


def booleans(source: Source, node: ast.AST) -> Iterator[Edit]:
    """``or`` for ``and``, a ``not`` left out or put in, the other branch, any for all."""
    if isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from operator(source, left, right, old, new)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield *source.span(node), b"bool(" + source.code(node.operand) + b")"
    elif isinstance(node, ast.IfExp):
        yield *source.span(node.test), b"not (" + source.code(node.test) + b")"
    elif isinstance(node, (ast.If, ast.While)) and isinstance(node.test, (ast.Name, ast.Attribute, ast.Call)):
        yield *source.span(node.test), b"not " + source.code(node.test)
    elif isinstance(node, ast.Call) and called(node) in ("any", "all"):
        end = source.span(node.func)[1]
        yield end - 3, end, OPPOSITE[called(node)].encode()


RULES: dict[str, Rule] = {
    "comparison": comparisons, "arithmetic": arithmetic, "sign": signs, "constant": constants, "default": defaults,
    "axis": axes, "order": orders, "boolean": booleans,
}  # fmt: skip


def faults_in(source: Source, nodes: Iterable[ast.AST] | None = None) -> Iterator[Fault]:
    """All faults of all rules in a source, or at some of its nodes; none of what only says how a drawing looks."""
    for node in source.nodes() if nodes is None else nodes:
        for name, rule in RULES.items():
            edits = list(rule(source, node))
            if edits and not source.is_look(node):
                yield from (source.fault(node, name, *edit) for edit in edits)
