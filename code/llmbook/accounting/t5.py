r"""What a summary costs: the arithmetic and the memory of a T5 that reads S tokens and writes T, from its config.

The encoder reads everything at once, and its attention grows with :math:`S^2`. The decoder runs once for each token
that it writes; each run multiplies all of its weights, looks at the S read tokens, whose keys and values were computed
once, and multiplies the output matrix. With n matrices in a feed-forward layer (3 where it is gated, else 2),

.. math:: \text{reading} &= L (2 \cdot 4 D H E\, S + 2 n D F\, S + 4 H E\, S^2), \\
    \text{writing} &= L_d (2 \cdot 6 D H E\, T + 2 n D F\, T + 2 \cdot 2 D H E\, S + 2 H E\, T (T + 1) + 4 H E\, S T)
    + 2 V D\, T.

A multiplication and an addition count as two. Left out, being small: norms, activations, softmax, the bias, the
lookup. Seconds follow from how many operations a machine does in a second, which a page has to measure: while a token
is written the weights must be fetched from memory, and that takes longer than multiplying them.

Source: the shapes of Raffel et al. 2020 (arXiv 1910.10683); two FLOPs a weight: Kaplan et al. 2020 (arXiv 2001.08361).
"""

from llmbook.models.t5_config import T5Config


def parameters_by_part(config: T5Config) -> dict[str, int]:
    """Parameters by formula: embedding, encoder, decoder, and an output matrix of its own.

    A block of the encoder has 4 D H E + n D F + 2 D numbers, one of the decoder 8 D H E + n D F + 3 D, with n = 3 where
    the feed-forward layer is gated, else 2; each stack adds its table of positions and its last norm.
    """
    c = config
    attention = 4 * c.width * c.heads * c.head_size
    feed_forward = (3 if c.gated else 2) * c.width * c.feedforward_width
    ends = c.buckets * c.heads + c.width
    return {
        "embedding": c.vocab_size * c.width,
        "encoder": c.layers * (attention + feed_forward + 2 * c.width) + ends,
        "decoder": c.decoder_layers * (2 * attention + feed_forward + 3 * c.width) + ends,
        "output_matrix": 0 if c.tie_embeddings else c.vocab_size * c.width,
    }


def reading_flops(config: T5Config, read: int) -> int:
    """Floating-point operations of the encoder for an input of ``read`` tokens."""
    c, inner = config, config.heads * config.head_size
    per_token = 2 * 4 * c.width * inner + _feedforward_flops(c)
    return c.layers * (per_token * read + 4 * inner * read**2)


def writing_flops(config: T5Config, read: int, written: int, *, cached: bool = True) -> int:
    """Floating-point operations of the decoder that writes ``written`` tokens about an input of ``read``.

    Args:
        config: any T5's.
        read: S.
        written: T, each token produced by one run of the decoder.
        cached: False computes all earlier positions, and the keys and values of the input, again for each token; the
            output matrix multiplies the last position only, as with a cache.
    """
    c, inner = config, config.heads * config.head_size
    so_far = range(1, written + 1)  # how long the output is at each token
    positions = written if cached else sum(so_far)  # that pass through the layers
    seen = sum(so_far) if cached else sum(length**2 for length in so_far)  # pairs; without a cache masked ones as well
    memory = 2 * 2 * c.width * inner * read * (1 if cached else written)
    per_position = 2 * 6 * c.width * inner + _feedforward_flops(c) + 4 * inner * read
    layers = c.decoder_layers * (per_position * positions + 4 * inner * seen + memory)
    return layers + 2 * c.vocab_size * c.width * written


def t5_cache_bytes(config: T5Config, read: int, written: int, batch: int = 1, bytes_per_value: int = 2) -> int:
    """Bytes of the decoder's cache: keys and values of what was read and of what is written, in each of its layers.

    Args:
        config: any T5's.
        read: S.
        written: T, the start token included.
        batch: rows; each beam is one.
        bytes_per_value: 2 for bfloat16, 4 for float32.
    """
    return 2 * config.decoder_layers * config.heads * config.head_size * (read + written) * batch * bytes_per_value


def _feedforward_flops(config: T5Config) -> int:
    """Of one layer for one token."""
    return 2 * (3 if config.gated else 2) * config.width * config.feedforward_width
