"""Break what a CSV table says: cells, columns and rows."""

import random

CELLS = ("", " ", "0", "-1", "1.5", "NaN", "nan", "inf", "1e999", "1e-999", "1" + 500 * "0", "1" + 399 * "0", "4,096",
         "3T", '"', '""', '"a', 'a"b', "é", "\x00", "\ufeff", "\ud800", "true", "+7", "007", "1_000", ".5", "5.", "1e5",
         "٣", " 12 ", "0x10", "a\nb", "a\rb", 200_000 * "x", "-0", "1e", "--1")  # fmt: skip


def cell(rng: random.Random, content: bytes) -> bytes:
    """Another cell, written with or without quotes."""
    lines = content.split(b"\n")
    row = rng.randrange(len(lines) - 1)
    cells = lines[row].split(b",")
    text = rng.choice(CELLS).encode("utf-8", "surrogatepass")
    cells[rng.randrange(len(cells))] = rng.choice((text, b'"' + text.replace(b'"', b'""') + b'"'))
    lines[row] = b",".join(cells)
    return b"\n".join(lines)


def column(rng: random.Random, content: bytes) -> bytes:
    """A header with a name twice, or without one; a row with a cell more or less."""
    lines = content.split(b"\n")
    row = rng.choice((0, rng.randrange(len(lines) - 1)))
    cells = lines[row].split(b",")
    index, way = rng.randrange(len(cells)), rng.randrange(4)
    if way == 0:
        cells[index] = cells[0]
    elif way == 1:
        cells[index] = b""
    elif way == 2:
        del cells[index]
    else:
        cells.insert(index, b"x")
    lines[row] = b",".join(cells)
    return b"\n".join(lines)


def rows(rng: random.Random, content: bytes) -> bytes:
    """Rows that are missing, double, empty or joined; a table without its header, or with nothing else."""
    lines = content.split(b"\n")
    ways = (lines[1:], lines[:1], [*lines[:1], b"", *lines[1:]], lines[::-1], [*lines, *lines], [b"", *lines],
            [b" ".join(lines)], [b",".join(lines[:2]), *lines[2:]], [line.replace(b",", b";") for line in lines],
            [line + b"," for line in lines])  # fmt: skip
    return b"\n".join(rng.choice(ways))


RULES = (cell, cell, column, rows)
