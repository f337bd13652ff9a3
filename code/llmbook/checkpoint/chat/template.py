"""A chat template: a small program in Jinja's language that writes messages down as a model was tuned to read them."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from llmbook.checkpoint.hub import CheckpointError

WORKER = Path(__file__).with_name("worker.py")
SECONDS = 10
"""How long a template may compute, where the system can limit that. Real ones need a tenth of a second."""
PATIENCE = 60.0
"""How many seconds may pass until it is done; a busy machine can keep it waiting."""
MEMORY = 2**29
"""How much memory it may have, in bytes, on systems that can set a limit to it."""
OUT_OF_TIME = -getattr(signal, "SIGXCPU", 0) or None
"""The exit status of a process that has computed too long; None on Windows, which stops none for that."""
MOST_CHARACTERS = 10**6
"""Of a template; the longest that are published have some ten thousand."""

Message = Mapping[str, Any]
"""A role and a content, both texts, under these names; templates may know other fields, too."""


@dataclass(frozen=True)
class ChatTemplate:
    """A template, and the special tokens that it may write by their names.

    It is run in Jinja's sandbox, where it finds nothing but these texts, and in a process of its own, which is ended
    after ``SECONDS`` of work, after ``PATIENCE`` in any case, or, on Linux, above ``MEMORY``.
    """

    source: str
    """In Jinja's language."""
    special_tokens: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By their names, such as ``bos_token``."""

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        """Write messages down.

        Args:
            messages: in their order, each with a role, such as "user", and a content.
            add_generation_prompt: whether the text ends with the beginning of an answer, so that a model goes on with
                the answer instead of the question.

        Returns:
            The text, special tokens written out.

        Raises:
            CheckpointError: the template is damaged, reaches for what it may not have, or takes too long.
            ValueError: these are no messages, or the template does not take them.
        """
        check_messages(messages)
        said = [{name: value for name, value in message.items() if value is not None} for message in messages]
        values = {"messages": said, "add_generation_prompt": add_generation_prompt,
                  "tools": None, "documents": None}  # fmt: skip
        answer = _asked({"source": self._checked(), "values": {**self.special_tokens, **values},
                         "memory": MEMORY, "seconds": SECONDS})  # fmt: skip
        if "refused" in answer:
            raise ValueError(f"the chat template does not take these messages: {answer['refused'][:300]}")
        if "broken" in answer:
            raise CheckpointError(f"the chat template cannot be used: {answer['broken'][:300]}")
        return answer["text"]

    def _checked(self) -> str:
        """The template, if it can be one."""
        if not isinstance(self.source, str) or not self.source.strip():
            raise CheckpointError("the chat template is empty; a model that has none was not tuned to chat")
        if len(self.source) > MOST_CHARACTERS:
            raise CheckpointError(f"the chat template has {len(self.source):,} characters; is it damaged?")
        return self.source


def check_messages(messages: Sequence[Message]) -> None:
    """Raise a ValueError about what is no chat: no message, no role or content, or no text."""
    if isinstance(messages, str | Mapping) or not isinstance(messages, Sequence) or not messages:
        raise ValueError("pass a list of at least one message, such as [{'role': 'user', 'content': 'Hello'}]")
    for number, message in enumerate(messages):
        if not isinstance(message, Mapping):
            raise ValueError(f"message {number} must be a dict with a role and a content, not {message!r:.80}")
        for name in ("role", "content"):
            if not isinstance(message.get(name), str):
                raise ValueError(f"message {number} needs a {name} that is a text, not {message.get(name)!r:.80}")
        try:
            json.dumps(dict(message), ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:  # half of a pair of surrogates, or an object
            raise ValueError(f"message {number} is not made of texts and numbers ({error!s:.200})") from None


def _asked(request: dict[str, Any]) -> dict[str, str]:
    """What the worker answers."""
    command = [sys.executable, "-P", str(WORKER)]
    try:
        done = subprocess.run(command, input=json.dumps(request).encode(), capture_output=True, timeout=PATIENCE)
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"broken": f"it is not done after {PATIENCE:g} seconds"}
    except ValueError:
        if done.returncode == OUT_OF_TIME:
            return {"broken": f"it is not done after {SECONDS} seconds of work"}
        # no answer: it was ended from outside, or Python could not even say that memory is short
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return {"broken": f"its process ended without an answer ({last[0]}): out of memory?"}
