"""A linear map that holds the blocks of a GGUF file as they are, and reads its weight from them while it is used."""

import torch
from torch import Tensor, nn

from llmbook.layers.blocks import Blocks
from llmbook.layers.quantized_linear import QuantizedLinear


class BlockLinear(QuantizedLinear):
    """A frozen ``nn.Linear`` whose weight is stored in blocks; see :class:`QuantizedLinear`, which it is in all else.

    Args:
        blocks: the weight, ``(out, in)``.
        bias: ``(out,)``, or None.
        dtype: in which the weight is read.
    """

    def __init__(self, blocks: Blocks, bias: Tensor | None = None, *, dtype: torch.dtype = torch.float32):
        nn.Module.__init__(self)
        self.out_features, self.in_features = blocks.shape
        self.dtype, self.format = dtype, blocks.format
        self.register_buffer("codes", blocks.codes)
        self.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)

    def stored(self) -> Blocks:
        """The blocks."""
        return Blocks(self.codes, self.format)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, {self.format.name}"
