"""The explorer of the page "OLMo 1, 2 and 3 as a diff": what windows leave of the KV cache, layer by layer."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from llmbook.accounting import kv_cache_bytes
from llmbook.models.config import DecoderConfig
from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.widgets.explorer import Explorer, Prediction, Slider, explore

CONTEXTS = (4_096, 8_192, 16_384, 32_768, 65_536)
EVERY = (2, 4, 8, 16)
PREDICTION = Prediction(
    "A window is 4,096 of 65,536 tokens, a sixteenth. In OLMo 3, three of four layers have one. What is left of the "
    "cache of a text that long?", {
        "A sixteenth": "That would have meant that every layer has a window. Look at the bars: which are tall, and "
                       "what do they cost together?",
        "Less than a third": "That would have meant that the layers with a window keep little, and the others "
                             "everything. Let every second layer see everything, then every eighth, and compare.",
        "Three quarters": "That would have meant that one layer in four has a window, or that a window saves little. "
                          "Compare a short bar with a tall one, and count both.",
    })  # fmt: skip


def cache_by_layer(config: DecoderConfig, context: int) -> list[int]:
    """Bytes of keys and values that each layer has to keep.

    Args:
        config: of the model, with its windows.
        context: tokens read.
    """
    one_layer = replace(config, layers=1)
    return [kv_cache_bytes(one_layer, min(context, window or context)) for window in config.windows]


@styled
def draw_layers(sizes: Sequence[float], full: float) -> Figure:
    """A bar for each layer, and a line for a layer that keeps everything.

    Args:
        sizes: MiB of each layer.
        full: MiB of a layer without a window.
    """
    figure, ax = new_figure(size=(6.0, 3.2))
    colors = [PALETTE["vermillion" if size == full else "blue"] for size in sizes]
    ax.bar(range(1, len(sizes) + 1), sizes, color=colors, width=0.75)
    ax.axhline(full, color=PALETTE["gray"], linewidth=1.2, linestyle=(0, (4, 2)))
    ax.set(xlabel="layer", ylabel="keys and values, MiB", ylim=(0, 1.1 * full), xticks=[1, 8, 16, 24, 32])
    ax.grid(axis="x", visible=False)
    return figure


def explore_windows(config: DecoderConfig) -> Explorer:
    """The cache of a model with windows, by length of the text and by how many layers see everything.

    Args:
        config: of the model.
    """

    def draw(context: int, every: int) -> tuple[Figure, str]:
        changed = replace(config, full_attention_every=every)
        sizes = [size / 2**20 for size in cache_by_layer(changed, context)]
        full = kv_cache_bytes(config, context) / 2**20
        tall = sum(size * len(sizes) == full for size in sizes)
        return draw_layers(sizes, full / len(sizes)), (
            f"{context:,} tokens, {config.layers // every} of {config.layers} layers without a window: {tall} layers "
            f"keep everything, and the cache is {sum(sizes) / 1024:.2f} GiB, {sum(sizes) / full:.1%} of the full one.")

    return explore(
        draw, name="windows", predict=PREDICTION,
        caption="Keys and values of OLMo 3 7B, layer by layer. Dashed: a layer that keeps the whole text. Shorten the "
                "text: from where on does a window save nothing?",
        context=Slider("Length of the text", CONTEXTS, CONTEXTS[-1], "{:,} tokens"),
        every=Slider("Without a window", EVERY, 4, "one layer in {}"),
    )  # fmt: skip
