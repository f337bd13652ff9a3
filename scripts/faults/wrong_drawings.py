"""Wrong drawings: for each plotting function, ways to draw something else than it is given.

A plotting function is decorated with ``@styled``, or takes the axes that it draws on. Its wrong drawings come in three
classes, the first most wanted: the data of what it draws are reversed, exchanged, scaled or negated, or an operator or
a number within them is changed; then anything else that it computes; then where its words stand.
"""

import ast
from collections.abc import Iterator

from points import Fault, Source, called
from rules import UNORDERED, bracketed, exchanged, faults_in, is_fixed

DRAWN = {
    "plot", "step", "bar", "barh", "scatter", "errorbar", "fill_between", "fill_betweenx", "imshow", "pcolormesh",
    "contour", "contourf", "hist", "hlines", "vlines", "axhline", "axvline", "axhspan", "axvspan", "stackplot",
    "stem", "stairs", "semilogx", "semilogy", "loglog", "boxplot", "violinplot", "matshow", "arrow", "quiver",
    "eventplot", "Rectangle", "Circle", "Ellipse", "Polygon", "Wedge", "Arc", "FancyArrowPatch", "FancyBboxPatch",
    "ConnectionPatch", "secondary_xaxis", "secondary_yaxis",
}  # fmt: skip
WORDS = {"text", "annotate", "note", "set_xticks", "set_yticks"}
DATA_KEYWORDS = {"yerr", "xerr", "left", "bottom", "width", "height", "xy", "xytext", "path", "bins", "weights",
                 "where", "ymin", "ymax", "xmin", "xmax", "posA", "posB", "functions"}  # fmt: skip
MACHINERY = ("plots/style.py", "plots/dark.py")
"""Files whose functions prepare figures and draw none."""


def plotting_functions(source: Source) -> Iterator[ast.FunctionDef]:
    """Functions at the top of a module that draw."""
    if not source.path.endswith(MACHINERY):
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and (is_styled(node) or takes_axes(node)):
                yield node


def is_styled(node: ast.FunctionDef) -> bool:
    """Whether a function is decorated with ``@styled``."""
    return any(getattr(mark, "id", getattr(mark, "attr", "")) == "styled" for mark in node.decorator_list)


def takes_axes(node: ast.FunctionDef) -> bool:
    """Whether a function draws on axes or a figure that it is given."""
    return bool({argument.arg for argument in node.args.args[:4]} & {"ax", "axes", "figure"})


def wrong_drawings(source: Source, function: ast.FunctionDef) -> Iterator[tuple[int, Fault]]:
    """All wrong drawings of a function, each with its class: 0 the data, 1 what else is computed, 2 words."""
    calls = [node for node in source.nodes(function) if isinstance(node, ast.Call) and class_of(node) is not None]
    classes: dict[ast.AST, int] = {}
    for call in calls:
        classes |= dict.fromkeys(data_of(call), class_of(call))
        yield from ((class_of(call), source.fault(call, "drawing", *edit)) for edit in wrong_data(source, call))
    for node in source.nodes(function):
        if (part := one_after_another(source, node)) is not None and part not in classes:
            yield from ((1, source.fault(part, "drawing", *edit)) for edit in backward(source, part))
        rank = next((classes[above] for above in (node, *source.above(node)) if above in classes), 1)
        rank = class_of(node) if node in calls else rank
        if not is_arrangement(source, node):
            yield from ((rank, fault) for fault in faults_in(source, [node]) if fault.rule != "default")


def is_arrangement(source: Source, node: ast.AST) -> bool:
    """Whether a node only says where axes stand in their figure, or how a legend or a grid of axes is laid out."""
    arranging = ("add_axes", "legend", "new_figure", "figure_for", "add_gridspec", "subplots")
    return any(isinstance(above, ast.Call) and called(above) in arranging for above in source.above(node))


def class_of(call: ast.Call) -> int | None:
    """0 for a call that draws data, 2 for one that places words, None for one that does not draw."""
    on_axes = any(isinstance(part, ast.Name) and part.id == "ax" for part in call.args[:1])
    on_axes = on_axes or any(word.arg == "ax" for word in call.keywords)
    if called(call) in WORDS:
        return 2
    return 0 if called(call) in DRAWN or on_axes else None


def data_of(call: ast.Call) -> list[ast.AST]:
    """What a call draws: its arguments by place, without the axes, and those by name that are data."""
    named = [word.value for word in call.keywords if word.arg in DATA_KEYWORDS]
    return [part for part in (*call.args, *named) if not is_fixed(part)]


def wrong_data(source: Source, call: ast.Call) -> Iterator[tuple[int, int, bytes]]:
    """The first two data exchanged; each of the first three reversed, scaled, negated."""
    data = data_of(call)
    if len(data) >= 2 and data[0] in call.args and data[1] in call.args and called(call) not in UNORDERED:
        yield from exchanged(source, *data[:2])
    for part in data:
        yield from wrong_values(source, part)


def is_list(part: ast.AST) -> bool:
    """Whether some data are plainly a list, which can only be reversed."""
    return isinstance(part, ast.Call) and called(part) in ("range", "list", "sorted", "tuple", "zip")


def wrong_values(source: Source, part: ast.AST) -> Iterator[tuple[int, int, bytes]]:
    """Some data reversed, scaled or negated. Which of these can be drawn at all depends on what they are."""
    start, end = source.span(part)
    code = source.code(part)
    if isinstance(part, ast.ListComp):
        first, last = source.span(part.elt)
        yield first, last, b"1.5 * " + bracketed(part.elt, source.text[first:last])
    elif isinstance(part, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.BinOp)) and not is_list(part):
        yield start, end, b"1.5 * " + bracketed(part, code)
        yield start, end, b"-" + bracketed(part, code)
    yield from backward(source, part)


def backward(source: Source, part: ast.AST) -> Iterator[tuple[int, int, bytes]]:
    """Some data in the opposite order."""
    several = isinstance(part, (ast.List, ast.Tuple)) and len(part.elts) > 1
    if several or isinstance(part, (ast.Name, ast.Attribute, ast.Subscript, ast.ListComp, ast.Call)):
        yield *source.span(part), b"list(" + source.code(part) + b")[::-1]"


def one_after_another(source: Source, node: ast.AST) -> ast.AST | None:
    """What a loop goes through, or a list that a call is given; not where the order is counted along."""
    if isinstance(node, (ast.For, ast.comprehension)):
        counted = isinstance(node.iter, ast.Call) and called(node.iter) in ("enumerate", "zip", "range")
        return None if counted else node.iter
    return node if isinstance(node, ast.List) and isinstance(source.parents[node], ast.Call) else None
