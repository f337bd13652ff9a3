"""The explorer of sampling: what temperature, top-k and top-p do to the distribution of one next token."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from llmbook.chapters.gemma.assembled.plots import plot_next_tokens
from llmbook.generation import next_token_probabilities
from llmbook.widgets.explorer import Explorer, Prediction, Slider, explore

TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
TOP_K = (1, 2, 5, 10, 20, None)
TOP_P = (0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
ASKED = Prediction(
    "Raise the temperature from 0.5 to 2. Which filter then lets more tokens through than before?",
    {
        "Top-k 5": "Then the number of tokens that top-k keeps would depend on how sure the model is. Set top-k to 5, "
        "move the temperature, and count.",
        "Top-p 0.9": "Then it would take more tokens to reach the same sum of probabilities once they are more alike. "
        "Set top-p to 0.9, move the temperature, and count.",
        "Both": "Then each filter would react to the temperature. Set one of them at a time, move the temperature, and "
        "count the tokens that can be drawn.",
        "Neither": "Then the temperature would move probabilities and no borders. Set one filter at a time, move the "
        "temperature, and count the tokens that can be drawn.",
    },
)


def choices_left(probabilities: Tensor) -> float:
    """How many equally likely tokens would be as uncertain: the exponential of the entropy of ``(V,)``."""
    return float(torch.special.entr(probabilities.double()).sum().exp())


def leading(probabilities: Tensor, order: Tensor, shown: int) -> np.ndarray:
    """The probabilities of the first ``shown`` tokens of an order, and the sum of all others: ``(shown + 1,)``."""
    ordered = probabilities[order]
    return torch.cat((ordered[:shown], ordered[shown:].sum()[None])).numpy()


def sampling_frames(logits: Tensor, names: Sequence[str], *, prompt: str, shown: int = 8) -> Callable:
    """The pure function behind the explorer.

    Args:
        logits: of one next token, ``(V,)``.
        names: what the reader sees of each token, V of them; the mark of a leading space becomes visible.
        prompt: the text so far.
        shown: how many tokens get a bar of their own.

    Returns:
        A function from ``temperature``, ``top_k`` and ``top_p`` to a figure and a sentence.
    """
    own = logits.float().softmax(-1)
    order = own.argsort(descending=True)
    labels = [*(names[token].replace("▁", "␣") for token in order[:shown].tolist()), f"{len(own) - shown} others"]

    def draw(*, temperature: float, top_k: int | None, top_p: float) -> tuple[Figure, str]:
        drawn = next_token_probabilities(logits[None], temperature=temperature, top_k=top_k, top_p=top_p)[0]
        bars = (leading(own, order, shown), leading(drawn, order, shown))
        figure = plot_next_tokens(labels, *bars, title=f"“{prompt} …”")
        settings = f"Temperature {temperature:g}, top-k {_or_all(top_k)}, top-p {top_p:g}"
        return figure, f"{settings}: {describe(labels[0], own, drawn)}"

    return draw


def describe(first: str, own: Tensor, drawn: Tensor) -> str:
    """What a frame shows, in words."""
    kept = int((drawn > 0).sum())
    can = "only one token can be drawn" if kept == 1 else f"{kept} of {len(drawn)} tokens can be drawn"
    return (
        f"{can}; {first} has {100 * float(drawn.max()):.0f} % (the model's own: {100 * float(own.max()):.0f} %), and "
        f"the draw is as uncertain as one among {choices_left(drawn):.1f} equally likely tokens."
    )


def explore_sampling(logits: Tensor, names: Sequence[str], *, prompt: str) -> Explorer:
    """Temperature, top-k and top-p on a real distribution; arguments as in :func:`sampling_frames`."""
    return explore(
        sampling_frames(logits, names, prompt=prompt), name="sampling", predict=ASKED,
        caption="Outlines: the probabilities that the model gives. Bars: what is drawn from. The settings act in the "
                "order of the controls: temperature first, then top-k, then top-p.",
        temperature=Slider("Temperature", TEMPERATURES, 1.0, "{:g}", frames=(0.25, 0.5, 1.0, 2.0)),
        top_k=Slider("Top-k", TOP_K, None, _or_all, frames=(2, 5, None)),
        top_p=Slider("Top-p", TOP_P, 1.0, "{:g}", frames=(0.5, 0.9, 1.0)),
    )  # fmt: skip


def _or_all(value: int | None) -> str:
    return "all" if value is None else str(value)
