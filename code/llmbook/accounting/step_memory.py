r"""The memory of a training step by formula: full fine-tuning, LoRA, DoRA, and both on a quantized base.

Four things fill the memory. With P parameters, of which p are trained, T tokens in a step, and bytes per number in
brackets:

.. math:: \underbrace{P\,[w]}_{\text{weights}} + \underbrace{p\,[g]}_{\text{gradients}}
    + \underbrace{p\,[o]}_{\text{optimizer}} + \underbrace{T\,a}_{\text{activations}} .

Adapters make p small, quantization makes w small, and neither makes a small, the bytes that a token leaves behind for
the backward pass. ``kept_per_layer`` writes a down for this book's blocks; a test holds it to what the code really
keeps (``rehearsal.py``).

Sources: adapters and their sizes, Hu et al. 2021 (arXiv 2106.09685) and Liu et al. 2024 (arXiv 2402.09353); sixteen
bytes for each trained number, Rajbhandari et al. 2020 (arXiv 1910.02054, Section 3.1).
"""

from collections.abc import Sequence

from llmbook.accounting.decoder import ATTENTION, FEEDFORWARD, linear_shapes, total_parameters
from llmbook.layers.quantization import stored_bits
from llmbook.models.config import DecoderConfig

ALL_LINEAR = (*ATTENTION, *FEEDFORWARD)
SHARE_INPUT = (("q_proj", "k_proj", "v_proj"), ("o_proj",), ("gate_proj", "up_proj"), ("down_proj",))
KINDS = ("full", "lora", "dora")
ADAPTER_BYTES = 4  # adapters are float32, whatever the base is
PRECISIONS = {"float32": (4, 0), "bfloat16 with a float32 copy": (2, 4), "bfloat16": (2, 0)}
"""Bytes of a weight, and of the copy that the optimizer of full fine-tuning changes in its place."""
OPTIMIZERS = {"AdamW": 8, "AdamW in 8 bits": 2, "plain SGD": 0}
"""Bytes of state for each trained number; the few scales of the 8-bit state are left out."""


def adapter_parameters(config: DecoderConfig, targets: Sequence[str], *, rank: int, kind: str = "lora") -> int:
    """How many numbers the adapters train: ``R (in + out)`` a matrix, for DoRA ``out`` more.

    Args:
        config: any decoder's without a mixture of experts.
        targets: names of linear maps that it has, such as ``["q_proj", "v_proj"]``.
        rank: R.
        kind: "lora" or "dora".
    """
    shapes = linear_shapes(config)
    chosen = [shapes[name] for name in targets]
    return config.layers * sum(rank * (i + o) + (kind == "dora") * o for i, o in chosen)


def kept_per_layer(
    config: DecoderConfig, kind: str, targets: Sequence[str] = ALL_LINEAR, *, rank: int = 16, value_bytes: int = 2
) -> int:
    """Bytes that one token leaves in one block for the backward pass.

    Every kind keeps what the norms, the attention and the gate need for the gradient of their inputs. Full
    fine-tuning adds the input of each matrix and gain. LoRA adds the input of each adapted matrix, in the precision of
    the model, and R float32 numbers; DoRA a float32 output as well. Matrices with one input keep it once.

    Args:
        config: a decoder's with RMSNorm in front, rotary positions and one gated feed-forward layer a block.
        kind: one of ``KINDS``.
        targets: the adapted linear maps; full fine-tuning ignores them.
        rank: R.
        value_bytes: 4 for float32, 2 for bfloat16.

    Raises:
        ValueError: the feed-forward layer is not a gated one, or a mixture.
    """
    if not config.gated:
        raise ValueError("only blocks with one gated feed-forward layer are counted here; inject and count the others")
    c, shapes = config, linear_shapes(config)
    heads = (2 * c.heads + 2 * c.kv_heads) * c.head_size * value_bytes + 4 * c.heads  # q, k, v, result, log-sum
    turning = 2 * c.rotary_size * value_bytes if value_bytes < 4 else 0  # cosine and sine in bfloat16, for q and for k
    passed = 2 * (4 * c.width + 4) + heads + turning + 3 * c.feedforward_width * value_bytes
    if kind == "full":
        gain = 4 if c.norm == "rms_unit" else value_bytes
        inputs = sum(shapes[names[0]][0] for names in SHARE_INPUT)
        return passed + 2 * c.width * gain + inputs * value_bytes
    shared = [shapes[names[0]][0] for names in SHARE_INPUT if set(names) & set(targets)]
    adapted = ADAPTER_BYTES * sum(rank + (kind == "dora") * shapes[name][1] for name in targets)
    return passed + adapted + value_bytes * sum(shared)


def step_memory(
    config: DecoderConfig,
    kind: str,
    targets: Sequence[str] = ALL_LINEAR,
    *,
    rank: int = 16,
    tokens: int = 2048,
    precision: str = "bfloat16 with a float32 copy",
    optimizer: str = "AdamW",
    quantized: bool = False,
) -> dict[str, float]:
    """Bytes of weights, gradients, optimizer and activations of one training step.

    Args:
        config: as in :func:`kept_per_layer`.
        kind: one of ``KINDS``.
        targets: the adapted linear maps.
        rank: R.
        tokens: T, in all sequences of the step together.
        precision: a key of ``PRECISIONS``.
        optimizer: a key of ``OPTIMIZERS``.
        quantized: the linear maps of the blocks are stored in NF4, doubly quantized.
    """
    value_bytes, copy = PRECISIONS[precision]
    total, state = total_parameters(config), OPTIMIZERS[optimizer]
    trained = total if kind == "full" else adapter_parameters(config, targets, rank=rank, kind=kind)
    linear = config.layers * sum(i * o for i, o in linear_shapes(config).values()) if quantized else 0
    weights = (total - linear) * value_bytes + linear * stored_bits(double=True) / 8
    of_layers = config.layers * kept_per_layer(config, kind, targets, rank=rank, value_bytes=value_bytes)
    at_the_end = 4 * config.width + config.vocab_size * value_bytes  # the last norm, and the softmax of the loss
    return {
        "weights": weights + (0 if kind == "full" else trained * ADAPTER_BYTES),
        "gradients": trained * (value_bytes if kind == "full" else ADAPTER_BYTES),
        "optimizer": trained * (state + (copy if kind == "full" else 0)),
        "activations": tokens * (of_layers + at_the_end),
    }
