"""Make the slides of every chapter from the built book: ``make slides``, or ``python scripts/slides``.

A deck for the browser is ``_build/html/slides/CHAPTER.html``, the same as PDF ``_build/slides/CHAPTER.pdf``.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "print"))
from built_pages import HTML, ROOT, chapters, read_page
from chromium import NoBrowser, print_pages
from deck import chapter_slides, deck
from lesson import FOLDER

PRINTED = ROOT / "_build" / "slides"


def main() -> int:
    """Make what the command line asks for; 0 if all of it was made."""
    parser = argparse.ArgumentParser(description="Make the slides of every chapter from the built book.")
    parser.add_argument("--no-pdf", action="store_true", help="only the decks for the browser")
    asked = parser.parse_args()
    decks = write_decks(HTML)
    print("Slides, to open in a browser (arrow keys; F for the whole screen, D for dark):")
    for path in decks:
        print(f"  {path.as_uri()}")
    if asked.no_pdf:
        return 0
    try:
        made = print_pages(HTML, {PRINTED / f"{path.stem}.pdf": f"{FOLDER}/{path.name}" for path in decks})
    except NoBrowser as error:
        print(error)
        return 1
    print("The same as PDF:", *(f"  {path}" for path in made), sep="\n")
    return 0


def write_decks(html: Path) -> list[Path]:
    """Write the decks into a built book; their files."""
    folder = html / FOLDER
    folder.mkdir(exist_ok=True)
    for name in ("slides.css", "slides.js"):  # the built book may be older than they are
        (html / "_static" / name).write_bytes((ROOT / "book" / "_static" / name).read_bytes())
    made = []
    for chapter, names in chapters().items():
        pages = {name: read_page(name, html) for name in names}
        made.append(folder / f"{chapter}.html")
        made[-1].write_text(deck(chapter_slides(pages), chapter), encoding="utf-8")
    return made


if __name__ == "__main__":
    sys.exit(main())
