"""A result that is a table: a real one on a page and in a notebook, aligned text in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

GAP = "  "


@dataclass(frozen=True)
class Table:
    """Rows under a head, as an object that shows itself when it is the last value of a cell.

    Raises:
        ValueError: the caption is empty, or a row has more or fewer cells than the head.
    """

    caption: str
    """What the table shows, in a few words."""
    head: Sequence[str]
    """A name for each column; that of the first may be empty."""
    rows: Sequence[Sequence[str]]
    """The cells as they are to be read: the page that computes a number decides how it is rounded."""
    words: int = 1
    """So many columns at the left hold words; the others are numbers, and stand at the right."""

    def __post_init__(self) -> None:
        if not self.caption.strip():
            raise ValueError("a table needs a caption, which says what it shows")
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"the row {list(row)} has {len(row)} cells, and the head has {len(self.head)}")

    def __repr__(self) -> str:
        lines = [[str(cell) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(GAP.join(map(self._aligned, range(len(row)), row, widths)).rstrip() for row in lines)

    def _aligned(self, place: int, cell: str, width: int) -> str:
        return cell.ljust(width) if place < self.words else cell.rjust(width)

    def _repr_html_(self) -> str:
        head = "".join(self._cell(place, cell, "col") for place, cell in enumerate(self.head))
        body = "\n".join(f"<tr>{self._row(row)}</tr>" for row in self.rows)
        return (f'<div class="pst-scrollable-table-container"><table class="dataframe results">\n'
                f"<caption>{escape(self.caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>")

    def _row(self, row: Sequence[str]) -> str:
        return "".join(self._cell(place, cell, "" if place else "row") for place, cell in enumerate(row))

    def _cell(self, place: int, cell: str, scope: str) -> str:
        side = "left" if place < self.words else "right"
        if not str(cell).strip():
            return "<td></td>"
        start, end = (f'th scope="{scope}"', "th") if scope else ("td", "td")
        return f'<{start} style="text-align:{side}">{escape(str(cell))}</{end}>'
