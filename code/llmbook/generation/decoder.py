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
from llmbook.generation.cache import KVCache
from llmbook.generation.sampling import check_sampling, sample_next
from llmbook.models import Decoder, DecoderConfig
from llmbook.models.decoder import HINT
from llmbook.models.ids import check_range


@torch.inference_mode()
def generate(
    model: Decoder, ids: Tensor, *, max_new_tokens: int, temperature: float = 0.0, top_k: int | None = None,
    top_p: float | None = None, stop_ids: int | Collection[int] = (), pad_id: int = 0,
    attention_mask: Tensor | None = None, valid_vocab_size: int | None = None,
    generator: torch.Generator | None = None, use_cache: bool = True,
) -> Tensor:  # fmt: skip
    """Continue token sequences.

    Args:
        model: any decoder of this book.
        ids: prompts ``(B, T)``, padded on the left where they differ in length.
        max_new_tokens: stop after so many.
        temperature: 0 is greedy. It, ``top_k``, ``top_p`` and ``valid_vocab_size`` are those of :func:`sample_next`.
        top_k: tokens to choose among, or None for all.
        top_p: probability to choose within, or None for all.
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
    mask = _checked_mask(model.config, ids, attention_mask, max_new_tokens, pad_id)
    check_sampling(temperature, top_k, top_p, valid_vocab_size, model.config.vocab_size)
    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "valid_vocab_size": valid_vocab_size}
    cache = _cache_for(model, ids, max_new_tokens) if use_cache else None
    ended = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    unread, stops = ids, stop_tokens(stop_ids, ids)
    for _ in range(max_new_tokens):
        hidden = model.hidden_states(unread, attention_mask=mask, cache=cache)[:, -1:]  # the last position is enough
        chosen = sample_next(model.logits(hidden)[:, 0], generator=generator, **settings)  # (B,)
        chosen = chosen.to(ids.dtype).masked_fill(ended, pad_id)[:, None]  # (B, 1)
        ids, ended = torch.cat((ids, chosen), dim=1), ended | torch.isin(chosen[:, 0], stops)
        if ended.all():
            return ids
        unread = ids if cache is None else chosen
        mask = None if mask is None else F.pad(mask, (0, 1), value=True)
    return ids


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
    mask = _checked_mask(model.config, ids, attention_mask, max_new_tokens, pad_id)
    check_sampling(0.0, None, None, valid_vocab_size, model.config.vocab_size)
    mask = None if mask is None else mask.repeat_interleave(beams, dim=0)
    cache = _cache_for(model, ids.repeat_interleave(beams, dim=0), max_new_tokens)
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


def _cache_for(model: Decoder, ids: Tensor, new_tokens: int) -> KVCache:
    """Room for the prompt and all but the last new token, which nothing reads."""
    return KVCache(model.config, len(ids), ids.shape[1] + new_tokens - 1, None, model.embed_tokens.weight.device)


def _checked_mask(
    config: DecoderConfig, ids: Tensor, attention_mask: Tensor | None, new_tokens: int, pad_id: int
) -> Tensor | None:
    """A boolean mask, or None if nothing is padded; raises a ValueError about a prompt that cannot be continued."""
    if ids.ndim != 2 or ids.numel() == 0:
        raise ValueError(f"ids must be prompts (B, T) of at least one token, not {tuple(ids.shape)}; start with BOS")
    check_range(ids, config.vocab_size, "ids", HINT)
    if new_tokens < 1:
        raise ValueError(f"max_new_tokens must be at least 1, not {new_tokens}")
    if ids.shape[1] + new_tokens > config.max_length:
        raise ValueError(
            f"{ids.shape[1]} prompt tokens and {new_tokens} new ones are more than the {config.max_length} that this "
            "model reads; cut the prompt or ask for fewer"
        )
    if not 0 <= pad_id < config.vocab_size:
        raise ValueError(f"pad_id must be a token id from 0 to {config.vocab_size - 1}, not {pad_id}")
    if attention_mask is None:
        return None
    if attention_mask.shape != ids.shape:
        raise ValueError(f"attention_mask must have the shape of ids, {tuple(ids.shape)}, not {attention_mask.shape}")
    real = attention_mask.bool()
    if not real[:, -1].all() or (real[:, :-1] & ~real[:, 1:]).any():
        raise ValueError("pad on the left: in each row of attention_mask the false come first, then at least one true")
    return None if real.all() else real
