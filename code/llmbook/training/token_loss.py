"""The loss of a token: cross-entropy in float32 at least, whatever the dtype of the logits is.

A bfloat16 number near 8 has steps of 1/16: a mean loss that is rounded to it says little about a model, and the
gradient of each logit inherits the rounding of the softmax. So the softmax and the mean are taken in float32. Their
copy of the logits, the largest tensor of many steps, is made once more in the backward pass and not kept for it.
"""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from llmbook.models.ids import CHECKED_BY_LOOKUP

NOTHING_IGNORED = torch.iinfo(torch.int64).min  # torch's own choice, -100, would leave out a wrong id without a word


def token_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Mean cross-entropy, in nats.

    Args:
        logits: ``(N, V)``, floating point of any precision.
        ids: ``(N,)``, integers of any width.

    Returns:
        A scalar in float32, or float64 for logits of that. On a GPU it is NaN if an id is outside of 0 to V - 1: to
        raise an error there would be to wait for the GPU in each step.

    Raises:
        ValueError: an id is outside of 0 to V - 1.
    """
    ids = ids.long()
    if logits.dtype.itemsize >= 4:
        return _cross_entropy(logits, ids)
    return checkpoint(_cross_entropy, logits, ids, use_reentrant=False, preserve_rng_state=False)


def _cross_entropy(logits: Tensor, ids: Tensor) -> Tensor:
    """The loss in float32 at least, with a look at the ids."""
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if ids.device.type not in CHECKED_BY_LOOKUP:
        return guarded(wide, ids)
    try:
        return F.cross_entropy(wide, ids, ignore_index=NOTHING_IGNORED)
    except IndexError as error:
        raise ValueError(f"ids must be from 0 to {logits.shape[1] - 1}, but those to be predicted run from {ids.min()} "
                         f"to {ids.max()}; were they made by another model's tokenizer?") from error  # fmt: skip


def guarded(logits: Tensor, ids: Tensor) -> Tensor:
    """The loss without a look at the numbers: NaN if an id has no logit, where a GPU would end the program."""
    outside = (ids < 0) | (ids >= logits.shape[1])
    return F.cross_entropy(logits, ids.masked_fill(outside, 0)).masked_fill(outside.any(), torch.nan)
