"""The explorer of the page "The architecture": what a model notices of a change to its whole embedding."""

from dataclasses import replace

import torch
from matplotlib.figure import Figure
from torch import Tensor

from llmbook.debug import randomize_, relative_difference
from llmbook.models import Decoder
from llmbook.models.config import DecoderConfig
from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.widgets.explorer import Choice, Explorer, Prediction, explore

MODELS = {"OLMo": {}, "OLMo with tied embeddings": {"tie_embeddings": True}, "RMSNorm instead": {"norm": "rms"}}
CHANGES = {"3 added to every number": lambda table: table.add_(3.0),
           "every number times 3": lambda table: table.mul_(3.0),
           "3 added to one column": lambda table: table[:, 0].add_(3.0)}  # fmt: skip
SHOWN = 16
ROUNDING = 1e-4
PREDICTION = Prediction(
    "Somebody adds 3 to every number of OLMo's embedding matrix, and nothing else. What becomes of the logits?", {
        "They are another model's": "That would have meant that some layer reads the numbers as they stand. Every "
                                    "reader of the stream reads through a norm: choose RMSNorm, which keeps the mean.",
        "They change a little": "That would have meant that each norm takes a part of the 3 away and lets a rest "
                                "through. Choose the change to one column, of which a rest does come through.",
        "They stay as they are": "That would have meant that LayerNorm subtracts all of it, in every layer and at the "
                                 "end. Choose tied embeddings: there the output matrix has been changed too.",
    })  # fmt: skip


def logits_before_and_after(config: DecoderConfig, ids: Tensor, model: str, change: str) -> tuple[Tensor, Tensor]:
    """The logits of a model with loud random weights, and again after its embedding was changed.

    Args:
        config: of an OLMo.
        ids: ``(B, T)``.
        model: a key of :data:`MODELS`.
        change: a key of :data:`CHANGES`.
    """
    with torch.no_grad():
        decoder = randomize_(Decoder(replace(config, **MODELS[model])), seed=1)
        before = decoder(ids)
        CHANGES[change](decoder.embed_tokens.weight)
        return before, decoder(ids)


@styled
def draw_logits(before: Tensor, after: Tensor) -> Figure:
    """The logits of a few tokens, before a change and after it.

    Args:
        before: one for each token.
        after: likewise.
    """
    figure, ax = new_figure(size=(6.0, 3.2))
    tokens = range(len(before))
    ax.vlines(tokens, before.tolist(), after.tolist(), color=PALETTE["gray"], linewidth=1.2)
    ax.plot(tokens, before.tolist(), linestyle="", marker="o", markersize=9, markerfacecolor="none",
            markeredgewidth=1.6, color=PALETTE["blue"], label="before")
    ax.plot(tokens, after.tolist(), linestyle="", marker="s", markersize=4.5, color=PALETTE["vermillion"],
            label="after")
    ax.set(xlabel="token", ylabel="logit", xticks=list(tokens)[::5])
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def explore_shift(config: DecoderConfig, ids: Tensor) -> Explorer:
    """The logits of a small model before and after its embedding is changed.

    Args:
        config: of an OLMo.
        ids: ``(B, T)``.
    """

    def draw(model: str, change: str) -> tuple[Figure, str]:
        before, after = logits_before_and_after(config, ids, model, change)
        gap = relative_difference(after, before)
        said = "do not change, up to rounding" if gap < ROUNDING else f"change by up to {gap:.0%} of the largest"
        same = (before.argmax(-1) == after.argmax(-1)).double().mean().item()
        return draw_logits(before[0, -1, :SHOWN], after[0, -1, :SHOWN]), (
            f"{model}, {change}: the logits {said}; the most likely token is the same at {same:.0%} of the positions.")

    return explore(
        draw, name="shift", predict=PREDICTION,
        caption="A small model with large random weights reads 24 tokens, twice: before its embedding is changed, and "
                "after. Shown are logits at the last position. Circle and square on each other: nothing has changed.",
        model=Choice("Model", list(MODELS), "OLMo"),
        change=Choice("Change to the embedding", list(CHANGES), "3 added to every number"),
    )  # fmt: skip
