"""What is handed out has the tasks and no solution, and never takes the place of a file."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from llmbook.classroom.release import handed_out, release
from llmbook.classroom.submission import ClassroomError, code_of

ROOT = Path(__file__).resolve().parents[3]
CHAPTERS = ("gemma", "olmo", "dora", "tiny-titans")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_without_solutions(chapter, tmp_path):
    place = release(ROOT, chapter, tmp_path / "new" / "folder")
    assert place == tmp_path / "new" / "folder" / f"{chapter}.ipynb"
    text = "\n".join(code_of(place))
    solutions = "\n".join(code_of(ROOT / "book" / "notebooks" / chapter / "solutions.ipynb"))
    asked = re.findall(r'check\("([\w-]+)", \w+\)', text)
    assert len(asked) >= 12 and set(asked) == set(re.findall(r'check\("([\w-]+)", \w+_solution\)', solutions))
    assert text.count("raise NotImplementedError") >= len(asked) and "_solution" not in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_it_can_be_handed_out_alone(chapter, tmp_path):
    """No link to a page that the students lack, no word of where solutions lie, a valid notebook."""
    given = nbformat.read(release(ROOT, chapter, tmp_path), 4)
    nbformat.validate(given)
    text = "\n".join(cell.source for cell in given.cells if cell.cell_type == "markdown")
    assert ".ipynb)" not in text and "solutions.ipynb" not in text and "Hand in this one file" in text
    assert text.startswith("# ") and len({cell.id for cell in given.cells}) == len(given.cells)


def test_links_to_pages_become_words():
    """Twin: other links stay, and so does code."""
    text = "[A](01-a.ipynb), [B](../b/c.ipynb#D), [E](#F), [G](https://example.org), `x[0](1)`"
    cells = [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": [text]},
             {"cell_type": "code", "id": "x", "metadata": {}, "source": ["[A](a.ipynb)"], "outputs": []}]  # fmt: skip
    title, _, code = handed_out([*cells, cells[0] | {"id": "onward"}])
    assert title["source"] == ["A, B, [E](#F), [G](https://example.org), `x[0](1)`"] and code == cells[1]


def test_a_file_that_is_there_stays(tmp_path):
    place = release(ROOT, "gemma", tmp_path)
    place.write_text("somebody's work")
    with pytest.raises(ClassroomError, match="there already"):
        release(ROOT, "gemma", tmp_path)
    assert place.read_text() == "somebody's work"
    (tmp_path / "olmo.ipynb").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ClassroomError, match="there already"):
        release(ROOT, "olmo", tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("chapter", ["start-here", "gemmma", "", "../gemma"])
def test_what_is_no_chapter(chapter, tmp_path):
    with pytest.raises(ClassroomError, match=r"there are: .*gemma"):
        release(ROOT, chapter, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("rename", [True, False])
def test_a_solution_that_slipped_in_is_not_handed_out(rename, tmp_path):
    shutil.copytree(ROOT / "book" / "notebooks" / "gemma", tmp_path / "book" / "notebooks" / "gemma")
    place = tmp_path / "book" / "notebooks" / "gemma" / "exercises.ipynb"
    found = next(cell for cell in code_of(place.with_name("solutions.ipynb")) if "def " in cell and "_solution" in cell)
    content = json.loads(place.read_text())
    content["cells"].append({"cell_type": "code", "source": found.replace("_solution", "") if rename else found})
    place.write_text(json.dumps(content))
    with pytest.raises(ClassroomError, match="has a solution in it"):
        release(tmp_path, "gemma", tmp_path / "out")
