"""From messages to ids, with what a person wrote kept apart from what the template writes.

``<|im_end|>`` in a question is ten characters that somebody typed. Cut into tokens together with the template's own
words it would be the token that ends the question, and what follows could pass for the words of somebody else. So a
control token in a message is marked before the template runs, and cut into ordinary tokens afterward.

Only whole control tokens in messages are found. A template that puts a role between ``<|`` and ``|>`` makes one, so
take roles from a list of your own and never from a visitor; one that writes a message in other letters, or leaves some
of them out, may make one as well; and one that cuts a message off behind such a token takes its mark away.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tokenizers import Tokenizer

from llmbook.checkpoint.chat.template import ChatTemplate, Message, check_messages

PRIVATE = range(0xF0000, 0xFFFFD)
"""Characters without a meaning, two of which serve as marks."""


def encode_chat(
    tokenizer: Tokenizer,
    template: ChatTemplate,
    messages: Sequence[Message],
    *,
    add_generation_prompt: bool = False,
    control_in_messages: bool = False,
) -> list[int]:
    """The ids of a chat. No BOS is added to what the template writes.

    Args:
        tokenizer: that of the template's checkpoint.
        template: how messages are written down.
        messages: as in :meth:`ChatTemplate.render`.
        add_generation_prompt: likewise.
        control_in_messages: whether a control token that a message spells out is that token, as transformers has it by
            default. Otherwise it is text, as with transformers' ``sanitize_control_tokens``. Control tokens are all
            special ones, and others that a tokenizer finds whole if the template has them.

    Raises:
        CheckpointError: as in :meth:`ChatTemplate.render`.
        ValueError: likewise; or a control token in a message, as it is or in other letters, cannot be anything else for
            this tokenizer.
    """
    check_messages(messages)
    messages = list(map(dict, messages))
    control = set() if control_in_messages else _control_tokens(tokenizer, template)
    _refuse_other_letters(tokenizer, control, _texts(messages))
    if not any(token in text for text in _texts(messages) for token in control):
        return _encoded(tokenizer, template.render(messages, add_generation_prompt=add_generation_prompt))
    marks = _unused([*_texts(messages), template.source])
    longest_first = "|".join(map(re.escape, sorted(control, key=len, reverse=True)))
    marked = _changed(messages, re.compile(longest_first), f"{marks[0]}\\g<0>{marks[1]}")
    text = template.render(marked, add_generation_prompt=add_generation_prompt)
    return _encoded_apart(tokenizer, text, re.compile(f"{marks[0]}({longest_first}){marks[1]}|[{''.join(marks)}]"))


def _control_tokens(tokenizer: Tokenizer, template: ChatTemplate) -> set[str]:
    """The tokens that steer a model."""
    added = tokenizer.get_added_tokens_decoder().values()
    return {token.content for token in added if token.special or token.content in template.source}


def _refuse_other_letters(tokenizer: Tokenizer, control: set[str], texts: Iterator[str]) -> None:
    """Raise a ValueError about a control token that only a normalizer makes of a text, such as one in capitals."""
    added = tokenizer.get_added_tokens_decoder().items()
    ids = {id_ for id_, token in added if token.normalized and token.content in control}
    if tokenizer.normalizer is None or not ids:
        return
    known = re.compile("|".join(map(re.escape, sorted(control, key=len, reverse=True))))
    for piece in (piece for text in texts for piece in known.split(text)):
        if ids & set(tokenizer.encode(piece, add_special_tokens=False).ids):
            raise ValueError(f"a message has {piece!r:.80}, in which this tokenizer finds a control token in other "
                             "letters; leave it out, or allow it with control_in_messages")  # fmt: skip


def _texts(value: Any) -> Iterator[str]:
    """Every text in messages, but for the names of fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _changed(value: Any, pattern: re.Pattern, by: str) -> Any:
    """A copy of messages in which every text is changed where it fits a pattern."""
    if isinstance(value, str):
        return pattern.sub(by, value)
    if isinstance(value, dict):
        return {name: _changed(each, pattern, by) for name, each in value.items()}
    return [_changed(each, pattern, by) for each in value] if isinstance(value, list | tuple) else value


def _unused(texts: list[str]) -> list[str]:
    """Two characters that no text has."""
    used = set().union(*texts)
    free = (chr(code) for code in PRIVATE if chr(code) not in used)
    return [next(free), next(free)]


def _encoded_apart(tokenizer: Tokenizer, text: str, marked: re.Pattern) -> list[int]:
    """The ids of a text in which what is marked becomes no control token.

    A template may cut a text apart and so lose one of two marks; a mark that is left alone is dropped.
    """
    plain, ids = _without_added_tokens(tokenizer), []
    for number, piece in enumerate(marked.split(text)):
        if piece:
            found = _encoded(plain if number % 2 else tokenizer, piece, begins=not ids)
            if number % 2 and tokenizer.token_to_id(piece) in found:
                raise ValueError(f"a message has {piece!r}, of which this tokenizer makes a control token in any case; "
                                 "leave it out, or allow it with control_in_messages")  # fmt: skip
            ids += found
    return ids


def _without_added_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, which finds no token in a text whole."""
    return Tokenizer.from_str(json.dumps(json.loads(tokenizer.to_str()) | {"added_tokens": []}))


def _encoded(tokenizer: Tokenizer, text: str, *, begins: bool = True) -> list[int]:
    """The ids of a text, or of a piece from the middle of one, in front of which some tokenizers would put a space."""
    if begins:
        return tokenizer.encode(text, add_special_tokens=False).ids
    line = tokenizer.encode("\n", add_special_tokens=False).ids
    ids = tokenizer.encode(f"\n{text}", add_special_tokens=False).ids
    return ids[len(line) :] if line and ids[: len(line)] == line else _encoded(tokenizer, text)
