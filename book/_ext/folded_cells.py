"""Fold the cells of a lesson that prepare or only draw: imports with their settings, and the call that makes a figure.

They open on a click on a line that says what they hold. The notebooks themselves are not changed: a reader who runs
one sees every line.
"""

import ast
import json
import re

PAGES = re.compile(r"chapters/[\w-]+/\d|book/(a-|how-)")
DRAWING = re.compile(r"\.(plots|explorer|\w+_plots|drawing)(\.|$)")
IMPORTS, HELPERS, FIGURE = "Imports and settings", "Imports and a helper", "The code of the figure"
SHORT = 4
"""Lines behind the first of a helper that folds with the imports."""
SHAPING = {"range", "len", "zip", "list", "dict", "tuple", "sorted", "enumerate", "tolist", "item", "items", "keys",
           "values", "format"}  # fmt: skip
"""Calls that only bring numbers into the form that a drawing takes."""
PLAIN = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Name, ast.Load, ast.JoinedStr, ast.FormattedValue,
         ast.Attribute, ast.Subscript, ast.Starred, ast.keyword, ast.UnaryOp, ast.USub)  # fmt: skip
"""What may stand in a value that is given a name before it is drawn: nothing that is computed."""


def names_of_drawing(trees):
    """What a page imports from the rooms of drawings: modules and functions."""
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ImportFrom):
            names = [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
            found |= {name for name, whole in names if DRAWING.search(whole)}
    return found


def title_of(tree, drawing):
    """The title of a cell that folds; empty for one that stays open."""
    kinds = {kind(node, drawing) for node in tree.body}
    if kinds and isinstance(tree.body[0], ast.Import | ast.ImportFrom) and kinds <= {"import", "setting", "helper"}:
        return HELPERS if "helper" in kinds else IMPORTS
    return FIGURE if "figure" in kinds and kinds <= {"figure", "import", "setting", "shaping"} else ""


def kind(node, drawing):
    """What a statement does: import, set, draw, shape what is drawn, help in few lines; or work for a reader to see."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno < SHORT:
        return "helper"
    value = getattr(node, "value", None)
    if isinstance(value, ast.Call):
        first = value.func
        while isinstance(first, ast.Attribute):
            first = first.value
        if isinstance(first, ast.Name) and first.id in drawing:
            return "figure"
        if isinstance(node, ast.Expr):
            return "setting" if ast.unparse(value.func).startswith(SETTINGS) else "work"
    if not isinstance(node, ast.Assign):
        return "work"
    if all(isinstance(each, PLAIN) for each in ast.walk(value)):
        return "setting"
    calls = [each.func for each in ast.walk(value) if isinstance(each, ast.Call)]
    return "shaping" if all(getattr(call, "attr", getattr(call, "id", "")) in SHAPING for call in calls) else "work"


SETTINGS = ("torch.set_num_threads", "torch.manual_seed", "warnings.")
"""Calls that only set something."""


def fold(text):
    """A notebook as JSON text, with the settings of cells that fold."""
    notebook = json.loads(text)
    trees = [parsed(cell) for cell in notebook["cells"]]
    drawing = names_of_drawing(tree for tree in trees if tree)
    for cell, tree in zip(notebook["cells"], trees, strict=True):
        title = title_of(tree, drawing) if tree else ""
        tags = cell["metadata"].get("tags", [])
        if title and not any(tag.startswith(("hide", "remove")) for tag in tags):
            cell["metadata"]["tags"] = [*tags, "hide-input"]
            cell["metadata"].setdefault("mystnb", {}).update(code_prompt_show=title, code_prompt_hide=title)
    return json.dumps(notebook)


def parsed(cell):
    """The code of a cell; None if it is text, or no plain Python."""
    if cell["cell_type"] != "code":
        return None
    try:
        return ast.parse("".join(cell["source"]))
    except SyntaxError:
        return None


def fold_page(app, page, source):
    """Fold the cells of a lesson when it is read."""
    if PAGES.match(page) and str(app.env.doc2path(page)).endswith(".ipynb"):
        source[0] = fold(source[0])


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("source-read", fold_page, priority=950)  # after build_cache.py has put the outputs in
    return {"parallel_read_safe": True, "parallel_write_safe": True}
