"""The choices of a question: each opens to say what choosing it reveals. A page shows them without a kernel."""

import re
from dataclasses import dataclass

from llmbook.notebooks.contents import BookError

CHOICE = re.compile(r"^- \[(?P<mark>[ x])\] (?P<text>.+)$")
LINK = re.compile(r"\{[a-z:]+\}`|\]\(")
INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])\*([^*]+)\*(?![\w*])"), r"<em>\1</em>"),
)


@dataclass(frozen=True)
class Choice:
    """One answer that a reader may pick."""

    letter: str
    """"A", "B", ... in the order of the choices."""
    is_right: bool
    text: str
    """The choice itself, Markdown of one line."""
    reveals: str
    """What choosing it reveals, Markdown, with its verdict in front."""


def read_choices(body: str) -> list[Choice]:
    """The choices in the body of a ``choices`` directive, a task list whose items go on while indented.

    Raises:
        BookError: there are fewer than two, not exactly one is right, or one says nothing or holds a link.
    """
    found: list[tuple[re.Match, list[str]]] = []
    for line in body.split("\n"):
        if start := CHOICE.match(line):
            found.append((start, []))
        elif found and (line.startswith("  ") or not line.strip()):
            found[-1][1].append(line[2:])
        elif line.strip():
            raise BookError(f"a choice begins with '- [ ] ' or '- [x] ' and goes on indented by two spaces: {line!r}")
    if any(LINK.search(start["text"]) for start, _ in found):
        raise BookError("the text of a choice is a button, and holds no link and no role: say it in plain words")
    if len(found) < 2 or sum(start["mark"] == "x" for start, _ in found) != 1:
        raise BookError("a question has two choices or more, and exactly one that is right")
    return [_choice(number, start, lines) for number, (start, lines) in enumerate(found)]


def _choice(number: int, start: re.Match, lines: list[str]) -> Choice:
    text = "\n".join(lines).strip()
    if not text:
        raise BookError(f"say what choosing it reveals: {start['text']!r}")
    is_right = start["mark"] == "x"
    verdict = "Yes." if is_right else "No."
    return Choice(chr(ord("A") + number), is_right, start["text"].strip(), f"**{verdict}** {text}")


def folded(choice: Choice) -> str:
    """A choice for a notebook: folded HTML around Markdown. Its summary takes no Markdown, so marks become tags."""
    summary = choice.text.replace("&", "&amp;").replace("<", "&lt;")
    for pattern, made in INLINE:
        summary = pattern.sub(made, summary)
    return f"<details><summary>{choice.letter}. {summary}</summary>\n\n{choice.reveals}\n\n</details>"
