"""Text as it is written: pieces that come with the tokens, each of whole characters.

A token is not always a character. In a byte-level vocabulary an emoji may be several tokens, and half of one decodes to
the replacement character. So what may still change is held back until more tokens have come.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

import torch
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.generation.beams import stop_tokens
from llmbook.generation.steps import Chooser, checked_mask, next_tokens
from llmbook.models import Decoder

BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class TextStream:
    """Ids go in one by one, and text comes out; all pieces together are what the tokenizer makes of all ids at the end.

    After each id the text so far is decoded anew: a token may depend on what stands before it (SentencePiece drops the
    first space of a text), and a text is short beside the work of a model.

    Args:
        tokenizer: of the ``tokenizers`` library.
        prompt: ids that the text begins with. They are context, and their text does not come out.
        skip_special: whether special tokens are left out of the text.
    """

    def __init__(self, tokenizer: Tokenizer, prompt: Sequence[int] = (), *, skip_special: bool = True):
        self.tokenizer, self.ids, self.skip_special = tokenizer, list(prompt), skip_special
        self._special = {id_ for id_, token in tokenizer.get_added_tokens_decoder().items() if token.special}
        self._given, self._begun = self._decoded(), False

    def push(self, id_: int) -> str:
        """The text that is certain now and was not before; often a word, sometimes nothing."""
        self.ids.append(id_)
        if self._may_go_on():
            return ""
        return self._piece(self._decoded().rstrip(UNKNOWN))  # a real one comes with what follows it, or at the end

    def finish(self) -> str:
        """What was held back.

        Raises:
            ValueError: the tokenizer has made another text of tokens whose text came out already.
        """
        text = self._decoded()
        if self._begun and not text.startswith(self._given):
            raise ValueError("this tokenizer changes text when more tokens come, so it cannot be streamed; decode at "
                             "the end instead")  # fmt: skip
        return self._piece(text)

    def _piece(self, text: str) -> str:
        """What a text has beyond what came out, which it becomes; nothing if it has not more than that."""
        known = self._given if self._begun else shared(self._given, text)  # a prompt may end in half a letter
        if len(text) <= len(known) or not text.startswith(known) or self._given.startswith(text):
            return ""
        self._given, self._begun = text, True
        return text[len(known) :]

    def _decoded(self) -> str:
        return self.tokenizer.decode(self.ids, skip_special_tokens=self.skip_special)

    def _may_go_on(self) -> bool:
        """Whether the last tokens are bytes of SentencePiece's, which are characters only once their run is over."""
        read = (id_ for id_ in reversed(self.ids) if not (self.skip_special and id_ in self._special))
        tokens = filter(None, map(self.tokenizer.id_to_token, read))  # an id without a token is no text
        return BYTE.fullmatch(next(tokens, "")) is not None


def stream(
    model: Decoder, tokenizer: Tokenizer, ids: Tensor, *, max_new_tokens: int, temperature: float = 0.0,
    top_k: int | None = None, top_p: float | None = None, repetition_penalty: float = 1.0,
    no_repeat_ngram_size: int | None = None, stop_ids: int | Collection[int] = (),
    valid_vocab_size: int | None = None, generator: torch.Generator | None = None, skip_special: bool = True,
) -> Iterator[str]:  # fmt: skip
    """Continue one text and yield the continuation piece by piece.

    The tokens are those of :func:`llmbook.generation.generate` with the same arguments, and the pieces are together
    what stands behind the prompt when its result is decoded. Whoever stops asking stops the model.

    Args:
        model: any decoder of this book.
        tokenizer: that of the model.
        ids: one prompt ``(1, T)``.
        max_new_tokens: stop after so many tokens.
        temperature: as in generate, and so are the rest.
        top_k: tokens to choose among.
        top_p: probability to choose within.
        repetition_penalty: above 1, tokens of the text become less likely.
        no_repeat_ngram_size: no run of so many tokens comes twice.
        stop_ids: each of them ends the text; it is the last that is decoded.
        valid_vocab_size: how many tokens exist.
        generator: the source of randomness.
        skip_special: whether special tokens are left out of the text.

    Returns:
        The pieces, none of them empty, each of whole characters.

    Raises:
        ValueError: as in generate, or there is more than one prompt.
    """
    if len(ids) != 1:
        raise ValueError(f"one text can be streamed at a time, and there are {len(ids)} prompts; pass ids of (1, T)")
    checked_mask(model.config, ids, None, max_new_tokens, 0)
    choose = Chooser(temperature, top_k, top_p, repetition_penalty, no_repeat_ngram_size, valid_vocab_size, generator)
    choose.check(model.config.vocab_size)
    steps = next_tokens(model, ids, choose, max_new_tokens=max_new_tokens, stops=stop_tokens(stop_ids, ids), pad_id=0,
                        mask=None)  # fmt: skip
    return _pieces(TextStream(tokenizer, ids[0].tolist(), skip_special=skip_special), steps)


def shared(first: str, second: str) -> str:
    """The longest text that both begin with."""
    return "".join(pair[0] for pair in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _pieces(text: TextStream, steps: Iterator[Tensor]) -> Iterator[str]:
    """What comes out of a stream of text, without the empty pieces."""
    yield from filter(None, (text.push(int(chosen)) for chosen in steps))
    if rest := text.finish():
        yield rest
