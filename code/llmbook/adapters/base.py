r"""What every adapter has: a frozen layer, two small matrices beside it, and the way into the layer's weight and back.

An adapter replaces a layer by one that holds it. The frozen weight :math:`W` stays, and the product of two small
matrices is added to it: :math:`W' = W + s B A`, with :math:`A` of R rows and :math:`B` of R columns, and :math:`s`
from ``scaling``. Merging writes :math:`W'` into the layer, so that a forward pass costs what it cost before.

Unmerging could undo the arithmetic, but rounding stays behind (in bfloat16 it shows), and a magnitude of zero cannot
be undone at all. So a merged layer keeps a copy of its original weight: unmerging restores every bit, and the price is
the memory of one more weight while the layer is merged.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from llmbook.layers.quantized_linear import QuantizedLinear

KINDS = ("lora", "dora")
LARGEST_RANK = 2**31
LARGEST_ALPHA = torch.finfo(torch.float32).max  # an adapter is kept in float32, and multiplied by it there


def scaling(alpha: float, rank: int, *, rank_stabilized: bool = False) -> float:
    """The factor ``s`` in front of ``B A``.

    Args:
        alpha: the constant of the LoRA paper; doubling it doubles the update.
        rank: R.
        rank_stabilized: ``alpha / sqrt(R)`` (Kalajdzievski 2023, arXiv 2312.03732) for ``alpha / R`` (Hu et al. 2021,
            arXiv 2106.09685, Section 4.1).

    Raises:
        ValueError: the rank is not a whole number from 1 to 2**31, or alpha is not a positive number of float32.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= LARGEST_RANK:
        raise ValueError(f"rank must be a whole number of at least 1, not {rank!r}")
    if not _is_number(alpha) or not 0 < alpha <= LARGEST_ALPHA:
        raise ValueError(
            f"alpha must be a positive number that float32 can hold, not {alpha!r}; with 0 the adapter could never do "
            "anything"
        )
    return alpha / (math.sqrt(rank) if rank_stabilized else rank)


@dataclass(frozen=True)
class Settings:
    """What an adapter is; ``inject`` and every adapter take these fields as arguments, and nothing else lists them.

    Raises:
        ValueError: the kind is unknown, or a field is of another type or out of its range.
    """

    kind: str = "lora"
    """``"lora"`` or ``"dora"``; a layer knows its own."""
    rank: int = 8
    """R."""
    alpha: float = 16
    """See :func:`scaling`."""
    dropout: float = 0.0
    """Probability with which the adapter (and only it) does not see a number of its input while training. Above 0 it
    costs DoRA a second product with W."""
    rank_stabilized: bool = False
    """See :func:`scaling`."""

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        scaling(self.alpha, self.rank)
        if not isinstance(self.rank_stabilized, bool):
            raise ValueError(f"rank_stabilized is True or False, not {self.rank_stabilized!r}")
        if not _is_number(self.dropout) or not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is a probability from 0 up to, not including, 1, not {self.dropout!r}")


def _is_number(value: object) -> bool:
    """Whether a setting is a number; True is none, although Python counts with it."""
    return isinstance(value, Real) and not isinstance(value, bool)


def at_least_float32(dtype: torch.dtype) -> torch.dtype:
    """The dtype in which adapters are kept and weights are merged: float32, or float64 where the layer has it.

    The small steps of an optimizer are lost in bfloat16, so adapters of a bfloat16 layer are float32 all the same.
    """
    return torch.promote_types(dtype, torch.float32)


@contextmanager
def exactly(tensor: Tensor) -> Iterator[None]:
    """No gradients, no autocast, no inference tensors: for numbers that are computed once and kept."""
    device = tensor.device.type if torch.amp.is_autocast_available(tensor.device.type) else "cpu"  # meta has none
    with torch.inference_mode(False), torch.no_grad(), torch.autocast(device, enabled=False):
        yield


def _write(weight: Tensor, values: Tensor) -> None:
    """Overwrite a frozen weight; one that was made in inference mode takes nothing outside of it."""
    with torch.inference_mode(weight.is_inference()), torch.no_grad():
        weight.copy_(values)


class AdapterLayer(nn.Module):
    """A frozen layer with two small matrices beside it; the kinds of adapter say how the three make a weight.

    Args:
        base: the layer; its parameters are frozen here.
        **settings: fields of :class:`Settings`, except its kind.

    Raises:
        ValueError: a number is out of its range.
    """

    kind: str

    def __init__(self, base: nn.Module, **settings: Any):
        super().__init__()
        self.settings = said = Settings(kind=self.kind, **settings)
        self.scaling = scaling(said.alpha, said.rank, rank_stabilized=said.rank_stabilized)
        self.base = base.requires_grad_(False)
        self.training = base.training  # a model in evaluation mode gets adapters in evaluation mode
        self._original: Tensor | None = None
        self.register_state_dict_pre_hook(_refuse_while_merged)
        self.register_load_state_dict_pre_hook(_refuse_wrong_weights)

    @property
    def merged(self) -> bool:
        """Whether the update is in the weight of the base layer already."""
        return self._original is not None

    @property
    def weight(self) -> Tensor:
        """The weight in the base layer: W, or W' while the layer is merged."""
        return self.base.weight

    @property
    def frozen_weight(self) -> Tensor:
        """W, also while the layer is merged."""
        return self.weight if self._original is None else self._original

    @property
    def frozen_source(self) -> Tensor:
        """The tensor that W is stored in: W itself, or the codes of a quantized base, which W is read from anew."""
        return self.base.codes if isinstance(self.base, QuantizedLinear) else self.frozen_weight

    def delta(self) -> Tensor:
        """The update ``s B A``, in the shape of the base layer's weight; each kind of adapter has its own."""
        raise NotImplementedError

    def wide_merged_weight(self) -> Tensor:
        """W', in float32 at least."""
        return self.frozen_weight.to(at_least_float32(self.frozen_weight.dtype)) + self.delta()

    def merged_weight(self) -> Tensor:
        """W', computed in float32 and rounded once to the dtype of the base layer; a new tensor without gradient."""
        with exactly(self.lora_A):
            return self.wide_merged_weight().to(self.frozen_weight.dtype)

    def merge(self) -> None:
        """Write W' into the base layer, in place, and keep W.

        A merged layer is its base layer: the same output, no dropout, and no gradient for the adapter.

        Raises:
            RuntimeError: the layer is merged already.
            ValueError: W' is not finite, or the base is quantized.
        """
        if self.merged:
            raise RuntimeError("this layer is merged already; merging twice would add the update twice")
        if isinstance(self.base, QuantizedLinear):
            raise ValueError("the base is quantized and cannot take an update; call dequantize_linears_(model) first")
        weight = self.merged_weight()
        if not weight.is_meta and not weight.isfinite().all():
            raise ValueError("the merged weight has infinite or undefined numbers; did the training diverge?")
        with exactly(weight):
            original = self.base.weight.detach().clone()
        _write(self.base.weight, weight)
        self._original = original

    def unmerge(self) -> None:
        """Put back W, bit for bit, also if the adapter was trained or replaced in the meantime.

        Raises:
            RuntimeError: the layer is not merged.
        """
        if not self.merged:
            raise RuntimeError("this layer is not merged, so there is nothing to undo; call merge first")
        _write(self.base.weight, self._original)
        self._original = None

    def extra_repr(self) -> str:
        return f"{', '.join(f'{name}={value}' for name, value in vars(self.settings).items())}, merged={self.merged}"


def new_parameter(
    like: Tensor, shape: tuple[int, int], draw: Callable[..., Tensor], generator: torch.Generator | None
) -> nn.Parameter:
    """A parameter on the device of ``like``, filled by ``draw`` where the generator lives; it can be trained."""
    device = like.device if generator is None else generator.device
    with torch.inference_mode(False):  # what is made in inference mode takes no gradient later
        values = torch.empty(shape, dtype=at_least_float32(like.dtype), device=device)
        return nn.Parameter(draw(values, generator=generator).to(like.device))


def _refuse_while_merged(layer: AdapterLayer, prefix: str, keep_vars: bool) -> None:
    """A saved merged weight beside its adapter would be adapted twice when it is loaded."""
    if layer.merged:
        raise RuntimeError(
            f"{prefix.rstrip('.') or 'this layer'} is merged, so its weight and its adapter say the same thing twice: "
            "call unmerge(model) before saving, or remove(model) to keep the merged weights alone"
        )


def _refuse_wrong_weights(layer: AdapterLayer, state: dict, prefix: str, *_) -> None:
    """Weights of a plain model do not fit into an adapted one; ``strict=False`` would drop them without a word."""
    name = prefix.rstrip(".") or "this layer"
    if layer.merged:
        raise RuntimeError(f"{name} is merged; call unmerge(model) before loading")
    if f"{prefix}weight" in state:
        raise RuntimeError(f"{name} is adapted already: load the weights into the plain model first, then inject")
    magnitude = hasattr(layer, "magnitude") and f"{prefix}magnitude" not in state
    if magnitude and f"{prefix}base.weight" in state:
        raise RuntimeError(
            f"the magnitude of {name} belongs to the weight that it was computed from, and the new weight comes "
            "without one: load the weights into the plain model first, then inject"
        )
