r"""Accounting: how many numbers a decoder holds, how many bytes they need, how much arithmetic a token costs.

Everything here follows from the config, without building the model; ``count_by_part`` counts the built module, on
the meta device if it is large, and tests hold the two together. With the letters of the package docstring and L for
the number of layers, a gated decoder without biases has

.. math:: \underbrace{V D}_{\text{embedding}} + L (\underbrace{2 D H E + 2 D K E}_{\text{attention}}
    + \underbrace{3 D F}_{\text{feed-forward}}) + \text{norms} + \underbrace{V D}_{\text{output, if untied}}

parameters, a key-value cache of :math:`2 L K E` numbers per token, and :math:`2 (\text{weights of its matrices})
+ 4 L H E S` FLOPs for a token that attends to S positions.

Sources. Shapes: the Gemma report (arXiv 2403.08295, Tables 1 and 2). Cache, and why fewer key-value heads shrink it:
Shazeer 2019 (arXiv 1911.02150). Two FLOPs a weight: Kaplan et al. 2020 (arXiv 2001.08361, Section 2.1).
"""

import torch
from torch import nn

from llmbook.models.decoder import Decoder, DecoderConfig

PARTS = ("embedding", "positions", "query", "key", "value", "attention_output", "feedforward", "norms", "output_matrix")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEEDFORWARD = ("gate_proj", "up_proj", "down_proj")  # a plain layer has no gate
NUMBERS_PER_NORM = {"layer": 2, "layer_free": 0, "rms": 1, "rms_unit": 1}  # times D
MODULES = {  # the part that a submodule of this name belongs to
    "embed_tokens": "embedding",
    "embed_positions": "positions",
    "q_proj": "query",
    "k_proj": "key",
    "v_proj": "value",
    "o_proj": "attention_output",
    "mlp": "feedforward",
    "lm_head": "output_matrix",
}


def matrix_shapes(config: DecoderConfig, *, active: bool = False) -> dict[str, list[tuple[int, int]]]:
    """The matrices of one layer, as (inputs, outputs), by part.

    Args:
        config: any decoder's.
        active: of a sparse mixture, only the experts that one token uses, instead of all of them.
    """
    c = config
    into, out_of = (c.width, c.feedforward_width), (c.feedforward_width, c.width)
    feed_forward = [into, into, out_of] if c.gated else [into, out_of]
    if c.experts:
        feed_forward = feed_forward * (c.experts_per_token if active else c.experts) + [(c.width, c.experts)]
    return {
        "query": [(c.width, c.heads * c.head_size)],
        "key": [(c.width, c.kv_heads * c.head_size)],
        "value": [(c.width, c.kv_heads * c.head_size)],
        "attention_output": [(c.heads * c.head_size, c.width)],
        "feedforward": feed_forward,
    }


def linear_shapes(config: DecoderConfig) -> dict[str, tuple[int, int]]:
    """Inputs and outputs of each linear map of a block, by the name that an adapter asks for.

    Raises:
        ValueError: the feed-forward layer is a mixture, whose experts share their names.
    """
    if config.experts:
        raise ValueError("only blocks with one gated feed-forward layer, or one plain, have a matrix for each name; "
                         "inject adapters into the others and count")  # fmt: skip
    shapes = matrix_shapes(config)
    attention = {name: shapes[part][0] for name, part in MODULES.items() if name in ATTENTION}
    names = FEEDFORWARD if config.gated else FEEDFORWARD[1:]
    return attention | dict(zip(names, shapes["feedforward"], strict=True))


def norm_count(config: DecoderConfig) -> int:
    """How many norms the decoder has: 2 a layer ("both": 4, parallel: 1) and one at the end (not for "post")."""
    per_layer = 4 if config.norm_place == "both" else 1 if config.parallel else 2
    return per_layer * config.layers + (config.norm_place != "post")


def query_key_norms(config: DecoderConfig) -> int:
    """Gains of the norms of queries and keys: one for each number of every head."""
    return config.qk_norm * config.layers * (config.heads + config.kv_heads) * config.head_size


def parameters_by_part(config: DecoderConfig) -> dict[str, int]:
    """Parameters by formula.

    Args:
        config: any decoder's.

    Returns:
        A count of numbers for each of ``PARTS``, biases with their matrix. A tied output matrix counts 0, because it
        is the embedding.
    """
    c = config
    layer = {
        part: sum(inputs * outputs + c.bias * outputs for inputs, outputs in shapes)
        for part, shapes in matrix_shapes(c).items()
    }
    return {
        "embedding": c.vocab_size * c.width,
        "positions": c.max_length * c.width if c.positions == "learned" else 0,
        **{part: c.layers * count for part, count in layer.items()},
        "norms": norm_count(c) * NUMBERS_PER_NORM[c.norm] * c.width + query_key_norms(c),
        "output_matrix": 0 if c.tie_embeddings else c.vocab_size * (c.width + c.head_bias),
    }


def total_parameters(config: DecoderConfig) -> int:
    """All parameters by formula, a shared matrix once."""
    return sum(parameters_by_part(config).values())


def active_parameters(config: DecoderConfig) -> int:
    """Parameters that work on one token: all but the experts that its router leaves out.

    The embedding counts as a whole, although a token looks up one row, as it does in the published counts.
    """
    idle = config.experts - config.experts_per_token  # 0 - 0 without a mixture
    return total_parameters(config) - config.layers * idle * 3 * config.width * config.feedforward_width


def meta_model(config: DecoderConfig) -> Decoder:
    """Build the decoder on the meta device: every tensor has its shape and no memory."""
    with torch.device("meta"):
        return Decoder(config)


def count_parameters(module: nn.Module) -> int:
    """Count the numbers of a module, a shared tensor once."""
    return sum(tensor.numel() for tensor in module.parameters())


def count_by_part(module: nn.Module) -> dict[str, int]:
    """Count a built decoder part by part, to compare with ``parameters_by_part``.

    Args:
        module: a ``Decoder``.

    Returns:
        A count of numbers for each of ``PARTS``.

    Raises:
        ValueError: a tensor belongs to no part.
    """
    counts = dict.fromkeys(PARTS, 0)
    for name, tensor in module.named_parameters():
        counts[part_of(name)] += tensor.numel()
    return counts


def part_of(name: str) -> str:
    """The part that the tensor ``name`` of a decoder belongs to.

    Raises:
        ValueError: it belongs to none.
    """
    pieces = name.split(".")[:-1]
    if pieces and pieces[-1].endswith("norm"):
        return "norms"
    parts = [MODULES[piece] for piece in pieces if piece in MODULES]
    if len(parts) != 1:
        raise ValueError(f"tensor {name!r} belongs to no part; add its module to accounting.MODULES")
    return parts[0]


def weight_bytes(config: DecoderConfig, bytes_per_value: float = 2) -> int:
    """Bytes that the weights need.

    Args:
        config: any decoder's.
        bytes_per_value: 4 for float32, 2 for bfloat16, 1 for 8 bits, 0.5 for 4 bits. What a quantized format stores
            besides the weights (scales, zero points) is not included.
    """
    return round(total_parameters(config) * bytes_per_value)


def kv_cache_bytes(config: DecoderConfig, context: int, batch: int = 1, bytes_per_value: int = 2) -> int:
    """Bytes of a cache that holds a key and a value per layer, key-value head and position.

    Args:
        config: any decoder's.
        context: S, positions stored.
        batch: B, sequences.
        bytes_per_value: 2 for bfloat16, 4 for float32.

    Returns:
        ``2 L K E`` numbers a position, times ``context``, ``batch`` and ``bytes_per_value``.
    """
    numbers = 2 * config.layers * config.kv_heads * config.head_size
    return numbers * context * batch * bytes_per_value


def flops_by_part(config: DecoderConfig, context: int) -> dict[str, int]:
    """Floating-point operations of the forward pass of one token, by part.

    A multiplication and an addition count as two. Included: all matrices (a tied output matrix as well, because it
    is multiplied) and, as "attention_scores", the products of queries with keys and of weights with values. Left out,
    being small: biases, norms, activations, softmax, rotation, residual additions. The lookup of the embedding is free.

    Args:
        config: any decoder's.
        context: S, the positions that the token attends to, itself included; earlier ones come from a cache.

    Returns:
        FLOPs for each part.
    """
    c = config
    layer = {
        part: sum(2 * inputs * outputs for inputs, outputs in shapes)
        for part, shapes in matrix_shapes(c, active=True).items()
    }
    return {
        "embedding": 0,
        "positions": 0,
        **{part: c.layers * flops for part, flops in layer.items()},
        "attention_scores": c.layers * 2 * (2 * c.heads * c.head_size * context),
        "output_matrix": 2 * c.vocab_size * c.width,
    }


def flops_per_token(config: DecoderConfig, context: int) -> int:
    """Floating-point operations of the forward pass of one token; see ``flops_by_part`` for what is included."""
    return sum(flops_by_part(config, context).values())
