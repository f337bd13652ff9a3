"""The explorer of the front page: a small Gemma, and the same one with a single detail wrong.

Both have the same random weights and read the same tokens. Every dot is one logit, as it should be and as it came
out. "Quiet" weights are those of a fresh model; "loud" ones are large and random in every tensor, norms included.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from matplotlib.figure import Figure
from torch import Tensor

from llmbook.debug import randomize_, relative_difference
from llmbook.models import Decoder, gemma, initialize_
from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.training.generators import undrawn
from llmbook.widgets.explorer import Choice, Explorer, explore

CONFIG = gemma.tiny(vocab_size=64, max_length=32)
POSITIONS = 24
SHOWN = 120  # dots; more would only be darker
Weights = dict[str, Tensor]


def exchange_branches(weights: Weights) -> Weights:
    """Take the gate for the other branch, as a wrong conversion of a fused matrix does."""
    names = {"gate_proj": "up_proj", "up_proj": "gate_proj"}
    return {name: weights[".".join(names.get(piece, piece) for piece in name.split("."))] for name in weights}


def forget_gains(weights: Weights) -> Weights:
    """Leave every norm as it was before loading."""
    return {name: torch.zeros_like(tensor) if "norm" in name else tensor for name, tensor in weights.items()}


DETAILS: dict[str, dict | Callable[[Weights], Weights]] = {
    "nothing": {},
    "the exact GELU, not its approximation": {"activation": "gelu"},
    "gate and value exchanged": exchange_branches,
    "a gain of w, not 1 + w": {"norm": "rms"},
    "the gains never loaded": forget_gains,
    "eps 1e-5, not 1e-6": {"norm_eps": 1e-5},
    "the embedding not scaled": {"scale_embedding": False},
    "another rotation base": {"rope_base": 1e6},
}
WEIGHTS = ("loud", "quiet")


def right_model(weights: str) -> Decoder:
    """The model without a mistake."""
    if weights == "loud":
        return randomize_(undrawn(Decoder, CONFIG), 0).eval()
    return initialize_(undrawn(Decoder, CONFIG), torch.Generator().manual_seed(0)).eval()


def wrong_model(detail: str, weights: str) -> Decoder:
    """The same weights in a model with one detail wrong."""
    mistake, sound = DETAILS[detail], right_model(weights).state_dict()
    changed, loaded = ({}, mistake(sound)) if callable(mistake) else (mistake, sound)
    model = undrawn(Decoder, replace(CONFIG, **changed)).eval()
    model.load_state_dict(loaded)
    return model


@torch.no_grad()
def compare(detail: str, weights: str) -> tuple[Tensor, Tensor]:
    """Logits ``(T, V)`` as they should be, and as they come out."""
    ids = torch.randint(CONFIG.vocab_size, (1, POSITIONS), generator=torch.Generator().manual_seed(1))
    return right_model(weights)(ids)[0], wrong_model(detail, weights)(ids)[0]


def share(part: float) -> str:
    """A part of a whole as a reader says it: "40 %", or "one part in 3,000"."""
    if part >= 0.01:
        return f"{part:.0%}".replace("%", " %")
    return f"one part in {float(f'{1 / part:.1g}'):,.0f}"


def describe(detail: str, right: Tensor, wrong: Tensor) -> str:
    """What a frame shows, in words."""
    difference = relative_difference(wrong, right)
    others = int((right.argmax(-1) != wrong.argmax(-1)).sum())
    if difference == 0:
        said = "every logit is the same to the last bit"
    else:
        said = f"the worst logit is off by {share(difference)} of the largest"
    chosen = f"another next token would be chosen at {others} of {len(right)} positions"
    opening = "Nothing is wrong" if detail == "nothing" else f"Wrong: {detail}"
    return f"{opening}. Here {said}, and {chosen}."


@styled
def draw_detail(*, detail: str, weights: str) -> tuple[Figure, str]:
    """The frame of the explorer."""
    right, wrong = compare(detail, weights)
    figure, ax = new_figure(size=(4.6, 4.2))
    low, high = float(right.min()), float(right.max())
    margin = 0.08 * (high - low)
    ax.plot([low - margin, high + margin], [low - margin, high + margin], color=PALETTE["gray"], linewidth=1.2)
    dots = torch.randperm(right.numel(), generator=torch.Generator().manual_seed(2))[:SHOWN]
    ax.scatter(right.flatten()[dots], wrong.flatten()[dots], s=13, color=PALETTE["blue"], alpha=0.75, linewidth=0)
    ax.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
    ax.set_xlabel("logit as it should be")
    ax.set_ylabel("logit as it comes out")
    return figure, describe(detail, right, wrong)


def one_wrong_detail() -> Explorer:
    """Choose a mistake and the kind of weights, and see what becomes of the logits."""
    return explore(
        draw_detail,
        caption="A small Gemma with one detail wrong. On the line: right. Off it: the model says something else.",
        name="one-wrong-detail",
        detail=Choice("What is wrong", list(DETAILS), "a gain of w, not 1 + w"),
        weights=Choice("Weights", WEIGHTS, "loud"),
    )
