"""Architecture drawings: a decoder block and the whole decoder.

Every drawing is read from the bottom up. The thick line is the residual stream: what stands on it changes the stream
itself, what stands beside it reads from the stream and adds to it. Source for the places of the norm: Xiong et al.,
"On Layer Normalization in the Transformer Architecture" (2020), figure 1.
"""

from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.diagram import RADIUS, box, canvas, frame, node, note, wire
from llmbook.plots.style import styled

NORM_LABELS = {"layer": "LayerNorm", "layer_free": "LayerNorm, without gain and bias", "rms": "RMSNorm",
               "rms_unit": "RMSNorm, with gain 1 + w"}
GATED_LABELS = {"silu": "SwiGLU", "gelu": "GeGLU", "gelu_tanh": "GeGLU", "relu": "ReGLU", "sigmoid": "GLU",
                "identity": "bilinear"}

BESIDE = 1.11  # from the stream to the middle of what stands beside it
LANES = {"pre": 0.2, "post": 0.47, "both": 0.2, "output": 0.2}  # where the stream is in a drawing of one block
BOX_HEIGHTS = {"norm": 0.36, "attention": 0.52, "feedforward": 0.52}
BLOCK_HEIGHTS = {"pre": 4.6, "post": 4.6, "both": 5.75, "output": 4.6}


@styled
def draw_decoder_block(
    *, norm_place: str = "pre", norm: str = "RMSNorm", attention: str = "attention", feedforward: str = "feed-forward",
    parallel: bool = False, ax: Any = None,
) -> Figure:
    """One block: attention and feed-forward layer beside the residual stream, and where the norm stands.

    Args:
        norm_place: "pre" (before each sublayer), "post" (on the stream, after each addition), "both" (before and
            after each sublayer, beside the stream) or "output" (after each sublayer, beside the stream).
        norm: Label of the norm, at most 9 letters a line.
        attention: Label of the attention, at most 12 letters a line.
        feedforward: Label of the feed-forward layer, at most 12 letters a line.
        parallel: Both sublayers read the same input (GPT-J, Falcon, Phi). Pre-norm only.
        ax: Axes to draw on; new ones by default.

    Raises:
        ValueError: If ``norm_place`` is not one of the four, or ``parallel`` is not pre-norm.
    """
    if norm_place not in BLOCK_HEIGHTS:
        raise ValueError(f'norm_place is "pre", "post", "both" or "output", not {norm_place!r}')
    if parallel:
        if norm_place != "pre":
            raise ValueError('a parallel block is drawn with norm_place="pre"')
        return _parallel_block(norm, attention, feedforward, ax)
    lane, height = LANES[norm_place], BLOCK_HEIGHTS[norm_place]
    figure, ax = canvas(ax, lane + BESIDE + 0.72, height)
    y = _sublayer(ax, lane, 0.4, norm_place, norm, attention, "attention")
    _sublayer(ax, lane, y, norm_place, norm, feedforward, "feedforward")
    wire(ax, (lane, 0.06), (lane, height - 0.06), stream=True)
    return figure


def _sublayer(ax: Any, lane: float, y: float, norm_place: str, norm: str, label: str, kind: str) -> float:
    """Draw a sublayer whose branch leaves the stream at height y; returns the height where the next may start."""
    steps = {"pre": ["norm", kind], "post": [kind], "both": ["norm", kind, "norm"], "output": [kind, "norm"]}
    steps = steps[norm_place]
    beside = lane + BESIDE
    wire(ax, (lane, y), (beside, y), (beside, y + 0.33))
    y += 0.33
    for place, step in enumerate(steps):
        if place:
            wire(ax, (beside, y), (beside, y + 0.2))
            y += 0.2
        height = BOX_HEIGHTS[step]
        box(ax, beside, y + height / 2, norm if step == "norm" else label, width=1.24, height=height, kind=step)
        y += height
    wire(ax, (beside, y), (beside, y + 0.28), (lane + RADIUS, y + 0.28))
    node(ax, lane, y + 0.28, "+")
    if norm_place == "post":
        box(ax, lane, y + 0.72, norm, width=0.9, height=0.36, kind="norm", fontsize=10.5)
    return y + (1.15 if norm_place == "post" else 0.6)


def _parallel_block(norm: str, attention: str, feedforward: str, ax: Any) -> Figure:
    figure, ax = canvas(ax, 3.48, 3.2)
    lane, first, second = LANES["pre"], LANES["pre"] + BESIDE, LANES["pre"] + BESIDE + 1.45
    wire(ax, (lane, 0.4), (first, 0.4), (first, 0.73))
    box(ax, first, 0.91, norm, width=1.24, height=0.36, kind="norm")
    wire(ax, (first, 1.09), (first, 1.5))
    wire(ax, (first, 1.28), (second, 1.28), (second, 1.5))
    box(ax, first, 1.76, attention, width=1.24, height=0.52, kind="attention")
    box(ax, second, 1.76, feedforward, width=1.24, height=0.52, kind="feedforward")
    for x, y in ((first, 2.3), (second, 2.72)):
        wire(ax, (x, 2.02), (x, y), (lane + RADIUS, y))
        node(ax, lane, y, "+")
    wire(ax, (lane, 0.06), (lane, 3.14), stream=True)
    return figure


@styled
def draw_decoder(config: Any, *, ax: Any = None) -> Figure:
    """The whole decoder with its sizes.

    Args:
        config: A ``DecoderConfig``.
        ax: Axes to draw on; new ones by default.
    """
    place = config.norm_place
    height = BLOCK_HEIGHTS[place] + (4.05 if config.scale_embedding else 3.6)
    figure, ax = canvas(ax, 4.9, height)
    lane, right = 0.95, 2.85
    y = _embedding(ax, lane, config)
    frame(ax, 0.25, y, 4.55, BLOCK_HEIGHTS[place] + 0.05)
    note(ax, 4.68, y + 0.22, f"{config.layers} blocks", align="right", bold=True)
    norm, start = NORM_LABELS[config.norm].partition(", ")[0], y + 0.45
    middle = _sublayer(ax, lane, start, place, norm, "attention", "attention")
    _sublayer(ax, lane, middle, place, norm, _feedforward_label(config), "feedforward")
    offset = 0.33 + 0.26 + (0.56 if place in ("pre", "both") else 0)
    note(ax, right, start + offset, _heads_note(config))
    note(ax, right, middle + offset, f"{config.width:,} → {config.feedforward_width:,}\n→ {config.width:,}")
    _output(ax, lane, y + BLOCK_HEIGHTS[place] + 0.05, config)
    wire(ax, (lane, 0.4), (lane, height - 0.4), stream=True)
    return figure


def _embedding(ax: Any, lane: float, config: Any) -> float:
    """Token ids to the stream; returns the height where the blocks begin."""
    note(ax, lane, 0.2, "token ids", align="center", fontsize=11, bold=True)
    note(ax, 1.85, 0.2, "T numbers")
    box(ax, lane, 0.95, "embedding", width=1.24, kind="embedding")
    note(ax, 1.85, 0.95, f"{config.vocab_size:,} rows of {config.width:,}")
    if not config.scale_embedding:
        return 1.5
    node(ax, lane, 1.42, "x")
    note(ax, 1.85, 1.42, f"times the root of {config.width:,}")
    return 1.95


def _output(ax: Any, lane: float, y: float, config: Any) -> None:
    """The last norm and the logits, from height y."""
    norm, _, remark = NORM_LABELS[config.norm].partition(", ")
    box(ax, lane, y + 0.45, norm, width=1.24, height=0.36, kind="norm")
    note(ax, 1.85, y + 0.45, remark)
    box(ax, lane, y + 1.07, "output", width=1.24, kind="embedding")
    note(ax, 1.85, y + 1.07, "the embedding's matrix again" if config.tie_embeddings else
         f"{config.width:,} → {config.vocab_size:,}")
    note(ax, lane, y + 1.83, "logits", align="center", fontsize=11, bold=True)
    note(ax, 1.85, y + 1.83, f"T rows of {config.vocab_size:,}")


def _feedforward_label(config: Any) -> str:
    return GATED_LABELS.get(config.activation, "gated") if config.gated else "feed-forward"


def _heads_note(config: Any) -> str:
    keys = "1 key-value head" if config.kv_heads == 1 else f"{config.kv_heads} key-value heads"
    return f"{config.heads} query heads\n{keys}\nof size {config.head_size}"
