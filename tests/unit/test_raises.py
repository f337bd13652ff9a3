"""A function that refuses something says so: what it raises, or a private helper raises for it, is in its docstring."""

import ast
import re

import pytest
from package_imports import FILES

CHECKS = re.compile(r"chapters/.*/checks(_\w+)?\.py")  # what they raise is what a reader of an exercise is told
KEPT = {name: source for name, source in FILES.items() if not CHECKS.fullmatch(name)}


def silent(source):
    """Public functions, methods and classes that raise an error which their docstrings do not mention."""
    tree = ast.parse(source)
    helpers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("_")}
    found = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
             and refuses(node, helpers) and not says(node)]
    for owner in tree.body:
        if isinstance(owner, ast.ClassDef) and not owner.name.startswith("_"):
            for node in owner.body:
                if isinstance(node, ast.FunctionDef) and refuses(node, helpers):
                    started = node.name in ("__init__", "__post_init__")
                    is_public = started or not node.name.startswith("_")
                    found += [f"{owner.name}.{node.name}"] if is_public and not says(owner if started else node) else []
    return found


def says(node):
    """Under "Raises:", or in a sentence of a docstring that has no sections."""
    return "Raise" in (ast.get_docstring(node) or "")


def refuses(node, helpers, seen=()):
    """Whether a function raises an error itself, or through private functions of its file; a promise is no error."""
    for each in ast.walk(node):
        if isinstance(each, ast.Raise) and each.exc is not None and ast.unparse(each.exc) != "NotImplementedError":
            return True
        name = each.func.id if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) else ""
        if name in helpers and name not in seen and refuses(helpers[name], helpers, (*seen, name)):
            return True
    return False


@pytest.mark.parametrize("name", KEPT)
def test_errors_are_said(name):
    assert silent(KEPT[name]) == []


# Each check must be able to fail.

RAISES = '    raise ValueError("no")'
SAID = '    """Do.\n\n    Raises:\n        ValueError: always.\n    """\n'


@pytest.mark.parametrize(("source", "found"), [
    (f"def f():\n{RAISES}", ["f"]), (f"def f():\n{SAID}{RAISES}", []), (f"def _f():\n{RAISES}", []),
    (f"def f():\n    return _g()\ndef _g():\n    return _h()\ndef _h():\n{RAISES}", ["f"]),
    ("def f():\n    raise NotImplementedError", []), ("def f():\n    raise NotImplementedError()", ["f"]),
    ("def _g():\n    return _g()\ndef f():\n    _g()\n    raise", []),
    (f"class C:\n  def __init__(self):\n    {RAISES}", ["C.__init__"]),
    (f"class C:\n  '''Raises: a lot.'''\n  def __init__(self):\n    {RAISES}\n  def g(self):\n    {RAISES}", ["C.g"]),
])  # fmt: skip
def test_silence_is_seen(source, found):
    assert silent(source) == found
