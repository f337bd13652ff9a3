"""Keys and values of the past, kept in memory that is set aside once.

The cache stands outside the model and is owned by the caller. It holds rotated keys: a key's rotation depends on its
own position alone, so it never has to be turned again.
"""

import torch
from torch import Tensor

from llmbook.models import DecoderConfig


class LayerView:
    """What one layer sees of a cache: where its keys and values are, whichever of the layers it is.

    Args:
        cache: of all layers.
        index: of this layer.
    """

    __slots__ = ("cache", "index")

    def __init__(self, cache: "SizedCache", index: int):
        self.cache, self.index = cache, index

    def update(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`SizedCache.update` of this layer."""
        return self.cache.update(self.index, key, value)


class SizedCache:
    """Keys and values of earlier positions, for all layers, in memory that is set aside once.

    Each step fills the next positions and gives back a slice of what is filled, which attention reads without a mask
    for the unused rest.

    Args:
        layers: how many of them store something.
        batch: B, rows.
        kv_heads: K, key and value heads.
        max_length: S at most, positions.
        head_size: E.
        dtype: that of the keys and values, others are refused. None: that of the first ones that come, and the memory
            is set aside then. It need not be that of the weights: under autocast most layers give bfloat16, and where
            keys are normalized (OLMo 2) they are float32 and values bfloat16.
        device: that of the model.

    Raises:
        ValueError: there would be no room for a single number.
    """

    def __init__(
        self,
        *,
        layers: int,
        batch: int,
        kv_heads: int,
        max_length: int,
        head_size: int,
        dtype: torch.dtype | None,
        device: str | torch.device,
    ):
        if batch < 1 or max_length < 1:
            raise ValueError(f"a cache needs at least one row and one position, not {batch} and {max_length}")
        self.length, self.max_length = 0, max_length
        shape = (layers, batch, kv_heads, max_length, head_size)
        self.is_set_aside, self.device = dtype is not None, torch.device(device)
        place = self.device if self.is_set_aside else torch.device("meta")  # a shape without memory
        self.keys = torch.zeros(shape, dtype=dtype or torch.float32, device=place)
        self.values = torch.zeros_like(self.keys)

    @property
    def bytes(self) -> int:
        """Bytes set aside: 2 * layers * B * K * S * E numbers; counted as float32 before the first keys come."""
        return self.keys.nbytes + self.values.nbytes

    def layer(self, index: int) -> LayerView:
        """What the layer of this index sees."""
        return LayerView(self, index)

    def update(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store the new keys and values of a layer and give back all that it has.

        Args:
            layer: its index.
            key: ``(B, K, T, E)``, rotated.
            value: ``(B, K, T, E)``.

        Returns:
            Views of keys and values, ``(B, K, S, E)`` with S = ``length`` + T.

        Raises:
            ValueError: the cache is full, or was made for another shape, or gradients are on.
        """
        stop = self.length + key.shape[2]
        if stop > self.max_length:
            raise ValueError(f"the cache is full: {stop} positions, room for {self.max_length}; make a longer one")
        self._check(key, value)
        if not self.is_set_aside:
            self._set_aside(key.dtype, value.dtype)
        self.keys[layer, :, :, self.length : stop] = key
        self.values[layer, :, :, self.length : stop] = value
        return self.keys[layer, :, :, :stop], self.values[layer, :, :, :stop]

    def _check(self, key: Tensor, value: Tensor) -> None:
        """Raise a ValueError about keys and values that have no place here."""
        room = (*self.keys.shape[1:3], key.shape[2], self.keys.shape[4])
        loses = torch.promote_types(value.dtype, self.values.dtype) != self.values.dtype
        is_other = self.is_set_aside and (key.dtype != self.keys.dtype or loses)
        if key.shape != room or value.shape != room or is_other:
            raise ValueError(
                f"the cache was made for {room} in {self.keys.dtype}, not for {tuple(key.shape)} in {key.dtype}; "
                "make it with the batch and the dtype of this run"
            )
        if key.requires_grad:
            raise ValueError("a cache holds no gradients; call the model under torch.inference_mode()")

    def _set_aside(self, key_dtype: torch.dtype, value_dtype: torch.dtype) -> None:
        """Memory in the dtypes of the first keys and values."""
        with torch.inference_mode(False):  # so that it can be filled under no_grad as well
            self.keys = torch.zeros(self.keys.shape, dtype=key_dtype, device=self.device)
            self.values = torch.zeros(self.values.shape, dtype=value_dtype, device=self.device)
        self.is_set_aside = True

    def advance(self, count: int) -> None:
        """Count ``count`` more positions as stored; the model calls it after its last layer."""
        self.length += count

    def select(self, rows: Tensor) -> None:
        """Let row i go on from what row ``rows[i]`` holds, as beam search needs it."""
        for stored in (self.keys, self.values):
            stored[:, :, :, : self.length] = stored[:, rows, :, : self.length]


class KVCache(SizedCache):
    """The cache of a decoder, in the sizes of its config.

    Args:
        config: the model's config.
        batch: B, rows.
        max_length: S at most, positions; None means the model's own limit.
        dtype: as in :class:`SizedCache`.
        device: that of the model.
    """

    def __init__(
        self,
        config: DecoderConfig,
        batch: int,
        max_length: int | None = None,
        dtype: torch.dtype | None = None,
        device: str | torch.device = "cpu",
    ):
        super().__init__(
            layers=config.layers, batch=batch, kv_heads=config.kv_heads, head_size=config.head_size,
            max_length=config.max_length if max_length is None else max_length, dtype=dtype, device=device,
        )  # fmt: skip
