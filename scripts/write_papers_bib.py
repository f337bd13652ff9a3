"""Write book/papers.bib, the BibTeX of the reading list, from its table: `python scripts/write_papers_bib.py`"""

from pathlib import Path

from llmbook.notebooks.papers import bibliography

PLACE = Path(__file__).resolve().parents[1] / "book" / "papers.bib"


def main():
    """Write the file."""
    PLACE.write_text(bibliography(), encoding="utf-8")
    print(PLACE.name, "is written.")


if __name__ == "__main__":
    main()
