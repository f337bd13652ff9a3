"""One letter means one thing: every letter in the formulas of a page stands in a table of book/notation.md."""

import pytest
from book_build import ROOT
from letter_checks import book_letters, own_letters, page_letters
from term_checks import markdown

NOTATION = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
BOOK, OWN = book_letters(NOTATION), own_letters(NOTATION)
PAGES = sorted([*(ROOT / "book").glob("*.ipynb"), *(ROOT / "chapters").glob("*/*.ipynb")])
PAGES = {path.relative_to(ROOT).with_suffix("").as_posix(): path for path in PAGES}


def used(name):
    """The letters in the formulas of a page."""
    return page_letters("\n".join(text for _, text in markdown(PAGES[name])))


def allowed(name, book, own):
    """The letters that a page may use: those of the book and its own; exercises also have those of their chapter."""
    chapter, _, topic = name.rpartition("/")
    others = [page for page in own if page.startswith(f"{chapter}/")] if topic == "exercises" else []
    return book.union(*(own.get(page, set()) for page in (name, *others)))


@pytest.mark.parametrize("name", PAGES)
def test_every_letter_of_a_page_is_explained(name):
    """In the table of shapes, of symbols, or of this page."""
    assert used(name) <= allowed(name, BOOK, OWN), sorted(used(name) - allowed(name, BOOK, OWN))


def test_no_letter_is_explained_that_a_page_does_not_use():
    """A row of the table of pages names a page that exists, and only letters of that page."""
    assert set(OWN) <= set(PAGES)
    stale = {name: sorted(letters - used(name)) for name, letters in OWN.items()}
    assert not {name: letters for name, letters in stale.items() if letters}


def test_the_tables_are_read():
    """The letters of the shapes and the Greek ones; few of the book's letters mean something else on a page."""
    assert set("BTSDHKEVFRL") <= BOOK and {r"\theta", r"\alpha", r"\ell", "script N"} <= BOOK
    assert len(OWN) > 20
    one_meaning = {"H", "K", "E", "L", "S", r"\theta", r"\eta", r"\phi"}
    assert not {name for name, letters in OWN.items() if letters & one_meaning}


FORMULAS = {
    "one letter": ("so $x$ grows", {"x"}),
    "Greek, script, roots": (r"$\sqrt{\alpha_i} \cdot \mathcal{N}(0, s^2)$", {r"\alpha", "i", "script N", "s"}),
    "words are no letters": (r"$\text{rows} + \operatorname{var}(x) + \max_j \mathrm{F}$", {"x", "j"}),
    "displayed": ("$$\na = b\n$$ (eq-c)", {"a", "b"}),
    "a block": ("```{math}\n:label: eq-q\na = b\n```", {"a", "b"}),
    "a table and a note": ("```{list-table} $a$\n:name: n\n\n* - $b$\n```\n\n:::{note}\n$c$\n:::", {"a", "b", "c"}),
    "code": ("`$a$`\n\n```python\nx = '$b$'\n```\n\n```\n$c$\n```\n", set()),
    "money and a comment": (r"costs \$5 and \$6 <!-- $z$ -->", set()),
}


@pytest.mark.parametrize("case", FORMULAS)
def test_letters_are_found(case):
    """What is a letter of a formula, and what is not."""
    text, expected = FORMULAS[case]
    assert page_letters(text) == expected


def test_an_unknown_letter_is_found():
    """The twin: a letter that no table has, one of another page; an exercise may use those of its chapter."""
    tables = (
        "```{list-table} Shapes.\n:name: tab-notation-shapes\n\n* - $B$\n  - rows of $Q$\n```\n\n"
        "```{list-table} Symbols.\n:name: tab-notation-symbols\n\n* - $\\theta$\n  - a base\n```\n\n"
        "```{list-table} Pages.\n:name: tab-notation-pages\n\n* - {doc}`/chapters/a/01-one`\n  - $u$ a direction\n```\n"
    )
    book, own = book_letters(tables), own_letters(tables)
    assert book == {"B", r"\theta"} and own == {"chapters/a/01-one": {"u"}}
    assert allowed("chapters/a/01-one", book, own) == {*book, "u"} == allowed("chapters/a/exercises", book, own)
    assert allowed("chapters/a/02-two", book, own) == book == allowed("chapters/b/exercises", book, own)
