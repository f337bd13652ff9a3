"""The explorer of gates: one number of a gated layer, as a function of its gate and its up half."""

import torch
from matplotlib.figure import Figure

from llmbook.chapters.gemma.feedforward.experiment import KINDS
from llmbook.chapters.gemma.feedforward.plots import plot_gate
from llmbook.layers.activation import ACTIVATIONS, DERIVATIVES
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

GATED = {name: activation for name, (activation, gated) in KINDS.items() if gated}
PLACES = (-3.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
ASKED = Prediction(
    "The gate of a GeGLU stands at 0, and nothing of the up half passes. What gradient reaches the gate?",
    {
        "None": "Then a gate at zero could never open again. Set the gate to 0 and read the gradient in the sentence; "
        "then set it to -3, where it is nearly so.",
        "Half the up half": "Then GELU would have the slope one half at zero, and the gate could move although nothing "
        "passes. Set the gate to 0, read the gradient, and compare ReGLU.",
        "A quarter of it": "Then the gate of GeGLU would be a sigmoid, whose slope at zero is a quarter. Set the gate "
        "to 0, and compare GLU with GeGLU.",
    },
)


def gate_at(kind: str, gate: float) -> tuple[float, float]:
    """The factor with which the up half passes, and the factor of the gradient to the gate."""
    place = torch.tensor(gate, dtype=torch.float64)
    return ACTIVATIONS[GATED[kind]](place).item(), DERIVATIVES[GATED[kind]](place).item()


def draw_gate(*, kind: str, gate: float) -> tuple[Figure, str]:
    """One frame: the surface, and the cut at ``gate``."""
    gates = torch.linspace(-4, 4, 81, dtype=torch.float64)
    ups = torch.linspace(-3, 3, 61, dtype=torch.float64)
    surface = ups[:, None] * ACTIVATIONS[GATED[kind]](gates)[None, :]
    factor, slope = gate_at(kind, gate)
    figure = plot_gate(gates.numpy(), ups.numpy(), surface.numpy(), gate=gate, factor=factor, slope=slope, name=kind)
    sentence = (f"{kind} with the gate at {gate:g}: the up half passes with the factor {factor:+.3f}, and the "
                f"gradient that reaches the gate is {slope:+.3f} times the up half.")
    return figure, sentence


def explore_gate() -> Explorer:
    """The explorer on the page about gated layers."""
    return explore(
        draw_gate,
        caption="Wherever the gate stands, the output is a straight line in the up half; the gate sets its slope. "
        "Compare GLU, whose factor stays between 0 and 1, with the others, which also amplify and can turn the sign.",
        name="gate",
        predict=ASKED,
        kind=Choice("Layer", list(GATED), "GeGLU"),
        gate=Slider("Gate before its activation", PLACES, 1.0, "{:g}", frames=(-3.0, -1.0, 0.0, 1.0, 3.0)),
    )
