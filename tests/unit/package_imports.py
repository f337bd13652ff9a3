"""The package as text, and what its modules, tests and pages import of it."""

import ast
import sys
from pathlib import Path

import llmbook

ROOT = Path(llmbook.__file__).parent
CHECKOUT = ROOT.parent.parent
FILES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))}


def room(module: str) -> str:
    """``llmbook.layers.norm`` and ``layers/norm.py`` are in the room "layers"; the package itself is in ""."""
    parts = parts_of(module)
    return parts[0] if parts else ""


def page_room(module: str) -> str:
    """``llmbook.chapters.gemma.norms.plots`` is in "gemma/norms"; what is in no page's room is in ""."""
    wing, *place = parts_of(module)[:3] or [""]
    is_one = wing == "chapters" and len(place) == 2 and f"chapters/{'/'.join(place)}/__init__.py" in FILES
    return "/".join(place) if is_one else ""


def parts_of(module: str) -> list[str]:
    """The parts of a dotted name or of a file's name, without the package and ``__init__``."""
    parts = module.removesuffix(".py").replace("/", ".").removeprefix("llmbook").strip(".").split(".")
    return [part for part in parts if part and part != "__init__"]


def imported_modules(source: str) -> list[str]:
    """Modules and names of ours that a source imports, also inside functions: ``llmbook.layers.norm.rms_norm``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
            found += ["llmbook.RELATIVE"] if node.level else []
    return [name for name in found if name.split(".")[0] == "llmbook"]


def code_of_pages() -> dict[str, str]:
    """{page: its code} of every notebook and every Markdown page of the book, read as the build reads them.

    The reader's notebooks are made from these, and say nothing of their own.
    """
    sys.path.insert(0, str(CHECKOUT / "book" / "_ext"))
    from page_inputs import code_of

    pages = [path for folder in ("book", "chapters") for path in (CHECKOUT / folder).rglob("*.*")]
    passed_by = {".ipynb_checkpoints", "notebooks"}
    pages = [path for path in pages if path.suffix in {".ipynb", ".md"} and not passed_by & {*path.parts}]
    return {path.relative_to(CHECKOUT).as_posix(): code_of(path) for path in sorted(pages)}
