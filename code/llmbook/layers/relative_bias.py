r"""T5's relative positions: a number per head, added to the score, that depends on how far the key is from the query.

Distances share buckets. Half of the buckets take the distances 0, 1, 2, ... one each; the other half are spaced by the
logarithm up to ``max_distance``, and what is farther falls into the last. With n buckets for one direction and
m = n / 2 of them exact,

.. math:: \text{bucket}(d) = \begin{cases} d & d < m \\
    \min\!\left(n - 1,\; m + \left\lfloor \frac{\ln(d / m)}{\ln(d_\text{max} / m)} (n - m) \right\rfloor\right)
    & \text{otherwise.} \end{cases}

An encoder looks both ways: half of its buckets are for keys after the query. A decoder looks back only, so all of them
are for keys before it. There is no longest input: a text of any length gets its buckets.

Source: Raffel et al. 2020, arXiv 1910.10683, Section 2.1; the formula is that of Mesh TensorFlow
(``_relative_position_bucket``), rounding included.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def relative_buckets(
    relative_position: Tensor, *, bidirectional: bool, buckets: int = 32, max_distance: int = 128
) -> Tensor:
    """The bucket of each relative position.

    Args:
        relative_position: position of the key minus position of the query, integers of any shape.
        bidirectional: True for an encoder. False for a decoder, where keys after the query are in bucket 0; a mask
            hides them.
        buckets: how many there are, for both directions together.
        max_distance: from here on all distances are in the last bucket.

    Returns:
        int64 of the same shape, from 0 to ``buckets - 1``.
    """
    per_direction = buckets // 2 if bidirectional else buckets
    distance = relative_position.abs() if bidirectional else (-relative_position).clamp(min=0)
    exact = per_direction // 2
    # The logarithm of a distance below `exact` is not used, and that of 0 would be infinite: raise it first.
    growth = (distance.clamp(min=exact).float() / exact).log() / math.log(max_distance / exact)
    spaced = (exact + (growth * (per_direction - exact)).long()).clamp(max=per_direction - 1)
    bucket = torch.where(distance < exact, distance, spaced)
    return bucket + per_direction * (relative_position > 0) if bidirectional else bucket


def relative_positions(queries: int, keys: int, device: torch.device | None = None) -> Tensor:
    """Position of the key minus position of the query, ``(T, S)``; the last query stands at the last key.

    Args:
        queries: T.
        keys: S, at least T; the first S - T come from a cache.
        device: where to put it.
    """
    query_positions = torch.arange(keys - queries, keys, device=device)[:, None]
    return torch.arange(keys, device=device)[None, :] - query_positions


class RelativeBias(nn.Module):
    """A table of a number per bucket and head. One table serves all layers of an encoder, another those of a decoder.

    Args:
        heads: H.
        bidirectional: as in :func:`relative_buckets`, like the two that follow.
        buckets: rows of the table.
        max_distance: where the last bucket begins, or earlier.
    """

    def __init__(self, heads: int, *, bidirectional: bool, buckets: int = 32, max_distance: int = 128):
        super().__init__()
        self.bidirectional, self.max_distance = bidirectional, max_distance
        self.weight = nn.Parameter(torch.zeros(buckets, heads))

    def forward(self, queries: int, keys: int) -> Tensor:
        """The bias of T queries, the last of S positions, on S keys: ``(1, H, T, S)`` in the dtype of the table."""
        positions = relative_positions(queries, keys, self.weight.device)
        found = relative_buckets(
            positions, bidirectional=self.bidirectional, buckets=len(self.weight), max_distance=self.max_distance
        )
        return F.embedding(found, self.weight).permute(2, 0, 1)[None]

    def extra_repr(self) -> str:
        buckets, heads = self.weight.shape
        return f"{heads}, buckets={buckets}, max_distance={self.max_distance}, bidirectional={self.bidirectional}"
