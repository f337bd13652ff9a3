"""Generation: one token at a time, with the keys and values of the past kept in a cache.

A model gives the distribution of the next token; :mod:`llmbook.generation.sampling` chooses one; the sequence grows
by it.
"""

from collections.abc import Collection
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.generation.beams import beam_search, check_beams, stop_tokens
from llmbook.generation.sampling import check_sampling
from llmbook.generation.steps import Chooser, cache_for, checked_mask, next_tokens
from llmbook.models import Decoder


@torch.inference_mode()
def generate(
    model: Decoder, ids: Tensor, *, max_new_tokens: int, temperature: float = 0.0, top_k: int | None = None,
    top_p: float | None = None, repetition_penalty: float = 1.0, no_repeat_ngram_size: int | None = None,
    stop_ids: int | Collection[int] = (), pad_id: int = 0, attention_mask: Tensor | None = None,
    valid_vocab_size: int | None = None, generator: torch.Generator | None = None, use_cache: bool = True,
) -> Tensor:  # fmt: skip
    """Continue token sequences.

    Args:
        model: any decoder of this book.
        ids: prompts ``(B, T)``, padded on the left where they differ in length.
        max_new_tokens: stop after so many.
        temperature: 0 is greedy. It, ``top_k``, ``top_p`` and ``valid_vocab_size`` are those of :func:`sample_next`.
        top_k: tokens to choose among, or None for all.
        top_p: probability to choose within, or None for all.
        repetition_penalty: above 1, tokens that a text has become less likely, as in :func:`penalize_repetition`; the
            prompt counts, its padding does not.
        no_repeat_ngram_size: no run of so many tokens comes twice, as in :func:`forbid_repeated_ngrams`; None allows
            all.
        stop_ids: a row ends with the first of these that it produces; after it comes ``pad_id``.
        pad_id: fills rows that have ended. A tokenizer decodes it like any token (GPT-2's 0 is "!"), so cut the rows
            with :func:`up_to_stop` first, unless it is special there.
        attention_mask: ``(B, T)``, true for real tokens; None when no row is padded.
        valid_vocab_size: how many tokens exist, where the matrix has padding rows.
        generator: the source of randomness; equal seeds give equal text.
        use_cache: False computes every position again at each step, to compare.

    Returns:
        Prompts and continuations, ``(B, T + n)`` with n at most ``max_new_tokens``; fewer when all rows have ended.

    Raises:
        ValueError: an argument makes no sense, or prompt and continuation are longer than the model can read.
    """
    mask = checked_mask(model.config, ids, attention_mask, max_new_tokens, pad_id)
    choose = Chooser(temperature, top_k, top_p, repetition_penalty, no_repeat_ngram_size, valid_vocab_size, generator)
    choose.check(model.config.vocab_size)
    steps = next_tokens(model, ids, choose, max_new_tokens=max_new_tokens, stops=stop_tokens(stop_ids, ids),
                        pad_id=pad_id, mask=mask, use_cache=use_cache)  # fmt: skip
    return torch.cat((ids, torch.stack(list(steps), dim=1)), dim=1)


@torch.inference_mode()
def generate_with_beams(
    model: Decoder, ids: Tensor, *, beams: int, max_new_tokens: int, stop_id: int | Collection[int], pad_id: int = 0,
    attention_mask: Tensor | None = None, length_penalty: float = 1.0, early_stopping: bool | Literal["never"] = False,
    valid_vocab_size: int | None = None,
) -> Tensor:  # fmt: skip
    """Continue token sequences by beam search, whose rules are those of :func:`llmbook.generation.beams.beam_search`.

    Args:
        model: any decoder of this book.
        ids: prompts ``(B, T)``, padded on the left where they differ in length.
        beams: N; the N beginnings of a prompt are rows of one batch.
        max_new_tokens: a text that has not ended by then ends there.
        stop_id: the token that ends a text, or several, of which each does.
        pad_id: fills rows behind their end; :func:`up_to_stop` cuts it off.
        attention_mask: ``(B, T)``, true for real tokens; None when no row is padded.
        length_penalty: the power of the length by which a score is divided.
        early_stopping: False, True or "never".
        valid_vocab_size: how many tokens exist, where the matrix has padding rows.

    Returns:
        Prompts and the best continuation of each, ``(B, T + n)``.

    Raises:
        ValueError: as in :func:`generate`, or a setting of the search makes no sense.
    """
    check_beams(beams, max_new_tokens, early_stopping)
    mask = checked_mask(model.config, ids, attention_mask, max_new_tokens, pad_id)
    check_sampling(0.0, None, None, valid_vocab_size, model.config.vocab_size)
    mask = None if mask is None else mask.repeat_interleave(beams, dim=0)
    cache = cache_for(model, ids.repeat_interleave(beams, dim=0), max_new_tokens)
    if ids.shape[1] > 1:
        prompt = ids[:, :-1].repeat_interleave(beams, dim=0)
        model.hidden_states(prompt, attention_mask=None if mask is None else mask[:, :-1], cache=cache)

    def step(newest: Tensor, rows: Tensor) -> Tensor:
        cache.select(rows)
        seen = cache.length + 1
        known = None if mask is None else F.pad(mask, (0, seen - mask.shape[1]), value=True)
        return model.logits(model.hidden_states(newest, attention_mask=known, cache=cache))[:, 0]

    found = beam_search(
        step, ids[:, -1], beams=beams, max_new_tokens=max_new_tokens, stop_id=stop_id, pad_id=pad_id,
        length_penalty=length_penalty, early_stopping=early_stopping, valid_vocab_size=valid_vocab_size,
    )  # fmt: skip
    return torch.cat((ids[:, :-1], up_to_the_longest(found.ids[:, 0], stop_id)), dim=1)


def up_to_the_longest(ids: Tensor, stop_id: int | Collection[int]) -> Tensor:
    """Cut the columns of ``(B, 1 + n)`` behind the last row's stop token, if every row has one after its first column.

    Padding is not looked for: it may be a token like any other.
    """
    stops = torch.isin(ids[:, 1:], stop_tokens(stop_id, ids))
    if not stops.any(dim=1).all():
        return ids
    return ids[:, : 2 + int(stops.int().argmax(dim=1).max())]


def up_to_stop(ids: Tensor, stop_ids: int | Collection[int], *, start: int = 0) -> list[list[int]]:
    """Each row without what stands behind its stop token, for a tokenizer, which knows no padding.

    Args:
        ids: ``(B, T + n)``, such as :func:`generate` gives.
        stop_ids: those that were given to it.
        start: T, tokens of a row in which no stop token is looked for: its prompt.

    Returns:
        For each row its ids, the first stop token behind the prompt included; the whole row if there is none.
    """
    stops = torch.isin(ids[:, start:], stop_tokens(stop_ids, ids))
    lengths = torch.where(stops.any(dim=1), start + stops.int().argmax(dim=1) + 1, ids.shape[1]).tolist()
    return [row[:length] for row, length in zip(ids.tolist(), lengths, strict=True)]
