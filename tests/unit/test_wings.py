"""The page wing: a room for each page, which no other page enters; and tests that stand where their code stands."""

from pathlib import Path

import pytest
from package_imports import CHECKOUT, FILES, ROOT, code_of_pages, imported_modules, page_room, parts_of, room

TESTS = CHECKOUT / "tests" / "unit"
ROOMS = sorted({page_room(name) for name in FILES} - {""})
CODE_OF_PAGES = code_of_pages()
CODE_OF_TESTS = {path.relative_to(TESTS).as_posix(): path.read_text("utf-8") for path in TESTS.rglob("test_*.py")}
KINDS = ("checks", "experiment", "explorer", "plots")  # others stand beside these, with names of their own
ABOVE_THE_ROOMS = {  # the files of the wing that are in no room, and what each may import of the wing
    "chapters/__init__.py": lambda parts: parts[1] == "all_checks",
    "chapters/all_checks.py": lambda parts: parts[3].split("_")[0] == "checks",
}

GUESTS = {"classroom/hidden.py": lambda parts: parts[1] == "exercises"}  # a grader needs the checks of all pages


def strangers(files: dict[str, str]) -> list[str]:
    """Imports of the page wing by what is not at home there: a page's room knows itself alone."""
    found = []
    for name, source in files.items():
        for imported in imported_modules(source):
            parts, here = parts_of(imported), page_room(name)
            at_home = here and here == page_room(imported)
            may = (ABOVE_THE_ROOMS | GUESTS).get(name, lambda parts: False)
            if parts[:1] == ["chapters"] and not at_home and not (len(parts) > 1 and may(parts)):
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
            parts, there = parts_of(imported), page_room(imported)
            at_home = Path(name).name == "exercises.ipynb" and there.partition("/")[0] == chapter
            is_open = parts[1:] in (["check"], ["progress"])
            if parts[:1] == ["chapters"] and not is_open and not at_home and name not in rooms.get(there, ()):
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
            is_check = "".join(parts_of(imported)[3:4]).startswith("checks")  # exercises are the whole chapter's
            home = {f"chapters/{there}", *([f"chapters/{there.partition('/')[0]}"] if is_check else ())}
            if there and place not in home:
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
    assert has & set(KINDS)
    entered = {page for page, code in CODE_OF_PAGES.items() if name in map(page_room, imported_modules(code))}
    assert named <= entered or {stem.split("_")[0] for stem in has - {"__init__"}} == {"checks"}


def test_pages_enter_their_own_rooms_only():
    served = {name: pages_of(FILES[f"chapters/{name}/__init__.py"]) for name in ROOMS}
    assert intruders(CODE_OF_PAGES, served) == []


ALL_CHECKS = {name for name in imported_modules(FILES["chapters/all_checks.py"]) if page_room(name)}


def test_every_module_of_checks_is_listed():
    listed = {f"{imported.removeprefix('llmbook.').replace('.', '/')}.py" for imported in ALL_CHECKS}
    assert listed == {name for name in FILES if page_room(name) and Path(name).stem.split("_")[0] == "checks"}


def test_tests_stand_where_their_code_stands():
    assert misplaced(CODE_OF_TESTS, {Path(name).parent.as_posix() for name in FILES}) == []


def test_every_room_has_tests_of_its_own():
    tested = {Path(name).parent.as_posix() for name in CODE_OF_TESTS}
    assert {room(name) for name in FILES if "/" in name} - tested == set()
    entered = {(Path(name).parent.as_posix().removeprefix("chapters/"), page_room(imported))
               for name, source in CODE_OF_TESTS.items() for imported in imported_modules(source)}  # fmt: skip
    asked = {Path(name).parent.as_posix().removeprefix("chapters/") for name in CODE_OF_TESTS if "_hints" in name}
    assert {name for name in ROOMS if (name, name) not in entered and name not in asked} == set()


def test_nothing_stands_loose():
    """Every folder is a package with a docstring, and holds nothing but modules; no module stands beside pages."""
    folders = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")} - {"."}
    assert {folder for folder in folders if f"{folder}/__init__.py" not in FILES} == set()
    above = {name for name in FILES if name.startswith("chapters/") and not page_room(name)}
    chapters = {f"chapters/{name.partition('/')[0]}/__init__.py" for name in ROOMS}
    assert above == {*ABOVE_THE_ROOMS, *chapters}
    files = [path for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert [path for path in files if path.suffix != ".py"] == []
    assert list((CHECKOUT / "chapters").rglob("*.py")) == []


# Each check must be able to fail.


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters.gemma.embedding.plots import plot_lookup"),
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters.dora import lora"),
        ("chapters/gemma/norms/plots.py", "def f():\n    import llmbook.chapters.olmo.schedule.plots as plots"),
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters import gemma"),
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters.dora import *"),
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters import exercises"),
        ("chapters/gemma/norms/plots.py", "from llmbook.chapters.all_checks import gemma_embedding"),
        ("chapters/__init__.py", "from llmbook.chapters.gemma.norms import checks"),
        ("chapters/gemma/__init__.py", "from llmbook.chapters.gemma.norms import checks"),
        ("chapters/all_checks.py", "from llmbook.chapters.gemma.norms import plots"),
        ("classroom/hidden.py", "from llmbook.chapters.gemma.norms import checks"),
        ("classroom/worker.py", "from llmbook.chapters import exercises"),
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
    for name in (other, "chapters/dora/exercises.ipynb", "chapters/gemma/my-exercises.ipynb", "book/index.md"):
        assert len(intruders({name: code}, rooms)) == 1
    assert intruders({other: "from llmbook.chapters import check"}, rooms) == []
    ways = ("from llmbook.chapters import gemma", "import llmbook.chapters", "from llmbook.chapters import exercises")
    for way in ways:
        assert len(intruders({page: way}, rooms)) == 1


def test_misplaced_tests_are_seen():
    code = "from llmbook.chapters.gemma.norms import plots"
    folders = {".", "layers", "chapters/gemma", "chapters/gemma/norms", "chapters/gemma/embedding"}
    assert misplaced({"chapters/gemma/norms/test_a.py": code}, folders) == []
    for name in ("test_a.py", "layers/test_a.py", "chapters/gemma/test_a.py", "chapters/gemma/embedding/test_a.py"):
        assert len(misplaced({name: code}, folders)) == 1
    assert len(misplaced({"attic/test_a.py": ""}, folders)) == 1
    assert not misplaced({"chapters/gemma/test_a.py": code.replace("plots", "checks_share")}, folders)
