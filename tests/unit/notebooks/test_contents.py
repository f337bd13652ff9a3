"""The pages of a book: their order, numbers, titles, cells and places."""

import pytest

from llmbook.notebooks.contents import BookError, read_pages


def test_pages_have_the_numbers_of_the_site(book):
    found = [(page.name, page.number, page.title, str(page.notebook)) for page in read_pages(book)]
    assert found == [
        ("book/words", "", "Words", "start-here/words.ipynb"),
        ("chapters/tea/index", "1", "Tea", "tea/00-overview.ipynb"),
        ("chapters/tea/01-water", "1.1", "Water", "tea/01-water.ipynb"),
        ("chapters/tea/exercises", "1.2", "Exercises", "tea/exercises.ipynb"),
    ]


def test_pages_of_the_package_are_not_read(book, change):
    """They are the site's alone, and need not even be there; the twin is a page elsewhere that is not."""
    names = [page.name for page in read_pages(book)]
    change("_toc.yml", "      - file: book/words", "      - file: book/words\n      - file: book/api/tea")
    assert [page.name for page in read_pages(book)] == names
    change("_toc.yml", "book/api/tea", "book/tea")
    with pytest.raises(BookError):
        read_pages(book)


def test_only_a_page_with_gates_has_exercises(book):
    assert [page.is_exercises for page in read_pages(book)] == [False, False, False, True]


def test_cells_are_read_as_they_are(book):
    cell = read_pages(book)[2].cells[2]
    assert (cell.kind, cell.id, cell.source) == ("code", "curve", "draw()")
    assert cell.metadata["mystnb"]["image"] == {"alt": "A curve."}


def test_front_matter_is_no_text(book, change):
    change("book/words.md", "% a remark", "---\nfile_format: mystnb\n---\n% a remark")
    assert read_pages(book)[0].cells[0].source.startswith("% a remark")


@pytest.mark.parametrize(("file", "old", "new"), [
    ("_toc.yml", "book/words", "book/gone"), ("_toc.yml", "parts:", "party:"), ("_toc.yml", "parts:", "parts: {"),
    ("chapters/tea/01-water.ipynb", '"cells"', '"cell"'), ("chapters/tea/01-water.ipynb", '{"cells"', '{"cells": ['),
])  # fmt: skip
def test_what_is_no_book_is_refused(book, change, file, old, new):
    change(file, old, new)
    with pytest.raises(BookError, match="no checkout of the book, or a page of it is damaged"):
        read_pages(book)
