r"""T5: an encoder reads the whole input, a decoder writes the output and looks back at it through cross-attention.

.. math:: m = \text{encoder}(\text{input}), \qquad
    \text{logits} = W_\text{out}\, \text{decoder}(\text{output so far}, m).

What distinguishes it from the decoders of this book (Raffel et al. 2020, arXiv 1910.10683, Section 2.1):

- scores are :math:`q k^\top` with no :math:`1 / \sqrt{E}`; the initialization is smaller by that factor instead;
- positions are a bias on the scores (``layers/relative_bias.py``): one table for all layers of the encoder, one for
  those of the decoder, none in cross-attention;
- H * E need not be D, no linear map has a bias, and every norm is an RMSNorm before its sublayer.

``t5_config.py`` tells T5 1.0, 1.1 and FLAN-T5 apart, ``t5_blocks.py`` holds the stacks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.layers.embedding import Embedding
from llmbook.models.ids import check_range, has_values, look_up
from llmbook.models.t5_blocks import CacheWithMemory, T5Stack
from llmbook.models.t5_config import T5Config

HINT = "labels need shift_right(labels) first, and ids this model's own tokenizer"


class T5(nn.Module):
    """An encoder-decoder language model: input ids ``(B, S)`` and decoder ids ``(B, T)`` to logits ``(B, T, V)``."""

    def __init__(self, config: T5Config):
        super().__init__()
        self.config = config
        self.embed_tokens = Embedding(config.vocab_size, config.width)
        self.encoder = T5Stack(config, config.layers, is_decoder=False)
        self.decoder = T5Stack(config, config.decoder_layers, is_decoder=True)
        self.lm_head = None if config.tie_embeddings else nn.Linear(config.width, config.vocab_size, bias=False)

    def forward(self, input_ids: Tensor, decoder_ids: Tensor, *, attention_mask: Tensor | None = None) -> Tensor:
        """Logits for the token after each position of the output.

        Args:
            input_ids: integer token ids to read, ``(B, S)``.
            decoder_ids: what the decoder has written so far, ``(B, T)``, the start token first; in training
                ``shift_right(labels)``. Rows that are shorter are padded at their end, where nothing looks.
            attention_mask: ``(B, S)``, true (or 1) for real tokens of the input, false for padding on either side.

        Returns:
            ``(B, T, V)`` in the dtype of the weights.

        Raises:
            ValueError: ids are not integers of two axes below V, or shapes do not fit together.
        """
        memory = self.encode(input_ids, attention_mask=attention_mask)
        return self.decode(decoder_ids, memory, attention_mask=attention_mask)

    def encode(self, input_ids: Tensor, *, attention_mask: Tensor | None = None) -> Tensor:
        """The memory ``(B, S, D)``: the encoder's output, once for an input; arguments as in ``forward``.

        Raises:
            ValueError: as in ``forward``.
        """
        _check_form(input_ids, "input_ids")
        check_range(input_ids, self.config.vocab_size, "input_ids", HINT)
        mask = _key_mask(attention_mask, input_ids.shape, input_ids.device)
        _refuse_empty_rows(mask)
        embedded = look_up(self.embed_tokens, input_ids, self.config.vocab_size, "input_ids", HINT)
        is_padded = mask is not None and not (has_values(mask) and mask.all())
        return self.encoder(embedded, mask if is_padded else None)

    def decode(
        self,
        decoder_ids: Tensor,
        memory: Tensor,
        *,
        attention_mask: Tensor | None = None,
        cache: CacheWithMemory | None = None,
    ) -> Tensor:
        """Logits ``(B, T, V)`` from the memory; with a cache, ``decoder_ids`` are only the new ones.

        Raises:
            ValueError: as in ``forward``.
        """
        check_range(decoder_ids, self.config.vocab_size, "decoder_ids", HINT)
        _refuse_empty_rows(attention_mask)
        return self.logits(self.hidden_states(decoder_ids, memory, attention_mask=attention_mask, cache=cache))

    def hidden_states(
        self,
        decoder_ids: Tensor,
        memory: Tensor,
        *,
        attention_mask: Tensor | None = None,
        cache: CacheWithMemory | None = None,
    ) -> Tensor:
        """The decoder's output after its last norm, ``(B, T, D)``; arguments as in ``decode``.

        The mask's values are not read, and on a GPU ids outside the vocabulary are not looked for: generation comes
        through here at each step.

        Raises:
            ValueError: ids are not integers ``(B, T)`` with T at least 1, on the processor also one outside the
                vocabulary; there are more or fewer rows than inputs; or the mask has another shape than the input.
        """
        _check_form(decoder_ids, "decoder_ids")
        if len(decoder_ids) != len(memory):
            raise ValueError(f"{len(decoder_ids)} rows of decoder_ids for {len(memory)} inputs; give one to each")
        mask = _key_mask(attention_mask, memory.shape[:2], memory.device)
        embedded = look_up(self.embed_tokens, decoder_ids, self.config.vocab_size, "decoder_ids", HINT)
        return self.decoder(embedded, None, memory, mask, cache)

    def logits(self, hidden: Tensor) -> Tensor:
        """Multiply ``(B, T, D)`` by the output matrix: ``(B, T, V)``. While decoding, pass the last position only."""
        if self.config.scale_logits:
            hidden = hidden * self.config.width**-0.5
        return F.linear(hidden, self.embed_tokens.weight) if self.lm_head is None else self.lm_head(hidden)


def _check_form(ids: Tensor, name: str) -> None:
    """Raise a ValueError about ids that are no rows of integers; no values are read."""
    if ids.ndim != 2 or not ids.shape[1] or ids.dtype not in (torch.int32, torch.int64):
        raise ValueError(
            f"{name} must be integers (B, T) with T at least 1, not {ids.dtype} of shape {tuple(ids.shape)}"
        )


def _key_mask(attention_mask: Tensor | None, shape: torch.Size, device: torch.device) -> Tensor | None:
    """A mask ``(B, S)`` as boolean ``(B, 1, 1, S)`` on the model's device; no values are read."""
    if attention_mask is None:
        return None
    if attention_mask.shape != shape:
        raise ValueError(
            f"attention_mask must have the input's shape {tuple(shape)}, not {tuple(attention_mask.shape)}"
        )
    return attention_mask.to(device).bool()[:, None, None, :]


def _refuse_empty_rows(mask: Tensor | None) -> None:
    """Raise a ValueError if a row has no real token, where the values can be read."""
    if mask is not None and has_values(mask) and not mask.any(-1).all():
        raise ValueError("a row of attention_mask has no real token; leave empty inputs out, or give them a stop token")
