"""The loop of a decoder that writes: what is unread goes in, a token is chosen, and the texts are longer by it.

``generate`` collects what comes out of it, and streaming shows it as it comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.generation.cache import KVCache
from llmbook.generation.repetition import check_repetition, forbid_repeated_ngrams, penalize_repetition
from llmbook.generation.sampling import check_sampling, sample_next, usable_logits
from llmbook.models import Decoder, DecoderConfig
from llmbook.models.decoder import HINT
from llmbook.models.ids import check_range


@dataclass(frozen=True)
class Chooser:
    """How the next token is chosen: first what works against repetition, then temperature, top-k and top-p."""

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0
    """As in :func:`llmbook.generation.repetition.penalize_repetition`."""
    no_repeat_ngram_size: int | None = None
    """As in :func:`llmbook.generation.repetition.forbid_repeated_ngrams`; None allows all."""
    valid_vocab_size: int | None = None
    generator: torch.Generator | None = None

    def check(self, vocab_size: int) -> None:
        """Raise a ValueError about settings that describe no distribution."""
        check_sampling(self.temperature, self.top_k, self.top_p, self.valid_vocab_size, vocab_size)
        check_repetition(self.repetition_penalty, self.no_repeat_ngram_size)

    def __call__(self, logits: Tensor, ids: Tensor, mask: Tensor | None) -> Tensor:
        """The next token ``(B,)`` of texts ``(B, T)`` by their logits ``(B, V)``; ``mask`` is true for real tokens.

        Raises:
            ValueError: as in :func:`llmbook.generation.sample_next`.
        """
        if self.repetition_penalty != 1.0 or self.no_repeat_ngram_size is not None:
            logits = usable_logits(logits, self.valid_vocab_size)
            logits = penalize_repetition(logits, ids, self.repetition_penalty, attention_mask=mask)
        if self.no_repeat_ngram_size is not None:
            logits = forbid_repeated_ngrams(logits, ids, self.no_repeat_ngram_size, attention_mask=mask)
        return sample_next(
            logits, temperature=self.temperature, top_k=self.top_k, top_p=self.top_p,
            valid_vocab_size=self.valid_vocab_size, generator=self.generator,
        )  # fmt: skip


@torch.inference_mode()
def next_tokens(
    model: Decoder, ids: Tensor, choose: Chooser, *, max_new_tokens: int, stops: Tensor, pad_id: int,
    mask: Tensor | None, use_cache: bool = True,
) -> Iterator[Tensor]:  # fmt: skip
    """Yield the tokens ``(B,)`` that continue texts, one step after the other, until all have ended.

    Args:
        model: any decoder.
        ids: prompts ``(B, T)``, as :func:`checked_mask` takes them.
        choose: how.
        max_new_tokens: as in :func:`llmbook.generation.generate`, and so are the rest.
        stops: ids, each of which ends a row.
        pad_id: what comes for a row that has ended.
        mask: of :func:`checked_mask`.
        use_cache: False computes every position again at each step.
    """
    cache = cache_for(model, ids, max_new_tokens) if use_cache else None
    ended, unread = torch.zeros(len(ids), dtype=torch.bool, device=ids.device), ids
    for _ in range(max_new_tokens):
        hidden = model.hidden_states(unread, attention_mask=mask, cache=cache)[:, -1:]  # the last position is enough
        chosen = choose(model.logits(hidden)[:, 0], ids, mask).to(ids.dtype).masked_fill(ended, pad_id)  # (B,)
        yield chosen
        ended = ended | torch.isin(chosen, stops)
        if ended.all():
            return
        ids = torch.cat((ids, chosen[:, None]), dim=1)
        unread = ids if cache is None else chosen[:, None]
        mask = None if mask is None else F.pad(mask, (0, 1), value=True)


def cache_for(model: Decoder, ids: Tensor, new_tokens: int) -> KVCache:
    """Room for the prompt and all but the last new token, which nothing reads."""
    return KVCache(model.config, len(ids), ids.shape[1] + new_tokens - 1, None, model.embed_tokens.weight.device)


def checked_mask(
    config: DecoderConfig, ids: Tensor, attention_mask: Tensor | None, new_tokens: int, pad_id: int
) -> Tensor | None:
    """A boolean mask, or None if nothing is padded.

    Raises:
        ValueError: the prompts cannot be continued so far, or are not padded on the left.
    """
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
