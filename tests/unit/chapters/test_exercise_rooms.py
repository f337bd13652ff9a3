"""Every exercise is checked in the room of the page that it is from."""

import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from package_imports import CHECKOUT, FILES, page_room

from llmbook.chapters import all_checks
from llmbook.chapters.all_checks import EXERCISES
from llmbook.exercises import collect

PAGES = sorted((CHECKOUT / "chapters").glob("*/exercises.ipynb"))
GATE = re.compile(r"```\{exercise-start\}[^`]*?:label: ([\w-]+)")
SOURCE = re.compile(r"From the page \[[^\]]*\]\(([\w-]+\.ipynb)\)")


def pages_named(text: str, chapter: str) -> dict[str, list[str]]:
    """The pages that each exercise of a chapter's page of exercises says it is from, by label; questions left out."""
    _, *parts = GATE.split(text)
    found = {label: SOURCE.findall(task) for label, task in zip(parts[::2], parts[1::2], strict=True)}
    return {label: [f"chapters/{chapter}/{name}" for name in names]
            for label, names in found.items() if "-ex-" in label}  # fmt: skip


def rooms_of_checks(modules: list[ModuleType]) -> dict[str, str]:
    """The room whose module of checks defines an exercise, by label."""
    return {label: page_room(module.__name__) for module in modules for label in collect([module])}


def rooms_that_serve(page: str) -> list[str]:
    """The rooms whose docstring names the page."""
    rooms = {page_room(name): source for name, source in FILES.items() if name.endswith("/__init__.py")}
    return [room for room, source in rooms.items() if room and page in re.findall(r"chapters/[\w/-]+\.ipynb", source)]


def strays(named: dict[str, list[str]], checked: dict[str, str]) -> list[str]:
    """Exercises that do not name one page, and those that are checked in a room which does not serve it."""
    found = []
    for label, pages in named.items():
        rooms = [room for page in pages for room in rooms_that_serve(page)]
        if len(pages) != 1 or checked.get(label) not in rooms:
            found.append(f"{label} is from {pages}, served by {rooms}, and checked in {checked.get(label)}")
    return found


def text_of(path: Path) -> str:
    """All cells of a notebook."""
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"])


NAMED = {label: pages for path in PAGES for label, pages in pages_named(text_of(path), path.parent.name).items()}
CHECKED = rooms_of_checks([each for each in vars(all_checks).values() if isinstance(each, ModuleType)])


def test_every_exercise_names_its_page_and_is_checked_in_its_room():
    assert NAMED.keys() == CHECKED.keys() == EXERCISES.keys() and len(NAMED) > 70
    assert strays(NAMED, CHECKED) == []


# The twins: what stood wrong once, an exercise without a page, one with two, and one without checks.


@pytest.mark.parametrize(("label", "room"), [
    ("dora-ex-changes", "dora/decomposition"), ("dora-ex-flops", "dora/practice"), ("olmo-ex-pack", "olmo/evidence"),
    ("olmo-ex-padded-rows", "olmo/evidence"), ("olmo-ex-rope-permute", "olmo/architecture"),
])  # fmt: skip
def test_checks_in_the_room_of_another_page_are_seen(label, room):
    (stray,) = strays(NAMED, {**CHECKED, label: room})
    assert stray.startswith(f"{label} is from") and stray.endswith(f"checked in {room}")


def test_an_exercise_without_one_page_or_without_checks_is_seen():
    page = "chapters/gemma/04-norms.ipynb"
    for pages in ([], [page, page], ["chapters/gemma/no-page.ipynb"]):
        assert len(strays({"gemma-ex-a": pages}, {"gemma-ex-a": "gemma/norms"})) == 1
    assert strays({"gemma-ex-a": [page]}, {"gemma-ex-a": "gemma/norms"}) == []
    assert len(strays({"gemma-ex-a": [page]}, {})) == 1


def test_a_task_without_its_page_is_not_given_that_of_the_next():
    gate, page = "```{{exercise-start}} T\n:label: a-{}\n```", "*From the page [P](01-p.ipynb).*"
    text = "".join((gate.format("ex-b"), "no page", gate.format("ex-c"), page, gate.format("q-d"), page))
    assert pages_named(text, "a") == {"a-ex-b": [], "a-ex-c": ["chapters/a/01-p.ipynb"]}
