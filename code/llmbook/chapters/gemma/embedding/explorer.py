"""The explorer of the page "The scaled embedding": width, start, factor and dtype, and three sizes that follow."""

import math

import torch
from matplotlib.figure import Figure

from llmbook.chapters.gemma.embedding.plots import plot_budget
from llmbook.layers.embedding import embedding_scale
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

SCHEMES = {
    "normal": "N(0, 1), nn.Embedding",
    "linear": "uniform, nn.Linear",
    "gpt2": "N(0, 0.02²), GPT-2",
    "fan_in": "N(0, 1/D), RecurrentGemma",
    "jax": "N(0, 0.01²), Gemma's JAX code",
}
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}
FACTORS = {"none": "none", "sqrt": "times the root of D"}
NAMES = ("stored entry", "entry in the stream", "logit, if tied")
ASKED = Prediction(
    "A tied model of width 3,072, without the factor. Which start puts both stream and logits into the gray band?",
    {
        "N(0, 1)": "Then logits made of entries of size one would be of size one as well. Choose that start with no "
        "factor, and look where the logits stand.",
        "N(0, 1/D)": "Then small stored entries would reach the stream at size one by themselves. Choose that start "
        "with no factor, and look where the stream stands.",
        "N(0, 0.02²)": "Then the start of GPT-2 would fit both ends. Choose it with no factor, then with it, and see "
        "which of the two ends moves.",
        "None of them": "Then the two ends would ask for sizes that lie too far apart for one matrix. Go through all "
        "starts with no factor, and then once more with it.",
    },
)


def entry_std(scheme: str, width: int) -> float:
    """Standard deviation of the embedding's entries for one of :data:`SCHEMES`."""
    return {"normal": 1.0, "linear": 1 / math.sqrt(3 * width), "gpt2": 0.02, "fan_in": width**-0.5, "jax": 0.01}[scheme]


def sizes(scheme: str, width: int, factor: str, dtype: str) -> dict[str, float]:
    """Three root mean squares at the start: what is stored, what enters the stream, a logit of a tied model.

    The vector before the output matrix has been normalized, so a logit is a sum of D products with mean square
    ``std**2``: its size is ``std * sqrt(D)``, whatever the factor at the input.
    """
    std = entry_std(scheme, width)
    scale = float(embedding_scale(width, DTYPES[dtype])) if factor == "sqrt" else 1.0
    return dict(zip(NAMES, (std, std * scale, std * math.sqrt(width)), strict=True))


def draw_budget(width: int, scheme: str, factor: str, dtype: str) -> tuple[Figure, str]:
    """One frame: the three sizes on one axis."""
    values = sizes(scheme, width, factor, dtype)
    scale = float(embedding_scale(width, DTYPES[dtype])) if factor == "sqrt" else 1.0
    figure = plot_budget({"": values}, title=f"width {width}, {dtype}, factor {scale:.6g}")
    stored, entry, logit = values.values()
    return figure, (f"Width {width}, {SCHEMES[scheme]}, factor {scale:.6g} ({dtype}): stored entries have size "
                    f"{stored:.3g}, entries in the stream {entry:.3g}, logits of a tied model {logit:.3g}. "
                    f"{verdict(entry, logit)}")


def verdict(entry: float, logit: float) -> str:
    """Which of the two ends is of order one, from 0.5 to 2."""
    ends = {"the stream": 0.5 <= entry <= 2, "the logits": 0.5 <= logit <= 2}
    good = [name for name, fits in ends.items() if fits]
    if len(good) == 2:
        return "Both ends are of order one."
    return f"Only {good[0]} are of order one.".replace("stream are", "stream is") if good else "Neither end is."


def explore_embedding_scale() -> Explorer:
    """Sizes at both ends of a tied model, for a width, a start, a factor and a dtype."""
    return explore(
        draw_budget, name="embedding-scale", predict=ASKED,
        caption="Three sizes that follow from one choice. Look for a setting that puts the stream and the logits into "
                "the gray band at every width. The logits are those of the budget, without the echo of the last word.",
        width=Slider("Width D", [512, 1024, 2048, 2304, 3072, 4096, 8192], 3072, frames=[1024, 3072]),
        scheme=Choice("Embedding drawn from", list(SCHEMES), "fan_in", SCHEMES.__getitem__,
                      frames=["normal", "linear", "gpt2", "fan_in"]),
        factor=Choice("Factor", list(FACTORS), "none", FACTORS.__getitem__),
        dtype=Choice("Number format", list(DTYPES), "bfloat16"),
    )  # fmt: skip
