"""The explorer of activation functions: what one of them does to numbers of a given size."""

import torch
from matplotlib.figure import Figure
from torch import Tensor

from llmbook.chapters.gemma.activations.plots import plot_passage
from llmbook.layers.activation import ACTIVATIONS, DERIVATIVES
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

TITLES = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "sigmoid": "sigmoid"}
SPREADS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
REACH = 6.0  # the picture's x axis
SHUT = 0.01  # a slope this small passes next to nothing
ASKED = Prediction(
    "Widen the inputs of a ReLU from a spread of 0.5 to one of 8. What becomes of the share that passes no gradient?",
    {
        "It grows": "Then wide inputs would be cut off more often than narrow ones. Choose ReLU and set both spreads; "
        "then do the same with GELU.",
        "It stays": "Then only the sign of an input would count, and not its size. Choose ReLU and set both spreads; "
        "then look whether GELU agrees.",
        "It shrinks": "Then the positive side would gain inputs from the negative one. Choose ReLU and set both "
        "spreads, and look at the middle of the histogram of inputs.",
    },
)


def normal_sample(spread: float, count: int = 20_001) -> Tensor:
    """Evenly spaced quantiles of N(0, spread^2), ``(count,)``, float64: a sample without chance."""
    levels = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return spread * torch.special.ndtri(levels)


def passage(activation: str, spread: float) -> dict[str, float]:
    """What happens to normal inputs of that standard deviation.

    Returns:
        ``mean`` and ``size`` (root mean square) of the outputs, ``slope`` (root mean square of the derivative, the
        factor by which a random gradient shrinks), and ``shut``, the share of inputs whose slope is below 0.01.
    """
    x = normal_sample(spread)
    y, slope = ACTIVATIONS[activation](x), DERIVATIVES[activation](x)
    return {
        "mean": y.mean().item(),
        "size": y.square().mean().sqrt().item(),
        "slope": slope.square().mean().sqrt().item(),
        "shut": (slope.abs() < SHUT).double().mean().item(),
    }


def draw_activation(*, activation: str, spread: float) -> tuple[Figure, str]:
    """One frame: the curve over the inputs, and the histogram of the outputs."""
    x = torch.linspace(-REACH, REACH, 161, dtype=torch.float64)
    f, name, numbers = ACTIVATIONS[activation], TITLES[activation], passage(activation, spread)
    density = torch.exp(-0.5 * (x / spread).square())
    figure = plot_passage(x.numpy(), f(x).numpy(), DERIVATIVES[activation](x).numpy(), density.numpy(),
                          f(normal_sample(spread)).numpy(), name=name)
    sentence = (
        f"{name}, inputs of standard deviation {spread:g}: the outputs have mean {numbers['mean']:.3f} and root mean "
        f"square {numbers['size']:.3f}; gradients pass with a factor of {numbers['slope']:.3f}; {numbers['shut']:.0%} "
        f"of the inputs pass (almost) no gradient."
    )
    return figure, sentence


def explore_activation() -> Explorer:
    """The explorer on the page about activations."""
    return explore(
        draw_activation,
        caption="Small inputs see a straight line, large ones see the bend. Widen the inputs and watch what share of "
        "them passes no gradient, and how the outputs stop being centered.",
        name="activation",
        predict=ASKED,
        activation=Choice("Activation", list(TITLES), "gelu", TITLES.get),
        spread=Slider("Spread of the inputs", SPREADS, 1.0, "{:g}", frames=(0.1, 0.5, 1.0, 2.0, 8.0)),
    )
