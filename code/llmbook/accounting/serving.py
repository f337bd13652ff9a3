r"""What it takes to serve a model: memory, seconds and the price of a thousand summaries, from a config and lengths.

A summary has two phases. **Reading** takes in the S tokens of a meeting at once: much arithmetic for each weight that
is fetched. **Writing** produces T tokens one after another, and each fetches all the weights that work on it. A machine
multiplies and fetches at the same time, so a phase takes at least as long as the slower of the two (the roofline),

.. math:: \text{seconds} = \max\Big( \frac{\text{FLOPs}}{\text{FLOPs a second}},
    \frac{\text{bytes}}{\text{bytes a second}} \Big),

and a thousand summaries cost :math:`1000 \cdot \text{seconds} \cdot \text{price of an hour} / 3600`, divided by the
size of the batch. What a machine does in a second and what an hour costs are the reader's numbers: none stands here.

Counted bytes are the weights, once a phase or once a token, and the cache, which every written token reads. Left out:
activations, norms, writing the cache, and the fixed time that a program needs for each step whatever the model. So
these are lower bounds. Source of the bound: Williams, Waterman and Patterson 2009 (Communications of the ACM 52(4)).
"""

from dataclasses import dataclass

from llmbook.accounting.decoder import flops_by_part, kv_cache_bytes, matrix_shapes, total_parameters
from llmbook.accounting.t5 import parameters_by_part, reading_flops, t5_cache_bytes, writing_flops
from llmbook.models.config import DecoderConfig
from llmbook.models.t5_config import T5Config

Config = DecoderConfig | T5Config
WEIGHT_BYTES = {"float32": 4.0, "bfloat16": 2.0, "8 bits": 1.0, "4 bits": 0.5}
"""Bytes of one weight. The scales of quantized formats are not counted."""


@dataclass(frozen=True)
class Machine:
    """What the reader's machine does, and what it costs."""

    flops: float
    """Floating-point operations in a second."""
    bandwidth: float
    """Bytes in a second between memory and processor."""
    price: float = 0.0
    """Of an hour, in any currency."""


@dataclass(frozen=True)
class Job:
    """Texts of one length that are summarized together.

    Raises:
        ValueError: a length or the batch is below 1.
    """

    read: int
    """S, tokens of a meeting."""
    written: int
    """T, tokens of its summary."""
    batch: int = 1
    """B, meetings at once."""
    weight_bytes: float = 2.0
    """Bytes of one weight."""
    value_bytes: int = 2
    """Bytes of one number in the cache; it usually stays at 16 bits when weights are quantized."""

    def __post_init__(self) -> None:
        if min(self.read, self.written, self.batch) < 1:
            raise ValueError(f"lengths and batch must be at least 1, not {self}")


@dataclass(frozen=True)
class Phase:
    """Arithmetic and traffic of reading or of writing, for a whole batch."""

    flops: float
    bytes: float

    @property
    def intensity(self) -> float:
        """FLOPs for each fetched byte; above the machine's FLOPs per byte the arithmetic sets the time."""
        return self.flops / self.bytes

    def seconds(self, machine: Machine) -> float:
        """The slower of multiplying and fetching: a lower bound."""
        return max(self.flops / machine.flops, self.bytes / machine.bandwidth)


def parameters(config: Config) -> int:
    """All numbers of a T5 or a decoder."""
    return sum(parameters_by_part(config).values()) if isinstance(config, T5Config) else total_parameters(config)


def memory_bytes(config: Config, job: Job) -> dict[str, float]:
    """Bytes that must fit into memory: "weights", and "cache" when the last token is written."""
    count = t5_cache_bytes if isinstance(config, T5Config) else _decoder_cache
    return {
        "weights": parameters(config) * job.weight_bytes,
        "cache": count(config, job.read, job.written, job.batch, job.value_bytes),
    }


def reading(config: Config, job: Job) -> Phase:
    """The phase that takes in the meetings: the encoder of a T5, or the first run of a decoder.

    Raises:
        ValueError: a decoder with a sliding window, whose scores these formulas do not count.
    """
    if isinstance(config, T5Config):
        flops = reading_flops(config, job.read)
        weights = config.layers * (4 * _inner(config) + _feedforward(config))
    else:
        flops = _decoder_reading_flops(config, job.read)
        weights = config.layers * _layer_weights(config, job.batch * job.read)
    return Phase(job.batch * flops, weights * job.weight_bytes)


def writing(config: Config, job: Job) -> Phase:
    """The phase that produces the summaries, one run for each token.

    A T5 runs its decoder T times and fetches the matrices that make keys and values of the meeting once. A decoder
    makes its first token with the run that read, and so runs T - 1 times more; the output matrix works T times.

    Raises:
        ValueError: a decoder with a sliding window, whose scores these formulas do not count.
    """
    if isinstance(config, T5Config):
        flops = writing_flops(config, job.read, job.written)
        a_token = config.decoder_layers * (6 * _inner(config) + _feedforward(config)) + config.vocab_size * config.width
        weights = job.written * a_token + config.decoder_layers * 2 * _inner(config)
        cached = sum(t5_cache_bytes(config, job.read, t, 1, job.value_bytes) for t in range(1, job.written + 1))
    else:
        runs, output = job.written - 1, config.vocab_size * config.width
        flops = sum(_layer_flops(config, job.read + run) for run in range(1, runs + 1)) + 2 * output * job.written
        weights = runs * config.layers * _layer_weights(config, job.batch) + job.written * output
        cached = sum(kv_cache_bytes(config, job.read + run, 1, job.value_bytes) for run in range(1, runs + 1))
    return Phase(job.batch * flops, weights * job.weight_bytes + job.batch * cached)


def seconds(config: Config, job: Job, machine: Machine) -> dict[str, float]:
    """Seconds of "reading" and of "writing" for the whole batch; lower bounds."""
    return {"reading": reading(config, job).seconds(machine), "writing": writing(config, job).seconds(machine)}


def price_of_a_thousand(config: Config, job: Job, machine: Machine) -> float:
    """What a thousand summaries cost at least, in the currency of ``machine.price``."""
    return price_of_seconds(sum(seconds(config, job, machine).values()) / job.batch, machine.price)


def price_of_seconds(each: float, price_of_an_hour: float, count: int = 1000) -> float:
    """What ``count`` summaries cost that take ``each`` seconds of the machine."""
    return count * each * price_of_an_hour / 3600


def _inner(config: T5Config) -> int:
    """Numbers of one attention matrix of a T5."""
    return config.width * config.heads * config.head_size


def _feedforward(config: T5Config) -> int:
    return (3 if config.gated else 2) * config.width * config.feedforward_width


def _decoder_cache(config: DecoderConfig, read: int, written: int, batch: int, value_bytes: int) -> int:
    return kv_cache_bytes(config, read + written - 1, batch, value_bytes)  # nobody looks at the last token


def _layer_weights(config: DecoderConfig, tokens: int) -> float:
    """Weights of one layer that a run over ``tokens`` tokens fetches.

    Of a sparse mixture, the experts that at least one token picks, if each token picks its experts evenly and on its
    own: :math:`E (1 - (1 - k / E)^n)` of E on average.
    """
    total = sum(inputs * outputs for shapes in matrix_shapes(config).values() for inputs, outputs in shapes)
    if not config.experts:
        return total
    idle = config.experts * (1 - config.experts_per_token / config.experts) ** tokens
    return total - idle * 3 * config.width * config.feedforward_width


def _layer_flops(config: DecoderConfig, context: int) -> int:
    """Of all layers for one token that looks at ``context`` positions."""
    if config.window is not None:
        raise ValueError("the formulas count attention to all positions; this model looks at a window of them")
    parts = flops_by_part(config, context)
    return sum(parts.values()) - parts["output_matrix"]


def _decoder_reading_flops(config: DecoderConfig, read: int) -> int:
    """Each token looks at itself and at those before: (S + 1) / 2 positions on average."""
    nothing = _layer_flops(config, 0)
    return read * nothing + (_layer_flops(config, 1) - nothing) * read * (read + 1) // 2
