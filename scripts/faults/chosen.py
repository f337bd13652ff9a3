"""Which faults are tried: drawn by lot from all that the rules make, or a wrong drawing for each plotting function."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from points import Fault, Source, changes
from rules import RULES, faults_in
from wrong_drawings import plotting_functions, wrong_drawings


def sources(root: Path, only: Iterable[str] = ()) -> list[Source]:
    """The files of the package, or those whose name contains one of some words."""
    only = list(only)
    found = [Source.read(root, path) for path in sorted((root / "code").rglob("*.py"))]
    return [source for source in found if not only or any(word in source.path for word in only)]


def all_faults(source: Source) -> Iterator[Fault]:
    """Every fault that a rule makes in a source, and every wrong drawing of data."""
    yield from faults_in(source)
    for function in plotting_functions(source):
        yield from (fault for _, fault in wrong_drawings(source, function) if fault.rule == "drawing")


def lot(fault: Fault, seed: int) -> bytes:
    """A fault's place in the draw. It hangs on the fault alone: a change elsewhere in the package leaves it."""
    what = (seed, fault.path, fault.function, fault.rule, fault.before, fault.after)
    return hashlib.sha256("\n".join(map(str, what)).encode()).digest()


def draw(files: list[Source], count: int, seed: int) -> list[Fault]:
    """Faults by lot, as many of each rule as of any other while there are enough, and no two in one function.

    Args:
        files: where to draw from.
        count: how many.
        seed: another seed gives other faults.
    """
    texts = {source.path: source.text for source in files}
    waiting: dict[str, list[Fault]] = {rule: [] for rule in (*RULES, "drawing")}
    for source in files:
        for fault in all_faults(source):
            waiting[fault.rule].append(fault)
    for faults in waiting.values():
        faults.sort(key=lambda fault: lot(fault, seed), reverse=True)
    taken: dict[tuple[str, str], Fault] = {}
    while len(taken) < count and any(waiting.values()):
        for faults in waiting.values():
            fault = next_of(faults, taken, texts)
            if fault is not None and len(taken) < count:
                taken[place(fault)] = fault
    return sorted(taken.values(), key=lambda fault: (fault.path, fault.line))


def place(fault: Fault) -> tuple[str, str]:
    """The function a fault is in; the line, for one that is in no function."""
    return fault.path, fault.function or str(fault.line)


def next_of(faults: list[Fault], taken: dict, texts: dict[str, bytes]) -> Fault | None:
    """The next fault of a rule that stands where none stands yet, and changes the program."""
    while faults:
        fault = faults.pop()
        if place(fault) not in taken and changes(fault, texts[fault.path]):
            return fault
    return None


def figures(files: list[Source], seed: int, tries: int) -> list[tuple[str, list[Fault]]]:
    """Every plotting function with its first wrong drawings: of its data first, within a class by lot."""
    found = []
    for source in files:
        for function in plotting_functions(source):
            ranked = sorted(wrong_drawings(source, function), key=lambda item: (item[0], lot(item[1], seed)))
            wrong = (fault for fault in dict.fromkeys(fault for _, fault in ranked) if changes(fault, source.text))
            found.append((f"{source.path}:{function.name}", list(islice(wrong, tries))))
    return found
