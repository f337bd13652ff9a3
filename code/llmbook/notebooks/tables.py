"""Tables and definitions that MyST writes as lists, in Markdown that every viewer shows."""

import re

ITEM = re.compile(r"^\s+- ?(.*)$")


def list_table(body: str) -> str:
    """A ``list-table`` as a pipe table; its first row is the head."""
    rows: list[list[str]] = []
    for line in body.split("\n"):
        if line.startswith("* -"):
            rows.append([line[3:].strip()])
        elif rows and (item := ITEM.match(line)):
            rows[-1].append(item[1].strip())
        elif rows and line.strip():  # the cell goes on
            rows[-1][-1] = f"{rows[-1][-1]} {line.strip()}".strip()
    head, *others = (" | ".join(cell.replace("|", r"\|") for cell in row) for row in rows)
    rule = " | ".join("---" for _ in rows[0])
    return "\n".join(f"| {row} |" for row in (head, rule, *others))


def definitions(body: str) -> str:
    """A glossary as paragraphs: the term in bold, then what it means."""
    entries: list[list[str]] = []
    for line in body.split("\n"):
        if line.strip() and not line.startswith(" "):
            entries.append([f"**{line.strip()}**"])
        elif line.strip() and entries:
            entries[-1].append(line.strip())
    return "\n\n".join(f"{term}  \n" + "\n".join(lines) for term, *lines in entries)
