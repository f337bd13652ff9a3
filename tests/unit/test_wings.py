"""The page wing: a room for each page, which no other page enters; and tests that stand where their code stands."""

from pathlib import Path

import pytest
from package_imports import CHECKOUT, FILES, ROOT, code_of_page, imported_modules, page_room, parts_of, room

TESTS = CHECKOUT / "tests" / "unit"
PAGES = [*sorted(CHECKOUT.glob("chapters/*/*.ipynb")), CHECKOUT / "book" / "index.md", *CHECKOUT.glob("book/*.ipynb")]
ROOMS = sorted({page_room(name) for name in FILES} - {""})
CODE_OF_PAGES = {path.relative_to(CHECKOUT).as_posix(): code_of_page(path) for path in PAGES}
CODE_OF_TESTS = {path.relative_to(TESTS).as_posix(): path.read_text("utf-8") for path in TESTS.rglob("test_*.py")}
KINDS = ("__init__", "checks", "experiment", "explorer", "plots")  # others stand beside these, with names of their own


def strangers(files: dict[str, str]) -> list[str]:
    """Imports of one page's room by another page's; only the list of all exercises may go around, for their checks."""
    found = []
    for name, source in files.items():
        for imported in imported_modules(source):
            there = page_room(imported)
            is_listed = name == "chapters/all_checks.py" and parts_of(imported)[3:] == ["checks"]
            if there and there != page_room(name) and not is_listed:
                found.append(f"{name} imports {imported}: what two pages need moves to the library")
    return found


def pages_of(doc: str) -> set[str]:
    """The pages that the docstring of a room names."""
    return {word.strip('".,') for word in doc.split() if word.strip('".,').endswith((".ipynb", ".md"))}


def intruders(pages: dict[str, str], rooms: dict[str, set[str]]) -> list[str]:
    """Pages that enter a room which is not theirs. A page of exercises may enter all rooms of its chapter."""
    found = []
    for name, code in pages.items():
        chapter = Path(name).parent.name.replace("-", "_")
        for imported in imported_modules(code):
            there = page_room(imported)
            at_home = name.endswith("exercises.ipynb") and there.partition("/")[0] == chapter
            if there and not at_home and name not in rooms.get(there, ()):
                found.append(f"{name} imports {imported}: that room serves {', '.join(rooms.get(there, ['no page']))}")
    return found


def misplaced(tests: dict[str, str], folders: set[str]) -> list[str]:
    """Tests that stand in a folder which the package has not, or that test a page from elsewhere."""
    found = []
    for name, source in tests.items():
        place = Path(name).parent.as_posix()
        if place not in folders:
            found.append(f"{name}: the package has no folder {place}")
        for imported in imported_modules(source):
            there = page_room(imported)
            if there and not f"chapters/{there}".startswith(place if place.startswith("chapters") else "nowhere"):
                found.append(f"{name} imports {imported}: test it in tests/unit/chapters/{there}")
    return found


def test_no_page_enters_the_room_of_another():
    assert len(ROOMS) > 20 and strangers(FILES) == []


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_says_which_pages_it_serves(name):
    """By topic, not by number; with the four kinds of files, or names that stand for themselves; and is used there."""
    named = pages_of(FILES[f"chapters/{name}/__init__.py"])
    assert named and named <= CODE_OF_PAGES.keys()
    assert not any(character.isdigit() and name[:index][-1:] in "/" for index, character in enumerate(name))
    has = {Path(file).stem for file in FILES if page_room(file) == name}
    assert has & set(KINDS[1:])
    entered = {page for page, code in CODE_OF_PAGES.items() if name in map(page_room, imported_modules(code))}
    assert entered or has == {"__init__", "checks"}


def test_pages_enter_their_own_rooms_only():
    served = {name: pages_of(FILES[f"chapters/{name}/__init__.py"]) for name in ROOMS}
    assert intruders(CODE_OF_PAGES, served) == []


def test_every_room_with_checks_is_listed():
    listed = {page_room(imported) for imported in imported_modules(FILES["chapters/all_checks.py"])} - {""}
    assert listed == {name for name in ROOMS if f"chapters/{name}/checks.py" in FILES}


def test_tests_stand_where_their_code_stands():
    folders = {".", *(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_dir())}
    assert misplaced(CODE_OF_TESTS, folders) == []


def test_every_room_has_tests():
    tested = {Path(name).parent.as_posix() for name in CODE_OF_TESTS}
    rooms = {room(name) for name in FILES if "/" in name} | {f"chapters/{name}" for name in ROOMS}
    assert rooms - tested == set()


# Each check must be able to fail.


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters.gemma.embedding.plots import plot_lookup"),
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters.dora import lora"),
        ("chapters/gemma/norms/plots.py", "def f():\n    import llmbook.chapters.olmo.schedule.plots as plots"),
        ("chapters/__init__.py", "from llmbook.chapters.gemma.norms import checks"),
        ("chapters/all_checks.py", "from llmbook.chapters.gemma.norms import plots"),
    ],
)
def test_strangers_are_seen(name, source):
    assert len(strangers({name: source})) == 1


def test_who_is_at_home_is_no_stranger():
    own = {"chapters/gemma/norms/explorer.py": "from llmbook.chapters.gemma.norms.plots import plot_vectors"}
    assert strangers(own | {"chapters/all_checks.py": "from llmbook.chapters.gemma.norms import checks as gemma"}) == []


def test_intruders_are_seen():
    page, other = "chapters/gemma/04-norms.ipynb", "chapters/gemma/05-scaled-embedding.ipynb"
    code, rooms = "from llmbook.chapters.gemma.norms import plots", {"gemma/norms": {page}}
    assert intruders({page: code, "chapters/gemma/exercises.ipynb": code}, rooms) == []
    for name in (other, "chapters/dora/exercises.ipynb", "book/index.md"):
        assert len(intruders({name: code}, rooms)) == 1


def test_misplaced_tests_are_seen():
    code = "from llmbook.chapters.gemma.norms import plots"
    folders = {".", "layers", "chapters/gemma", "chapters/gemma/norms", "chapters/gemma/embedding"}
    assert misplaced({"chapters/gemma/norms/test_a.py": code, "chapters/gemma/test_b.py": code}, folders) == []
    for name in ("test_a.py", "layers/test_a.py", "chapters/gemma/embedding/test_a.py"):
        assert len(misplaced({name: code}, folders)) == 1
    assert len(misplaced({"attic/test_a.py": ""}, folders)) == 1
