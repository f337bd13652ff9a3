r"""A linear map whose weight is stored quantized and exists only while it is used.

.. math:: y = x\,\hat W^\top + b, \qquad \frac{\partial \ell}{\partial x} = \frac{\partial \ell}{\partial y}\,\hat W

Both lines need :math:`\hat W`, and nothing says that it must be kept in between: the forward pass reads the codes,
multiplies and drops the matrix; the backward pass reads them again. :math:`\hat W` gets no gradient. It is the frozen
base under an adapter (QLoRA: Dettmers et al. 2023, arXiv 2305.14314, Section 3).
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.layers.quantization import BLOCK, Quantized, Scales, normal_levels, quantize
from llmbook.layers.replace import replace_layer


class QuantizedLinear(nn.Linear):
    """A frozen ``nn.Linear`` that holds codes and scales; its ``weight`` is computed at every reading.

    A cast of the model changes the dtype in which the weight is read, and the bias. Codes and scales stay as they are,
    so that a cast back gives the weight of before, bit for bit.

    Args:
        base: the layer to take over; its bias stays as it is.
        levels: of the format, ascending; NF4 by default.
        block: weights that share a scale.
        double: quantize the scales as well.
    """

    def __init__(self, base: nn.Linear, *, levels: Tensor | None = None, block: int = BLOCK, double: bool = True):
        nn.Module.__init__(self)  # not nn.Linear's, which would make a weight of full size
        self.in_features, self.out_features = base.in_features, base.out_features
        self.dtype, self.block = base.weight.dtype, block
        stored = quantize(base.weight, normal_levels() if levels is None else levels, block=block, double=double)
        self.register_buffer("codes", stored.codes)
        self.register_buffer("levels", stored.levels)
        self.register_buffer("scales", stored.scales.values)
        self.register_buffer("outer_scales", stored.scales.outer)
        self.register_buffer("mean_scale", stored.scales.mean)
        self.bias = None if base.bias is None else nn.Parameter(base.bias.detach(), requires_grad=False)
        self.training = base.training  # what is put around this layer asks it

    def stored(self) -> Quantized:
        """Codes and scales."""
        scales = Scales(self.scales, self.outer_scales, self.mean_scale)
        return Quantized(self.codes, scales, self.levels, self.block, (self.out_features, self.in_features))

    @property
    def weight(self) -> Tensor:
        """The weight that the codes stand for, ``(out, in)``: a new tensor each time, so writing into it is lost."""
        return self.stored().read(self.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., in)`` to ``(..., out)``."""
        y = product(self, x)
        return y if self.bias is None else y + self.bias.to(y.dtype)  # under autocast y is in a lower precision

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "QuantizedLinear":
        """What ``.to``, ``.bfloat16`` and their like call: fn gives each tensor its new device and dtype."""
        before = dict(self._buffers)
        was, self.dtype = self.dtype, fn(self.codes.new_empty(0, dtype=self.dtype)).dtype
        super()._apply(fn, recurse)
        for name, exact in before.items():
            if exact is not None and self._buffers[name].dtype != exact.dtype:
                self._buffers[name] = exact.to(self._buffers[name].device)
        if self.dtype != was:
            self.codes = self.codes.detach()  # a new object, for who remembers what was computed from the old weight
        return self

    def extra_repr(self) -> str:
        kind = f"{len(self.levels)} levels, block={self.block}, double={self.outer_scales is not None}"
        return f"in_features={self.in_features}, out_features={self.out_features}, {kind}"


def product(layer: nn.Linear, x: Tensor) -> Tensor:
    """``x W^T`` without the bias, of a plain layer or a quantized one: ``(..., in)`` to ``(..., out)``."""
    return _Multiply.apply(x, layer) if isinstance(layer, QuantizedLinear) else F.linear(x, layer.weight)


class _Multiply(torch.autograd.Function):
    """``x W^T`` that keeps neither x nor W: W is read again for the gradient of x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: QuantizedLinear) -> Tensor:
        ctx.layer, ctx.dtype = layer, x.dtype
        return x @ layer.weight.T

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient of x, multiplied in the dtype of the result: autocast, if it chose that, has ended by now."""
        return (gradient @ ctx.layer.weight.to(gradient.dtype)).to(ctx.dtype), None


def dequantize_linears_(model: nn.Module) -> nn.Module:
    """Replace quantized linear maps by plain ones with the weights that the codes stand for, in place.

    Returns:
        The model itself; an adapter around such a layer can be merged now.
    """
    for name, module in list(model.named_modules()):
        if isinstance(module, QuantizedLinear):
            plain = nn.Linear(module.in_features, module.out_features, bias=False, device="meta")
            plain.weight = nn.Parameter(module.weight, requires_grad=False)
            plain.bias = module.bias
            plain.training = module.training
            replace_layer(model, name, plain)
    return model


def quantize_linears_(model: nn.Module, targets: Iterable[str], **options: Any) -> nn.Module:
    """Replace linear maps by quantized ones, in place, and freeze everything.

    Args:
        model: any module.
        targets: last parts of the names of the layers, such as ``["q_proj", "v_proj"]``.
        options: passed to :class:`QuantizedLinear`.

    Returns:
        The model itself.

    Raises:
        ValueError: a target names no linear map.
    """
    targets = list(targets)
    found = {name: module for name, module in model.named_modules()
             if name.rpartition(".")[2] in targets and isinstance(module, nn.Linear)}  # fmt: skip
    missing = set(targets) - {name.rpartition(".")[2] for name in found}
    if missing:
        raise ValueError(f"no linear map is called {', '.join(sorted(missing))}; look at model.named_modules()")
    model.requires_grad_(False)
    for name, module in found.items():
        replace_layer(model, name, QuantizedLinear(module, **options))
    return model
