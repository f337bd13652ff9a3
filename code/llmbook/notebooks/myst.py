"""The small part of MyST that the pages use, taken apart: directives, code, and the text between them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,}|~{3,})(?:\{(?P<name>[\w-]+)\} *(?P<argument>.*))?")
OPTION = re.compile(r"^:([\w-]+): *(.*)$")
COMMENT = re.compile(r"<!--.*?-->\n?|^%[^\n]*\n", re.DOTALL | re.MULTILINE)
ROLE = r"\{(?P<role>[a-z][a-z:]*)\}`(?P<content>[^`]+)`"
CODE = r"(?P<code>(?P<ticks>`+)(?:(?!(?P=ticks)).)+?(?P=ticks))"
INLINE = re.compile(f"{ROLE}|{CODE}", re.DOTALL)
TITLED = re.compile(r"^(?P<title>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """Markdown without directives."""

    source: str


@dataclass(frozen=True)
class Code:
    """A block of code, fences included."""

    source: str


@dataclass(frozen=True)
class Directive:
    """``{name} argument``, its options and its body."""

    name: str
    argument: str
    options: dict[str, str]
    body: str


Block = Text | Code | Directive


def blocks(text: str) -> Iterator[Block]:
    """Take Markdown apart; comments are left out.

    Raises:
        ValueError: a fence is not closed.
    """
    lines, plain = text.split("\n"), []
    while lines:
        line = lines.pop(0)
        found = FENCE.match(line)
        if found is None:
            plain.append(line)
            continue
        yield _text(plain)
        plain, body = [], _until(found["fence"], lines)
        yield _directive(found, body) if found["name"] else Code("\n".join([line, *body, found["fence"]]))
    yield _text(plain)


def _text(lines: list[str]) -> Text:
    """What stands between directives, without comments."""
    return Text(COMMENT.sub("", "\n".join(lines) + "\n"))


def _until(fence: str, lines: list[str]) -> list[str]:
    """Take the lines up to the fence that closes."""
    for place, line in enumerate(lines):
        if line.rstrip() == fence:
            body = lines[:place]
            del lines[: place + 1]
            return body
    raise ValueError(f"{fence} is not closed")


def _directive(found: re.Match, body: list[str]) -> Directive:
    """A directive from its fence and the lines within."""
    options: dict[str, str] = {}
    while body and (option := OPTION.match(body[0])):
        options[option[1]] = option[2]
        body = body[1:]
    return Directive(found["name"], found["argument"].strip(), options, "\n".join(body).strip("\n"))


def replace_roles(text: str, say: Callable[[str, str, str], str]) -> str:
    """Put what ``say(role, title, target)`` returns in the place of every role; code stays.

    The title is empty where a role names its target alone.
    """

    def said(found: re.Match) -> str:
        if found["code"]:
            return found["code"]
        content = " ".join(found["content"].split())
        titled = TITLED.match(content)
        title, target = (titled["title"], titled["target"]) if titled else ("", content)
        return say(found["role"], title, target)

    return INLINE.sub(said, text)
