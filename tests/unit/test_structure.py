"""The shape of the code: short files and functions, imports that run downward, nothing printed or seeded globally."""

import ast
import code as standard_library_code
from pathlib import Path

import pytest
from package_imports import CHECKOUT, FILES, imported_modules, room

# A room may import from rooms of a lower rank, and from rooms of its own rank as long as there is no circle.
RANKS = {
    "layers": 0,
    "data": 0,
    "strict_json": 0,
    "real_weights": 0,
    "models": 1,
    "meetings": 1,
    "debug": 2,
    "checkpoint": 2,
    "generation": 2,
    "metrics": 2,
    "training": 2,
    "accounting": 3,
    "adapters": 3,
    "summarizers": 3,
    "notebooks": 3,
    "experiments": 4,
    "plots": 5,
    "widgets": 6,
    "exercises": 6,
    "chapters": 7,  # the page wing: no room of the library may import it
    "classroom": 8,  # for teachers: it grades the exercises of all pages
}
MODULES_AT_THE_ROOT = {"__init__.py", "data.py", "debug.py", "strict_json.py"}
HIDING = {"llmbook", "__import__", "exec", "eval", "sys.modules", "pkgutil", "runpy"}
RUN_WHAT_THEY_ARE_GIVEN = {"classroom/worker.py", "classroom/hidden.py"}  # a student's cells; a teacher's own checks
MOST_LINES_OF_A_FUNCTION = 50  # without its docstring
MOST_LINES_OF_A_FILE = 250


def upward_imports(files: dict[str, str]) -> list[str]:
    """Imports that do not run downward."""
    problems = []
    for name, source in files.items():
        for imported in imported_modules(source):
            here, there = room(name), room(imported)
            if here == there or there == "":
                continue
            if here not in RANKS or there not in RANKS:
                problems.append(f"{name} imports {imported}: give both rooms a rank in test_structure.py")
            elif RANKS[there] > RANKS[here]:
                problems.append(f"{name} imports {imported}: imports run downward only")
    return problems


def circle(files: dict[str, str]) -> list[str]:
    """Rooms that import one another in a circle, or nothing."""
    needs = {room(name): set() for name in files}
    for name, source in files.items():
        needs[room(name)] |= {room(imported) for imported in imported_modules(source)} - {room(name)}
    while free := [name for name, others in needs.items() if not others & needs.keys()]:
        for name in free:
            del needs[name]
    return sorted(needs)


def long_functions(source: str) -> list[str]:
    """Functions that are longer than they may be."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0]
            docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
            if node.end_lineno - node.lineno + 1 - docstring > MOST_LINES_OF_A_FUNCTION:
                found.append(node.name)
    return found


def without_docstring(source: str) -> list[str]:
    """Public functions, classes and methods that say nothing about themselves, and the module if it does not."""
    tree = ast.parse(source)
    silent = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    holders = [tree, *[node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]]
    for holder in holders:
        for node in holder.body:
            is_named = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            if is_named and not node.name.startswith("_") and node.name != "extra_repr" and not ast.get_docstring(node):
                silent.append(node.name)
    return silent


def global_effects(source: str) -> list[str]:
    """Calls that print, or that seed a generator which belongs to everyone."""
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    forbidden = {
        "print",
        "torch.manual_seed",
        "random.seed",
        "np.random.seed",
        "numpy.random.seed",
        "torch.set_default_dtype",
    }
    return [call for call in calls if call in forbidden]


def hidden_imports(source: str) -> list[str]:
    """Ways to import that nobody can read: by a text, from ``sys.modules``, or as attributes of the whole package."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.module != "llmbook" else []
        names += [ast.unparse(node)] if isinstance(node, (ast.Name, ast.Attribute)) else []
        found += [name for name in names if name in HIDING or name.partition(".")[0] == "importlib"]
    return found


def test_the_package_is_found():
    assert {"layers/norm.py", "models/decoder.py", "debug.py"} <= FILES.keys()


def test_every_module_stands_in_a_room():
    assert {name for name in FILES if "/" not in name} == MODULES_AT_THE_ROOT


def test_every_room_has_a_rank():
    assert {room(name) for name in FILES} - {""} == RANKS.keys()


def test_imports_run_downward():
    assert upward_imports(FILES) == []


def test_rooms_do_not_import_one_another_in_a_circle():
    assert circle(FILES) == []


@pytest.mark.parametrize("name", FILES)
def test_file(name):
    source = FILES[name]
    assert len(source.splitlines()) <= MOST_LINES_OF_A_FILE, "split it: one idea, one file"
    assert long_functions(source) == []
    assert without_docstring(source) == []
    assert [call for call in global_effects(source) if (call, Path(name).name) != ("print", "__main__.py")] == []
    assert [use for use in hidden_imports(source) if (use, name in RUN_WHAT_THEY_ARE_GIVEN) != ("exec", True)] == []


def test_code_is_a_source_root_and_no_package():
    """An ``__init__.py`` in ``code/`` would hide the standard library's module of that name."""
    assert not (CHECKOUT / "code" / "__init__.py").exists()
    assert hasattr(standard_library_code, "InteractiveConsole")


# Each check must be able to fail.


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("layers/norm.py", "from llmbook.models.decoder import Decoder"),
        ("layers/norm.py", "def f():\n    import llmbook.plots.style"),
        ("models/gemma.py", "from llmbook import generation"),
        ("generation/cache.py", "from llmbook.widgets import explore"),
        ("experiments/results.py", "from llmbook.chapters.gemma.norms.plots import plot_vectors"),
        ("exercises/checking.py", "def f():\n    from llmbook import chapters"),
        ("layers/norm.py", "from llmbook.attic import f"),
        ("layers/norm.py", "from . import rope"),
    ],
)
def test_upward_imports_are_seen(name, source):
    assert len(upward_imports({name: source})) == 1


def test_circles_are_seen():
    files = {
        "accounting/decoder.py": "from llmbook import adapters",
        "adapters/lora.py": "import llmbook.accounting",
        "data.py": "import csv",
    }
    assert circle(files) == ["accounting", "adapters"] and upward_imports(files) == []


def test_long_and_silent_and_loud_code_is_seen():
    body = "    x = 1\n" * (MOST_LINES_OF_A_FUNCTION - 1)
    assert long_functions(f"def f():\n{body}") == [] and long_functions(f"def f():\n{body}    x = 2\n") == ["f"]
    docstring = '    """One\n\n    two.\n    """\n'
    assert long_functions(f"def f():\n{docstring}{body}") == []
    assert without_docstring("def f(): ...\ndef _g(): ...\nclass C:\n    def h(self): ...") == [
        "the module",
        "f",
        "C",
        "h",
    ]
    assert without_docstring('"""Doc."""\ndef f():\n    """Doc."""') == [] and without_docstring("") == []
    assert global_effects("def f():\n    print(1)\n    torch.manual_seed(0)\n    generator.manual_seed(0)") == [
        "print",
        "torch.manual_seed",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\n",
        "from importlib import import_module",
        "f = __import__",
        "exec('import llmbook.chapters')",
        "import sys\nx = sys.modules['llmbook.chapters']",
        "import llmbook\nllmbook.chapters",
    ],
)
def test_hidden_imports_are_seen(source):
    assert hidden_imports(source)
    assert hidden_imports("from llmbook import data\nmodel.eval()\nimport sys\nsys.path") == []
