"""What pages, docstrings and notes call by name is there: dotted names of the package, and paths of files."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest
from package_imports import CHECKOUT, code_of_pages

PLACES = ("README.md", "book/*.md", "book/*.ipynb", "chapters/*/*.md", "chapters/*/*.ipynb", "data/README.md",
          "code/**/*.py", "scripts/**/*.py", "book/_ext/*.py", "Makefile", "pyproject.toml", ".ci/run",
          ".github/workflows/*.yml")  # fmt: skip
FILES = {path.relative_to(CHECKOUT).as_posix(): path for place in PLACES for path in sorted(CHECKOUT.glob(place))}
OURS = {name.removeprefix("code/") for name in FILES}
ELSEWHERE = {"data/ALL/jsonl/test.jsonl", "olmo/model.py", "olmo/optim.py", "llmbook.css"}
"""In the repositories of QMSum and of OLMo; and a style sheet, which reads like a module."""
DOTTED = re.compile(r"(?<![\w./-])llmbook(?:\.[A-Za-z_]\w*)+")
PATH = re.compile(
    r"(?<![\w./{-])(?:(?:code/)?llmbook|data|scripts|tests|chapters|book)/[\w./-]+\.(?:py|csv|json|jsonl|md|ipynb|css|js)\b"
)
MODULE = re.compile(r"``([\w/]+\.py)``")  # in a docstring: a file beside it, or in a room


def text_of(path: Path) -> str:
    """What a file says; of a notebook its cells."""
    text = path.read_text(encoding="utf-8")
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"]) if path.suffix == ".ipynb" else text


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    module, _, rest = name, "", []
    while module:
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            rest = [last, *rest]
            continue
        for attribute in rest:
            found = getattr(found, attribute, None)
        return found is not None
    return False


def unknown(text: str, folder: Path = CHECKOUT) -> list[str]:
    """The names in a text that lead nowhere, seen from the folder where it stands."""
    bases = (CHECKOUT, CHECKOUT / "code", CHECKOUT / "code" / "llmbook", folder)
    paths = {*PATH.findall(text), *MODULE.findall(text)}
    lost = {path for path in paths if not any((base / path).exists() for base in bases)}
    return sorted((lost | {name for name in DOTTED.findall(text) if not is_there(name)}) - ELSEWHERE)


@pytest.mark.parametrize("name", sorted(FILES))
def test_names_lead_somewhere(name):
    assert unknown(text_of(FILES[name]), FILES[name].parent) == []


def missing(code: str) -> list[str]:
    """What a page takes from our modules that they have not, as ``module.name``."""
    modules, lost = {}, set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llmbook"):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                modules[alias.asname or alias.name] = name
                lost |= set() if is_there(name) else {name}
    used = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
    names = {(node.value.id, node.attr) for node in used if isinstance(node.value, ast.Name)}
    taken = {f"{modules[name]}.{attribute}" for name, attribute in names if is_module(modules.get(name, ""))}
    return sorted(lost | {name for name in taken if not is_there(name)})


def is_module(name: str) -> bool:
    """Whether a dotted name is that of a module."""
    return name.replace(".", "/") + ".py" in OURS or name.replace(".", "/") + "/__init__.py" in OURS


CODE_OF_PAGES = code_of_pages()


@pytest.mark.parametrize("name", CODE_OF_PAGES)
def test_pages_take_what_modules_have(name):
    assert missing(CODE_OF_PAGES[name]) == []


def test_what_modules_have_not_is_seen():
    code = "from llmbook.plots import style as s, gone\nfrom llmbook.layers import rms_norm\n"
    assert missing(f"{code}s.PALETTE, s.PALETE, rms_norm.x") == ["llmbook.plots.gone", "llmbook.plots.style.PALETE"]


def test_names_that_lead_nowhere_are_seen():
    """A module that has moved, a function that is gone, a file of the old layout."""
    old = ["llmbook.beam" + "_search.beam_search", "llmbook.generation.gen" + "erated", "code/llmbook/hub" + ".py"]
    told = f"`{old[0]}`, :func:`{old[1]}` and `{old[2]}`; `llmbook.generation.generate`, ``layers/norm.py``"
    assert unknown(told) == sorted(old)
    assert unknown("``norm.py``") == ["norm.py"] and unknown("``norm.py``", CHECKOUT / "code/llmbook/layers") == []
