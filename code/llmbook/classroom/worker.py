"""The process in which a student's code runs: it takes cells, then calls of functions by name, and answers with values.

``python -m llmbook.classroom.worker IN OUT`` reads and writes frames on two file descriptors. Once a cell has run,
nothing here can be relied on: the code of the cells shares this process. Who asks believes nothing but the values.
"""

import linecache
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from llmbook.classroom.modules import is_module, way_of
from llmbook.classroom.wire import DEEPEST, HEAD, Handle, Opaque, WireError, pack, unpack
from llmbook.exercises.checking import AttemptError, guarded

NO_CHECKS = "import llmbook.chapters\nllmbook.chapters.check = lambda *given, **named: None"
"""The checks of the notebook need not run: the grader has its own."""
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def serve(read: int, write: int) -> None:
    """Answer frames until there are no more."""
    space: dict[str, Any] = {"__name__": "__main__"}
    modules: list[Any] = []
    while (asked := _read(read)) is not None:
        answer = _run_cells(asked["cells"], space) if "cells" in asked else _call(asked, space, modules)
        _write(write, {"number": asked["number"], **answer})


def _run_cells(cells: list[tuple[int, str]], space: dict[str, Any]) -> dict[str, object]:
    """Run cells, whatever any of them raises, and tell which raised what; none of them: prepare for the others."""
    errors = []
    for number, source in cells or [(0, NO_CHECKS)]:
        try:
            exec(_compiled(source, f"<cell {number}>"), space)
        except BaseException as error:
            errors.append(f"cell {number}: {type(error).__name__}: {error}"[:300])
    return {"errors": errors[:20]}


def _compiled(source: str, name: str) -> Any:
    """A cell's code; lines that only Jupyter understands are left out."""
    if source.startswith("%%"):
        source = ""
    try:
        code = compile(source, name, "exec")
    except SyntaxError:
        source = MAGIC.sub(r"\1pass", source)
        code = compile(source, name, "exec")
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return code


def _call(asked: dict[str, Any], space: dict[str, Any], modules: list[Any]) -> dict[str, object]:
    """Call a function of the student's, or use a module that one has returned."""
    function, seen = _function(asked, space, modules), []
    if not callable(function):
        return {"missing": True}
    try:
        watched = _watched(guarded(function), asked["watch"], seen)
        value = watched(*asked["args"], **asked["kwargs"])
    except NotImplementedError:
        return {"todo": True}
    except AttemptError as error:
        return {"error": str(error)[:400]}
    except AssertionError:  # of a watch: those of the function are attempts
        return {"broken": asked["watch"]}
    except BaseException as error:
        return {"error": f"your function raised {type(error).__name__}"}
    return {"value": _with_handles(value, modules), "seen": seen}


def _function(asked: dict[str, Any], space: dict[str, Any], modules: list[Any]) -> Any:
    """What is to be called; None if it is not there."""
    number = asked["module"]
    if number is None:
        return space.get(asked["name"])
    return way_of(modules[number], asked["name"]) if number < len(modules) else None


def _with_handles(value: object, modules: list[Any], depth: int = DEEPEST) -> object:
    """The value; a module is kept here, and its number goes out."""
    if type(value) in (list, tuple) and depth:
        return type(value)(_with_handles(each, modules, depth - 1) for each in value)
    if not is_module(value):
        return value
    modules.append(value)
    return Handle(len(modules) - 1)


def _watched(function: Callable, watch: str, seen: list) -> Callable:
    """The function under the eyes that the check has on it."""
    if not watch:
        return function
    from llmbook.exercises.by_hand import without, without_autograd, without_loop  # here, since it needs PyTorch

    if watch == "autograd":
        return without_autograd(function)
    if watch == "loop":
        return without_loop(function)

    def remember(given: list[Any], made: Any) -> bool:
        seen.append(([each.detach().clone() for each in given], made.detach().clone()))
        return False

    return without(function, remember, "")


def _read(file: int) -> Any:
    """The next frame; None at the end."""
    head = _exactly(file, HEAD.size)
    if head is None:
        return None
    text, numbers = HEAD.unpack(head)
    return unpack(_exactly(file, text), _exactly(file, numbers), hashes=True)


def _exactly(file: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        if not (part := os.read(file, size - len(parts))):
            return None
        parts += part
    return bytes(parts)


def _write(file: int, answer: dict[str, object]) -> None:
    try:
        frame = pack(answer)
    except WireError as error:
        frame = pack({"number": answer["number"], "error": str(error)})
    except BaseException as error:
        frame = pack({"number": answer["number"], "value": Opaque(type(error).__name__)})
    while frame:
        frame = frame[os.write(file, frame) :]


def limit(memory: int, file: int, processes: int) -> None:
    """Limit this process and its children: bytes of memory, bytes of a file, processes (0: no limit); no core files."""
    import resource  # here, since Windows has none

    wanted = {resource.RLIMIT_AS: memory, resource.RLIMIT_FSIZE: file, resource.RLIMIT_CORE: 0,
              resource.RLIMIT_NOFILE: 128}  # fmt: skip
    for kind, most in (wanted | ({resource.RLIMIT_NPROC: processes} if processes else {})).items():
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    limit(*map(int, sys.argv[3:6]))
    serve(int(sys.argv[1]), int(sys.argv[2]))
