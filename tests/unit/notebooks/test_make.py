"""Whole notebooks: what stands in them, what does not, and how files are brought up to date."""

import json
from pathlib import PurePosixPath

import pytest

from llmbook.notebooks.__main__ import main
from llmbook.notebooks.contents import BookError
from llmbook.notebooks.make import make_notebooks, stale, write_notebooks


def cells(text):
    """(id, kind, text) of the cells of a notebook."""
    return [(cell["id"], cell["cell_type"], "".join(cell["source"])) for cell in json.loads(text)["cells"]]


def test_a_notebook_for_each_page_and_one_for_solutions(book):
    assert sorted(map(str, make_notebooks(book))) == [
        "start-here/words.ipynb", "tea/00-overview.ipynb", "tea/01-water.ipynb", "tea/exercises.ipynb",
        "tea/solutions.ipynb",
    ]  # fmt: skip


def test_a_lesson_has_captions_behind_its_figures_and_ways_on(book):
    found = cells(make_notebooks(book)[PurePosixPath("tea/01-water.ipynb")])
    assert [name for name, *_ in found] == [
        "about",
        "title",
        "heat",
        "curve",
        "curve-caption",
        "kinds",
        "end",
        "onward",
    ]
    texts = {name: text for name, _, text in found}
    assert "`%pip install -e ../../..`" in texts["about"]
    assert texts["title"] == "# 1.1 Water\n\nIt boils, says Ito et al. (1999) (Ito et al., 1999; Wu and Li, 2001)."
    assert texts["curve-caption"] == "**Figure 1.1.** It rises to $100$ ((1.1))."
    assert texts["end"].endswith("- Lan Wu and Bo Li. Pots. *Cups*, 2001.")
    assert texts["onward"] == "---\n\nBefore: [Tea](00-overview.ipynb) · Next: [Exercises](exercises.ipynb)"


def test_works_are_listed_where_a_page_forgets_it(book, change):
    change("chapters/tea/01-water.ipynb", "```{bibliography}", "```{div} x")
    found = cells(make_notebooks(book)[PurePosixPath("tea/01-water.ipynb")])
    assert found[-2][2].startswith("## References\n\n- Aki Ito")


def test_exercises_have_titles_and_no_solution_and_solutions_have_the_imports(book):
    made = make_notebooks(book)
    tasks, solutions = (cells(made[PurePosixPath(f"tea/{name}.ipynb")]) for name in ("exercises", "solutions"))
    assert ("cups-task", "markdown", "### Exercise 1.1: Count the cups\n\n*core, 5 min*\n\nReturn how many.") in tasks
    assert not any("return 3" in text for *_, text in tasks)
    assert [name for name, *_ in solutions] == [
        "about",
        "title",
        "imports",
        "cups-answer-title",
        "cups-answer",
        "cups-why",
        "onward",
    ]
    assert solutions[3][2] == "### Exercise 1.1: Count the cups"
    assert "[Solutions](solutions.ipynb)" in tasks[-1][2]
    assert "solutions.ipynb" not in solutions[-1][2]


def test_metadata_says_only_which_exercise_a_starter_belongs_to(book):
    found = [cell for text in make_notebooks(book).values() for cell in json.loads(text)["cells"] if cell["metadata"]]
    assert [(cell["id"], cell["metadata"]) for cell in found] == [("cups-starter", {"exercise": {"id": "tea-ex-cups"}})]


def test_what_is_old_missing_or_left_over_is_brought_up_to_date(book):
    assert len(write_notebooks(book)) == 5
    folder = book / "book" / "notebooks" / "tea"
    before = (folder / "00-overview.ipynb").stat().st_mtime_ns
    (folder / "01-water.ipynb").write_text("old", encoding="utf-8")
    (folder / "exercises.ipynb").unlink()
    (folder / "09-gone.ipynb").write_text("{}", encoding="utf-8")
    wrong = ["tea/01-water.ipynb", "tea/09-gone.ipynb", "tea/exercises.ipynb"]
    assert [str(place) for place in stale(book, make_notebooks(book))] == wrong
    assert [str(place) for place in write_notebooks(book)] == wrong
    assert stale(book, make_notebooks(book)) == []
    assert (folder / "00-overview.ipynb").stat().st_mtime_ns == before


def test_a_damaged_page_writes_nothing(book, change):
    change("chapters/tea/01-water.ipynb", "{numref}`fig-tea-curve`", "{numref}`fig-gone`")
    with pytest.raises(BookError, match="fig-gone"):
        write_notebooks(book)
    assert not (book / "book" / "notebooks").exists()


def test_an_open_fence_names_the_book(book, change):
    change("book/words.md", "A drink.\n```", "A drink.\n")
    with pytest.raises(BookError, match="is not closed"):
        make_notebooks(book)


def test_the_command_writes_and_checks(book, change, capsys):
    assert main(["check", "--root", str(book)]) == 1
    assert "not current: tea/01-water.ipynb" in capsys.readouterr().out
    assert main(["write", "--root", str(book)]) == 0
    assert "wrote tea/01-water.ipynb" in capsys.readouterr().out
    assert main(["check", "--root", str(book)]) == 0
    change("_toc.yml", "parts:", "party:")
    assert main(["check", "--root", str(book)]) == 2
    assert "no checkout of the book" in capsys.readouterr().err


def test_addresses_appear_where_they_are_set(book):
    """Without them a notebook names a copy of the book, and no site."""
    (book / "_config.yml").write_text("sphinx:\n  config:\n    html_baseurl: https://b.org/\n    book_repository: https://g.com/a/b\n")
    texts = {name: text for name, _, text in cells(make_notebooks(book)[PurePosixPath("tea/01-water.ipynb")])}
    assert "`%pip install git+https://g.com/a/b` in a cell of its own.*" in texts["about"]
    assert texts["onward"].endswith("[On the web](https://b.org/chapters/tea/01-water.html)")


@pytest.mark.parametrize("text", ["sphinx: 3", "a: [", "sphinx:\n  config:\n    html_baseurl: 3\n"])
def test_a_damaged_configuration_is_told(book, text):
    (book / "_config.yml").write_text(text)
    with pytest.raises(BookError, match="cannot be read: "):
        make_notebooks(book)
