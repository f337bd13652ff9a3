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
    """Faults by lot, as many of each rule as of any other, and a second one in a function only when all have one.

    Args:
        files: where to draw from.
        count: how many, as long as there are enough.
        seed: another seed gives other faults.
    """
    texts = {source.path: source.text for source in files}
    waiting: dict[str, list[Fault]] = {rule: [] for rule in (*RULES, "drawing")}
    for fault in dict.fromkeys(fault for source in files for fault in all_faults(source)):
        waiting[fault.rule].append(fault)
    for faults in waiting.values():
        faults.sort(key=lambda fault: lot(fault, seed))
    taken, used = [], set()
    while any(waiting.values()) and len(taken) < count:
        fresh = [next_of(faults, used, texts) for faults in waiting.values()]
        if not any(fresh):
            used.clear()
        taken += [fault for fault in fresh if fault is not None]
    return sorted(taken[:count], key=lambda fault: (fault.path, fault.line))


def next_of(faults: list[Fault], used: set[tuple[str, str]], texts: dict[str, bytes]) -> Fault | None:
    """Take the next fault of a rule that stands where none stands yet, if it changes the program."""
    for fault in list(faults):
        place = fault.path, fault.function or str(fault.line)
        if place not in used:
            faults.remove(fault)
            if changes(fault, texts[fault.path]):
                used.add(place)
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
