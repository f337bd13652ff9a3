"""Make PDFs for paper from the built book: ``make print`` and ``make pdf``, or ``python scripts/print WHAT``.

``exercises``: ``_build/print/CHAPTER-exercises.pdf`` without hints and answers, and ``CHAPTER-solutions.pdf``.
``book``: ``_build/book.pdf``, the whole book with contents, links and an outline, its solutions at the end.
"""

import argparse
import shutil
import sys
from pathlib import Path

from built_pages import HTML, ROOT, chapters, moved, read_page
from chromium import NoBrowser, print_pages
from destinations import page_numbers
from handout import exercises, solutions
from paper import FOLDER, write_paper
from whole_book import numbered, read_book, running_heads, whole_book

PRINTED = ROOT / "_build" / "print"


def main() -> int:
    """Make what the command line asks for; 0 if all of it was made."""
    parser = argparse.ArgumentParser(description="Make PDFs for paper from the built book.")
    parser.add_argument("what", choices=sorted(WHAT), help="the exercises of each chapter, or the whole book")
    asked = parser.parse_args()
    try:
        made = WHAT[asked.what](HTML)
    except NoBrowser as error:
        print(error)
        return 1
    finally:
        shutil.rmtree(HTML / FOLDER, ignore_errors=True)  # what was only there to be printed is no part of the site
    print("Printed:", *(f"  {path}" for path in made), sep="\n")
    return 0


def handouts(html: Path) -> list[Path]:
    """Print the exercises of every chapter, and their solutions."""
    wanted = {}
    for chapter, names in chapters().items():
        name = next(name for name in names if name.endswith("/exercises"))
        article, title = read_page(name, html), chapter_title(names[0], html)
        for kind, make in (("exercises", exercises), ("solutions", solutions)):
            page = f"{chapter}-{kind}"
            wanted[PRINTED / f"{page}.pdf"] = write_paper(html, page, page, make(name, article, title), STYLES[kind])
    return print_pages(html, wanted)


def chapter_title(front: str, html: Path) -> str:
    """The title of a chapter with its number, HTML."""
    return moved(read_page(front, html).h1, front, FOLDER).decode_contents().strip()


def book(html: Path) -> list[Path]:
    """Print the whole book: once to learn where its pages begin, and once with their numbers in the contents."""
    pages = read_book(html)
    style = running_heads(pages)
    text = whole_book(pages)
    wanted = {BOOK: write_paper(html, "book", BOOK_TITLE, text, style)}
    print_pages(html, wanted)
    write_paper(html, "book", BOOK_TITLE, numbered(text, page_numbers(BOOK.read_bytes())), style)
    return print_pages(html, wanted)


BOOK, BOOK_TITLE = ROOT / "_build" / "book.pdf", "Open LLMs from Scratch"
WHOLE = ".bd-article div.exercise { break-inside: avoid; }\n.bd-article h2 + p { break-after: avoid; }\n"
STYLES = {"exercises": WHOLE, "solutions": ""}
WHAT = {"exercises": handouts, "book": book}

if __name__ == "__main__":
    sys.exit(main())
