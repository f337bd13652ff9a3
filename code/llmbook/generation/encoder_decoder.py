"""Generation with an encoder-decoder: the input is encoded once, then the decoder writes a token at a time.

The cache holds two kinds of keys and values: those of the output so far, which grow as in a decoder, and in each layer
those of the encoder's output, which are computed at the first token and stay as they are.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from llmbook.generation.beams import Step, beam_search, check_beams
from llmbook.generation.cache import LayerView, SizedCache
from llmbook.generation.decoder import up_to_the_longest
from llmbook.generation.sampling import check_sampling, sample_next
from llmbook.models.t5 import T5
from llmbook.models.t5_config import T5Config


class T5LayerView(LayerView):
    """What one layer of a T5's decoder sees of a cache."""

    __slots__ = ()
    cache: "T5Cache"

    def memory(self, compute: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """:meth:`T5Cache.memory` of this layer."""
        return self.cache.memory(self.index, compute)


class T5Cache(SizedCache):
    """Keys and values of a T5's decoder: of its own earlier positions, and of the encoder's output.

    ``select`` moves the former only: a beam never leaves its input.

    Args:
        config: the model's.
        batch: B, rows.
        max_length: positions of the output at most, the start token included.
        dtype: as in :class:`llmbook.generation.cache.SizedCache`.
        device: that of the model.
    """

    def __init__(
        self,
        config: T5Config,
        batch: int,
        max_length: int,
        dtype: torch.dtype | None = None,
        device: str | torch.device = "cpu",
    ):
        super().__init__(
            layers=config.decoder_layers, batch=batch, kv_heads=config.heads, head_size=config.head_size,
            max_length=max_length, dtype=dtype, device=device,
        )  # fmt: skip
        self._memory: dict[int, tuple[Tensor, Tensor]] = {}

    @property
    def bytes(self) -> int:
        """Bytes of both kinds; those of the encoder's output from the first token on."""
        return super().bytes + sum(tensor.nbytes for pair in self._memory.values() for tensor in pair)

    def layer(self, index: int) -> T5LayerView:
        """What the layer of this index sees."""
        return T5LayerView(self, index)

    def memory(self, layer: int, compute: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Keys and values of the encoder's output in a layer, ``(B, H, S, E)`` each: computed once."""
        if layer not in self._memory:
            self._memory[layer] = compute()
        return self._memory[layer]


@torch.inference_mode()
def generate_t5(
    model: T5, input_ids: Tensor, *, max_new_tokens: int, attention_mask: Tensor | None = None, beams: int = 1,
    length_penalty: float = 1.0, early_stopping: bool | Literal["never"] = False, temperature: float = 0.0,
    top_k: int | None = None, top_p: float | None = None, valid_vocab_size: int | None = None,
    generator: torch.Generator | None = None, use_cache: bool = True,
) -> Tensor:  # fmt: skip
    """Write an output for each input.

    Args:
        model: any T5 of this book.
        input_ids: ``(B, S)``, padded on either side where rows differ in length.
        max_new_tokens: stop after so many.
        attention_mask: ``(B, S)``, true for real tokens; None when no row is padded.
        beams: 1 for greedy decoding or sampling, more for beam search, of which the best text is returned.
        length_penalty: of :func:`llmbook.generation.beams.beam_search`, like ``early_stopping``.
        early_stopping: likewise.
        temperature: 0 is greedy. It, ``top_k`` and ``top_p`` are those of
            :func:`llmbook.generation.sampling.sample_next`.
        top_k: tokens to choose among, or None for all.
        top_p: probability to choose within, or None for all.
        valid_vocab_size: how many tokens exist, where the matrix has padding rows (T5's has 32,128, its tokenizer
            32,100).
        generator: the source of randomness.
        use_cache: False computes every position again at each step, to compare.

    Returns:
        ``(B, 1 + n)``: the start token, the text, its stop token if it has ended, then padding.

    Raises:
        ValueError: an argument makes no sense.
    """
    check_beams(beams, max_new_tokens, early_stopping)
    check_sampling(temperature, top_k, top_p, valid_vocab_size, model.config.vocab_size)
    if beams > 1 and temperature:
        raise ValueError("beam search does not sample: set temperature to 0, or beams to 1")
    step = decoding_step(model, input_ids, max_new_tokens, attention_mask, beams, use_cache)
    c = model.config
    start_ids = torch.full((len(input_ids),), c.start_id, device=input_ids.device)
    if beams > 1:
        found = beam_search(
            step, start_ids, beams=beams, max_new_tokens=max_new_tokens, stop_id=c.stop_id, pad_id=c.pad_id,
            length_penalty=length_penalty, early_stopping=early_stopping, valid_vocab_size=valid_vocab_size,
        )  # fmt: skip
        return up_to_the_longest(found.ids[:, 0], c.stop_id)
    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "valid_vocab_size": valid_vocab_size}
    rows = torch.arange(len(input_ids), device=input_ids.device)
    ids, ended = start_ids[:, None], torch.zeros_like(start_ids, dtype=torch.bool)
    for _ in range(max_new_tokens):
        chosen = sample_next(step(ids[:, -1:], rows), generator=generator, **settings)
        chosen = chosen.masked_fill(ended, c.pad_id)
        ids, ended = torch.cat((ids, chosen[:, None]), dim=1), ended | (chosen == c.stop_id)
        if ended.all():
            break
    return ids


def decoding_step(
    model: T5, input_ids: Tensor, max_new_tokens: int, attention_mask: Tensor | None, beams: int, use_cache: bool = True
) -> Step:
    """A function for :func:`llmbook.generation.beams.beam_search` that knows the model, its memory and its cache.

    Args:
        model: any T5 of this book.
        input_ids: ``(B, S)``, encoded here.
        max_new_tokens: how often it will be called at most.
        attention_mask: ``(B, S)``, or None.
        beams: N.
        use_cache: False decodes all positions at each call.
    """
    memory = model.encode(input_ids, attention_mask=attention_mask).repeat_interleave(beams, dim=0)
    is_padded = attention_mask is not None and not attention_mask.all()  # asked once, not at each step
    mask = attention_mask.repeat_interleave(beams, dim=0) if is_padded else None
    cache = T5Cache(model.config, len(memory), max_new_tokens, device=memory.device) if use_cache else None
    written = input_ids.new_zeros((len(memory), 0))

    def step(newest: Tensor, rows: Tensor) -> Tensor:
        nonlocal written
        written = torch.cat((written[rows], newest), dim=1)
        if cache is not None:
            cache.select(rows)
        unread = written if cache is None else newest
        hidden = model.hidden_states(unread, memory, attention_mask=mask, cache=cache)[:, -1:]
        return model.logits(hidden)[:, 0]

    return step
