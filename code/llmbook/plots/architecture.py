"""Architecture drawings: a decoder block, the whole decoder, gated feed-forward layers, heads that share keys.

Every drawing is read from the bottom up. The thick line is the residual stream: what stands on it changes the stream
itself, what stands beside it reads from the stream and adds to it. Sources: for the places of the norm, Xiong et al.,
"On Layer Normalization in the Transformer Architecture" (2020), figure 1; for gates, Shazeer, "GLU Variants Improve
Transformer" (2020), section 2; for shared heads, Ainslie et al., "GQA" (2023), figure 2.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.diagram import RADIUS, box, canvas, draw_side_by_side, frame, node, note, wire
from llmbook.plots.style import styled

NORM_LABELS = {"layer": "LayerNorm", "layer_free": "LayerNorm, without gain and bias", "rms": "RMSNorm",
               "rms_unit": "RMSNorm, with gain 1 + w"}
GATED_LABELS = {"silu": "SwiGLU", "gelu": "GeGLU", "gelu_tanh": "GeGLU", "relu": "ReGLU", "sigmoid": "GLU",
                "identity": "bilinear"}
GATE_FUNCTIONS = {"GeGLU": "GELU", "SwiGLU": "SiLU", "ReGLU": "ReLU", "GLU": "sigmoid", "bilinear": "identity"}

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
def draw_glu(kind: str = "GeGLU", *, ax: Any = None) -> Figure:
    """A plain feed-forward layer beside a gated one: two matrices and a bend, three matrices and a product.

    Args:
        kind: "GeGLU", "SwiGLU", "ReGLU", "GLU" or "bilinear".
        ax: Axes to draw on; new ones by default.

    Raises:
        ValueError: If ``kind`` is another word.
    """
    if kind not in GATE_FUNCTIONS:
        raise ValueError(f"kind is one of {sorted(GATE_FUNCTIONS)}, not {kind!r}")
    figure, ax = canvas(ax, 5.3, 4.75)
    _plain_feedforward(ax, 0.85, "GELU" if kind == "bilinear" else GATE_FUNCTIONS[kind])
    _gated_feedforward(ax, 2.75, 4.35, kind)
    return figure


def _plain_feedforward(ax: Any, x: float, function: str) -> None:
    note(ax, x, 4.58, "plain", align="center", fontsize=11.5, bold=True)
    note(ax, x, 0.16, "x", align="center", fontsize=12, bold=True)
    wire(ax, (x, 0.3), (x, 0.75))
    box(ax, x, 0.98, "up\nD → F", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (x, 1.23), (x, 1.6))
    box(ax, x, 1.8, function, width=1.1, kind="gate")
    wire(ax, (x, 2.0), (x, 3.25))
    box(ax, x, 3.5, "down\nF → D", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (x, 3.75), (x, 4.25))


def _gated_feedforward(ax: Any, gate: float, up: float, kind: str) -> None:
    middle, top = (gate + up) / 2, 2.6
    note(ax, middle, 4.58, f"gated: {kind}", align="center", fontsize=11.5, bold=True)
    note(ax, middle, 0.16, "x", align="center", fontsize=12, bold=True)
    for x, name in ((gate, "gate"), (up, "up")):
        wire(ax, (middle, 0.3), (middle, 0.5), (x, 0.5), (x, 0.75))
        box(ax, x, 0.98, f"{name}\nD → F", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (gate, 1.23), (gate, 1.6))
    box(ax, gate, 1.8, GATE_FUNCTIONS[kind], width=1.1, kind="gate")
    wire(ax, (gate, 2.0), (gate, top), (middle - RADIUS, top))
    wire(ax, (up, 1.23), (up, top), (middle + RADIUS, top))
    node(ax, middle, top, "x")
    note(ax, middle, top - 0.32, "value by value", align="center")
    wire(ax, (middle, top + RADIUS), (middle, 3.25))
    box(ax, middle, 3.5, "down\nF → D", width=1.1, height=0.5, kind="feedforward")
    wire(ax, (middle, 3.75), (middle, 4.25))


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


@styled
def draw_heads(heads: int = 8, kv_heads: int = 1, *, ax: Any = None) -> Figure:
    """Which query heads read which keys and values: multi-head, grouped-query or multi-query attention.

    Args:
        heads: H, query heads.
        kv_heads: K, key and value heads; divides H.
        ax: Axes to draw on; new ones by default.

    Raises:
        ValueError: If ``kv_heads`` does not divide ``heads``.
    """
    if heads % kv_heads:
        raise ValueError(f"heads ({heads}) must be a multiple of kv_heads ({kv_heads})")
    figure, ax = canvas(ax, 5.0, 2.3)
    step, group = 4.0 / heads, heads // kv_heads
    name = {heads: "multi-head", 1: "multi-query"}.get(kv_heads, "grouped-query")
    title = f"{name}: {heads} query heads, {kv_heads} key-value head" + ("s" if kv_heads > 1 else "")
    note(ax, 0.06, 2.02, title, fontsize=11.5, bold=True)
    for row, label in ((1.45, "queries"), (0.62, "keys"), (0.24, "values")):
        note(ax, 0.06, row, label, fontsize=10.5)
    for head in range(heads):
        x, shared = 0.95 + step * (head + 0.5), 0.95 + step * group * (head // group + 0.5)
        wire(ax, (x, 1.32), (shared, 0.76), arrow=False)
        box(ax, x, 1.45, "", width=0.72 * step, height=0.3, kind="attention")
    for head in range(kv_heads):
        x = 0.95 + step * group * (head + 0.5)
        for y in (0.62, 0.24):
            box(ax, x, y, "", width=0.72 * step, height=0.3, kind="values")
    return figure


def draw_norm_places(**labels: str) -> Figure:
    """Pre-norm, post-norm and both, side by side; ``labels`` as in :func:`draw_decoder_block`."""
    drawings = [partial(draw_decoder_block, norm_place=place, **labels) for place in ("pre", "post", "both")]
    return draw_side_by_side(drawings, titles=["pre-norm", "post-norm", "both"])


def draw_head_sharing(heads: int = 8, kv_heads: Sequence[int] = (8, 2, 1)) -> Figure:
    """The kinds of attention under one another, from most keys and values to fewest."""
    return draw_side_by_side([partial(draw_heads, heads, count) for count in kv_heads], columns=1)
