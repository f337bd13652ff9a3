"""Run one chat template: the request comes in as JSON, the answer goes out as JSON, and then this process ends.

A template is a program of somebody else's, and it comes with a download. Jinja's sandbox keeps it away from everything
that is not text. What the sandbox cannot do is stop a loop, or a text of a gigabyte; a process can be stopped. It is
started by :mod:`llmbook.checkpoint.chat.template` as a file, since the package takes seconds to import.
"""

import contextlib
import json
import sys
from datetime import datetime

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_WRITTEN = 10**7
"""Characters of a chat: more than any model reads."""


class RefusedError(TemplateError):
    """What a template raises by itself, with ``raise_exception``."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox; it would hand out nothing in the place of what it keeps, and here it says so at once."""

    def unsafe_undefined(self, obj, attribute):
        """Raise an error about an attribute that is none of a template's business."""
        raise SecurityError(f"{attribute!r} of {type(obj).__name__!r}")


class Generation(Extension):
    """``{% generation %}`` marks what an assistant has written, for training; here it only lets the text through."""

    tags = {"generation"}

    def parse(self, parser):
        """The text between the two tags."""
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True)).set_lineno(line)


def environment() -> Sandbox:
    """What a template finds: the settings, tags, functions and filters that chat templates are written for."""
    made = Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    made.filters["tojson"] = to_json
    made.globals |= {"raise_exception": refuse, "strftime_now": lambda how: datetime.now().strftime(how)}
    return made


def to_json(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False) -> str:
    """JSON as it is: Jinja's own filter would write ``<`` as a code, for web pages."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def refuse(message):
    """Raise what a template says about messages that it does not take."""
    raise RefusedError(str(message))


def limit(name: str, most: int) -> None:
    """Let this process have no more of a resource, where the system can limit that; elsewhere do nothing."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.setrlimit(getattr(resource, name), (most, most + 1))  # at the second number the end is not named


def answer(request: dict) -> dict[str, str]:
    """The text, or what went wrong: a kind and a sentence."""
    try:
        text = environment().from_string(request["source"]).render(**request["values"])
        text.encode()  # half of a pair of surrogates is no text
        return {"text": text} if len(text) <= MOST_WRITTEN else {"broken": f"it writes {len(text):,} characters"}
    except RefusedError as error:
        return {"refused": str(error)}
    except SecurityError as error:
        return {"broken": f"it reaches for what a template may not have: {error}"}
    except TemplateSyntaxError as error:
        return {"broken": f"line {error.lineno}: {error}"}
    except MemoryError:
        return {"broken": "it needs too much memory"}
    except Exception as error:  # a template is a program, and can fail in any way
        return {"broken": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    given = json.loads(sys.stdin.buffer.read())
    limit("RLIMIT_CORE", 0)
    limit("RLIMIT_AS", given["memory"])
    limit("RLIMIT_CPU", given["seconds"])  # of the processor, not of a clock
    sys.stdout.buffer.write(json.dumps(answer(given)).encode())
