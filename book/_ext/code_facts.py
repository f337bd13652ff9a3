"""What a piece of Python says about the files it needs: its imports, the data it reads, the paths it names.

Nothing is run. Where the code does not say it, the answer is "everything": a page that runs too often costs a minute,
one that shows old results costs the book its word.
"""

import ast
from dataclasses import dataclass, field
from functools import cache

TABLES, MODELS, RESULTS, MEETINGS, ALL = ("*.csv",), ("models/**/*",), ("results/*",), ("meetings/*",), ("**/*",)
READERS = {
    "llmbook.data.read_table": ("", TABLES),
    "llmbook.data.tables": ("", TABLES),
    "llmbook.data.data_path": ("", TABLES + MODELS),
    "llmbook.data._model_path": ("", MODELS),
    "llmbook.data.data_folder": ("", ALL),
    "llmbook.data.FOLDERS": ("", ALL),
    "llmbook.data.PACKAGE": ("", ALL),
    "llmbook.experiments.results.read_result": ("results", RESULTS),
    "llmbook.meetings.stored.stored_path": ("meetings", MEETINGS),
    "llmbook.meetings.stored.stored_meetings": ("meetings", MEETINGS),
}
"""What leads to the data: the folder under data/ in which a name given to it is found, and what it could read at all.

Code that uses one with a name spelled out depends on the files of that name; otherwise on all that it could read.
A new function that reads data needs no entry: it must use one of these, and so its module has what that one gives.
"""
SHORT = {name.rpartition(".")[2]: where for name, where in READERS.items()}
HOMES = {name.rpartition(".")[0] for name in READERS}
# Names whose use hides what is imported, run or read.
HIDING = {"__file__", "__import__", "abspath", "absolute", "chdir", "cwd", "get_ipython", "getcwd", "import_module",
          "importlib", "pkgutil", "popen", "realpath", "resolve", "runpy", "subprocess"}  # fmt: skip
HIDING_BARE = {"__file__", "__import__", "eval", "exec", "get_ipython"}  # `model.eval()` hides nothing


@dataclass
class Facts:
    """What one file or one page says.

    Attributes:
        imports: dotted names that it may import; some name a function or a class and not a module, and one that ends
            in ``.*`` stands for all that a package has.
        names: of a package, the functions that its `__init__` defines.
        later: of a package, what these functions import when they run. It concerns who imports one of the names, and
            not who only passes through the package on the way to a module in it.
        reads: pairs of a reader and the name given to it, None where the name is not spelled out.
        words: text in it that could be a path.
        hides: whether it uses something that hides what it needs.
    """

    imports: set = field(default_factory=set)
    names: set = field(default_factory=set)
    later: set = field(default_factory=set)
    reads: set = field(default_factory=set)
    words: set = field(default_factory=set)
    hides: bool = False

    def add(self, other, words):
        """Add the facts of another piece, but only some of its words."""
        self.imports |= other.imports
        self.reads |= other.reads
        self.words |= words
        self.hides |= other.hides


@cache  # a build asks twice, at its beginning and at its end
def facts_of(text, module="", is_package=False):
    """The facts of Python text.

    Args:
        text: of a module, or of a page with its cells one below the other.
        module: its dotted name, "" for a page; relative imports start from it.
        is_package: whether it is the `__init__` of a package.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return Facts(hides=True)
    facts = Facts(imports=imports_of(tree, module if is_package else module.rpartition(".")[0]))
    if is_package:
        facts.names, facts.later = deferred(tree, module)
        facts.imports -= facts.later
    tree.body = [statement for statement in tree.body if not defines_reader(statement, module)]
    nodes = list(ast.walk(tree))
    facts.reads = reads_of(nodes, known_names(nodes, module))
    facts.words = words_of(nodes)
    facts.hides = any(map(hides, nodes))
    return facts


def imports_of(tree, package):
    """Dotted names that some code may import, inside functions too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bound = {name.name for name in node.names}
            found |= bound | {f"{top}.*" for name in bound for top in [name, *packages_of(name)]}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            bound = {f"{base}.{name.name}" for name in node.names}
            found |= {base, *bound, *(f"{name}.*" for name in bound)}
    return found - {""}


def packages_of(name):
    """``a`` and ``a.b`` of ``a.b.c``."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def deferred(tree, package):
    """The functions of a package's `__init__` and what they alone import; nothing if the `__init__` itself uses one."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    rest = ast.Module([node for node in tree.body if node not in functions], [])
    names = {node.name for node in functions}
    at_once = {node.id for node in ast.walk(rest) if isinstance(node, ast.Name)}
    at_once |= {node.id for each in functions for outer in (*each.decorator_list, each.args) for node in ast.walk(outer)
                if isinstance(node, ast.Name)}  # fmt: skip
    if names & at_once:
        return set(), set()
    return names, imports_of(ast.Module(functions, []), package) - imports_of(rest, package)


def defines_reader(statement, module):
    """Whether a statement of a module is the definition of a reader, whose body says what READERS says."""
    if isinstance(statement, ast.FunctionDef):
        names = [statement.name]
    elif isinstance(statement, ast.Assign):
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
    else:
        return False
    return any(f"{module}.{name}" in READERS for name in names)


def known_names(nodes, module):
    """The readers that are bound to their own names in some code: by an import, by `import *`, or at home."""
    imported = {name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names}
    return set(SHORT) if "*" in imported or module in HOMES else imported & set(SHORT)


def reads_of(nodes, known):
    """Uses of readers: (reader, the name given to it, or None where it is not spelled out)."""
    constants, found, seen = constants_of(nodes), set(), set()
    for node in nodes:
        if isinstance(node, ast.Call) and reader(node.func, known):
            seen.add(node.func)
            found.add((reader(node.func, known), spelled_out(node, constants)))
    others = {reader(node, known) for node in nodes if node not in seen} - {None}
    aliases = {name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names if name.asname}
    return found | {(name, None) for name in others | (aliases & set(SHORT))}


def reader(node, known):
    """The reader that a node refers to, or None."""
    if isinstance(node, ast.Name):
        return node.id if node.id in known else None
    name = node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
    return name if isinstance(name, str) and name in SHORT else None


def spelled_out(call, constants):
    """The one argument of a call if the code spells it out, else None."""
    if len(call.args) != 1 or call.keywords:
        return None
    argument = call.args[0]
    value = argument.value if isinstance(argument, ast.Constant) else constants.get(getattr(argument, "id", None))
    return value if isinstance(value, str) else None


def constants_of(nodes):
    """{name: text} of the names that are bound once, to a text."""
    bound = [node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)]
    bound += [node.arg for node in nodes if isinstance(node, ast.arg)]
    values = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Constant):
            values[getattr(node.targets[0], "id", None)] = node.value.value
    return {name: value for name, value in values.items() if name and bound.count(name) == 1}


def words_of(nodes):
    """Text that could be a path; f-strings give their parts, docstrings nothing."""
    told = {node.value for node in nodes if isinstance(node, ast.Expr)}
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and node not in told]
    return {text for text in texts if isinstance(text, str) and 0 < len(text) < 200 and "\n" not in text}


def hides(node):
    """Whether a node makes what the code needs impossible to read from it."""
    if isinstance(node, ast.Name):
        return node.id in HIDING_BARE
    if isinstance(node, ast.Attribute):
        on_os = isinstance(node.value, ast.Name) and node.value.id == "os"
        return node.attr in HIDING or (on_os and node.attr == "system")
    if isinstance(node, ast.Import):
        return any(name.name.partition(".")[0] in HIDING for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return bool({(node.module or "").partition(".")[0], *(name.name for name in node.names)} & HIDING)
    return False
