r"""How a fresh model's matrices are drawn.

``initialize_``: every matrix from :math:`\mathcal{N}(0, 0.02^2)`, as GPT-2, OLMo 2 and most others.

``initialize_mitchell_``: OLMo 1's rule, named after Mitchell Wortsman, who suggested it. The standard deviation falls
with the inputs of the matrix (its fan-in, D or F), and for the two matrices of layer l = 0, 1, ... that write into the
residual stream with the depth too:

.. math:: \sigma = \frac{1}{\sqrt{\text{fan-in}}}, \qquad
    \sigma_{\text{output}} = \frac{1}{\sqrt{2 D (l + 1)}}, \qquad \sigma_{\text{down}} = \frac{1}{\sqrt{2 F (l + 1)}}.

The embedding gets :math:`1/\sqrt D` like the matrices that read, and no number may lie further out than
:math:`3 \sigma`. Source: github.com/allenai/OLMo (59a53e3), ``InitFnType.mitchell`` in olmo/config.py, the three
``reset_parameters`` in olmo/model.py, ``init_normal`` in olmo/initialization.py; set in configs/official-0724.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from llmbook.layers.norm import LayerNorm, RMSNorm

WRITERS = ("o_proj", "down_proj")
"""The matrices whose result is added to the residual stream."""
CUTOFF = 3.0


def initialize_(model: nn.Module, generator: torch.Generator, std: float = 0.02) -> nn.Module:
    """Draw every matrix from N(0, std^2), set biases to zero and norms to a gain of one; in place.

    Args:
        model: any model of this book, on the generator's device.
        generator: the source of randomness.
        std: standard deviation, 0.02 in GPT-2 and in the configs of Llama, OLMo and Gemma.

    Returns:
        The model itself.
    """
    return _fill_(model, lambda name, matrix: matrix.normal_(0.0, std, generator=generator))


def initialize_mitchell_(model: nn.Module, generator: torch.Generator) -> nn.Module:
    """Draw a decoder's matrices by OLMo 1's rule, set biases to zero and norms to a gain of one; in place.

    Args:
        model: a ``Decoder``, on the generator's device.
        generator: the source of randomness.

    Returns:
        The model itself.
    """

    def draw(name: str, matrix: Tensor) -> None:
        std = mitchell_std(name, matrix)
        nn.init.trunc_normal_(matrix, 0.0, std, -CUTOFF * std, CUTOFF * std, generator=generator)

    return _fill_(model, draw)


def mitchell_std(name: str, matrix: Tensor) -> float:
    """The standard deviation of the normal distribution that a matrix is drawn from, before it is cut at three of them.

    Args:
        name: of the tensor in a ``Decoder``, such as "layers.0.mlp.down_proj.weight".
        matrix: ``(outputs, inputs)``, or ``(V, D)`` for an embedding.
    """
    pieces = name.split(".")
    depth = 2 * (int(pieces[1]) + 1) if pieces[-2] in WRITERS else 1  # two writers a layer
    return (matrix.shape[1] * depth) ** -0.5


@torch.no_grad()
def _fill_(model: nn.Module, draw: Callable[[str, Tensor], object]) -> nn.Module:
    """Draw every matrix, in the order of the model; set biases to zero and norms to a gain of one."""
    for name, tensor in model.named_parameters():
        if tensor.ndim > 1:
            draw(name, tensor)
        else:
            tensor.fill_(_neutral_value(model, name))
    return model


def _neutral_value(model: nn.Module, name: str) -> float:
    """1 for the gain of a norm; 0 for a bias and for the ``w`` of a gain ``1 + w``."""
    module = model.get_submodule(name.rpartition(".")[0])
    is_gain = isinstance(module, (LayerNorm, RMSNorm)) and name.endswith("weight")
    return float(is_gain and not (isinstance(module, RMSNorm) and module.unit_offset))
