"""The explorer of the page "In practice": what arrives of an update that is merged into bf16."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.widgets.explorer import Explorer, Prediction, Slider, explore

POINTS = 160
PREDICTION = Prediction(
    "An update is about a hundredth as large as the weights that it is merged into, in bf16. How much of it is lost?", {
        "Hardly anything": "That would have meant that a hundredth of a weight is far above what bf16 can tell apart. "
                           "The steps are four to eight thousandths of a weight wide: look how coarse the stairs are.",
        "About a fifth": "That would have meant that the change of a weight is often smaller than a step or two, and "
                         "still on average much larger than the error. Move the size down, and watch the zeros.",
        "Nearly all of it": "That would have meant that most changes are below half a step and round to nothing. Move "
                            "the size down until that is so: how small does the update have to be?",
    })  # fmt: skip


@dataclass(frozen=True)
class Merged:
    """An update that was merged into weights of low precision."""

    meant: Tensor
    """By how much each weight was to change."""
    arrived: Tensor
    """By how much it did."""
    size: float
    """Of the update, relative to the weights."""

    @property
    def unchanged(self) -> float:
        """Share of the weights that are the same bits before and after."""
        return (self.arrived == 0).double().mean().item()

    @property
    def lost(self) -> float:
        """Error of the update that arrived, relative to the one that was meant."""
        return ((self.arrived - self.meant).norm() / self.meant.norm()).item()


def merge_into_bf16(weight: Tensor, update: Tensor, shrink: float) -> Merged:
    """Add a part of an update to weights in bf16, in float32, and round once.

    Args:
        weight: any shape.
        update: likewise.
        shrink: what the update is multiplied by.
    """
    base, meant = weight.bfloat16().float(), shrink * update
    arrived = (base + meant).bfloat16().float() - base
    return Merged(meant, arrived, (meant.norm() / weight.norm()).item())


@styled
def draw_stairs(weight: Tensor, merged: Merged) -> Figure:
    """The change that arrived against the one that was meant, both in percent of the weight: a stair.

    Args:
        weight: as given to :func:`merge_into_bf16`.
        merged: what came of it.
    """
    figure, ax = new_figure(size=(6.0, 3.6))
    chosen = torch.linspace(0, weight.numel() - 1, POINTS).long()
    base = weight.bfloat16().float().abs()[chosen].clamp_min(1e-12)
    meant, arrived = (100 * each[chosen] / base for each in (merged.meant, merged.arrived))
    reach = 250 * merged.size
    inside = meant.abs() < reach
    ax.axline((0, 0), slope=1, color=PALETTE["gray"], linewidth=1.2, linestyle=(0, (4, 2)), label="nothing lost")
    ax.plot(meant[inside].tolist(), arrived[inside].tolist(), linestyle="", marker="o", markersize=4,
            color=PALETTE["blue"], label="a weight")
    ax.set(xlim=(-reach, reach), ylim=(-1.15 * reach, 1.15 * reach), xlabel="change that was meant, % of the weight",
           ylabel="change that arrived, %")
    ax.legend(loc="upper left", fontsize=10)
    return figure


def explore_merge(weight: Tensor, update: Tensor, shrinks: Sequence[float]) -> Explorer:
    """What arrives of an update in bf16, by its size.

    Args:
        weight: of the base, flat.
        update: of the adapter, flat.
        shrinks: what the update is multiplied by, one after the other.
    """
    size = (update.norm() / weight.norm()).item()

    def draw(shrink: float) -> tuple[Figure, str]:
        merged = merge_into_bf16(weight, update, shrink)
        return draw_stairs(weight, merged), (
            f"An update of {merged.size:.2g} of the weights: {merged.unchanged:.0%} of the weights do not change, and "
            f"{merged.lost:.0%} of the update is lost.")

    start = min(shrinks, key=lambda shrink: abs(shrink * size - 0.01))
    return explore(
        draw, name="merge", predict=PREDICTION,
        caption="Each point is a weight. On the dashed line the change arrives as it was meant; a flat stretch at zero "
                "is a weight that does not move. Make the update smaller, and see the stairs come out.",
        shrink=Slider("Size of the update", list(shrinks), start, lambda shrink: f"{shrink * size:.2g} of the weights"),
    )  # fmt: skip
