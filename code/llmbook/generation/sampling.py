r"""Sampling: from logits to the next token.

Greedy decoding takes the likeliest token. Sampling draws from

.. math:: p_i \propto \exp(z_i / \tau),

where z are the logits and the temperature :math:`\tau` makes the distribution sharper (below 1) or flatter (above 1).
Top-k keeps the k likeliest tokens (Fan et al. 2018, arXiv 1805.04833), top-p the smallest set that holds probability
p (Holtzman et al. 2020, arXiv 1904.09751); what is left is drawn from in proportion.
"""

import math

import torch
from torch import Tensor


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Leave the k largest logits of ``(..., V)`` and set the others to minus infinity; equals of the last one stay.

    Raises:
        ValueError: k is below 1.
    """
    check_filters(k, None)
    kth = logits.topk(min(k, logits.shape[-1])).values[..., -1:]
    return logits.masked_fill(logits < kth, -math.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Leave the smallest set of tokens whose probabilities reach p; the likeliest is always in it.

    Args:
        logits: ``(..., V)``.
        p: from above 0 to 1; at 1 all stay.

    Returns:
        ``(..., V)``, with minus infinity outside the set.

    Raises:
        ValueError: p is something else.
    """
    check_filters(None, p)
    if p == 1.0:
        return logits
    ordered, order = logits.sort(dim=-1, descending=True)
    probabilities = ordered.softmax(-1)
    before = probabilities.cumsum(-1) - probabilities  # what likelier tokens hold already
    outside = before >= p
    outside[..., 0] = False  # a p that is 0 in the dtype of the logits
    return logits.masked_fill(outside.gather(-1, order.argsort(-1)), -math.inf)


def next_token_probabilities(
    logits: Tensor,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    valid_vocab_size: int | None = None,
) -> Tensor:
    """What sampling draws from: temperature first, then top-k, then top-p.

    Args:
        logits: ``(B, V)``.
        temperature: above 0. Where it is so small that logits divided by it are infinite, all probability goes to the
            largest one, or in equal parts to its equals; it counts as 1.2e-38 at least.
        top_k: how many tokens to keep, or None.
        top_p: how much probability to keep, or None.
        valid_vocab_size: rows beyond it are padding of the matrix and get probability 0 (OLMo: 50,280 of 50,304).

    Returns:
        ``(B, V)``, float32, each row summing to 1.

    Raises:
        ValueError: as in :func:`sample_next`, or the temperature is 0.
    """
    check_sampling(temperature, top_k, top_p, valid_vocab_size, logits.shape[-1])
    if temperature == 0:
        raise ValueError("at temperature 0 nothing is drawn; take the likeliest token, as sample_next does")
    logits = _divided(usable_logits(logits, valid_vocab_size), temperature)
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p is not None:
        logits = keep_top_p(logits, top_p)
    return logits.softmax(-1)


def sample_next(
    logits: Tensor,
    *,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    valid_vocab_size: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Choose the next token of each row: the likeliest at temperature 0, else a draw.

    Args:
        logits: ``(B, V)``.
        temperature: 0 for greedy, where top-k and top-p change nothing.
        top_k: as in :func:`next_token_probabilities`.
        top_p: likewise.
        valid_vocab_size: likewise.
        generator: the source of randomness, on the device of the logits; None is torch's global one.

    Returns:
        ``(B,)`` int64.

    Raises:
        ValueError: a setting makes no sense, a logit is not a number, or the largest of a row is infinite.
    """
    check_sampling(temperature, top_k, top_p, valid_vocab_size, logits.shape[-1])
    if temperature == 0:
        return usable_logits(logits, valid_vocab_size).argmax(-1)
    settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "valid_vocab_size": valid_vocab_size}
    return torch.multinomial(next_token_probabilities(logits, **settings), 1, generator=generator)[:, 0]


def usable_logits(logits: Tensor, valid_vocab_size: int | None) -> Tensor:
    """Float32 logits ``(B, V)``, with minus infinity for rows of the matrix that are no token.

    Raises:
        ValueError: a logit is not a number, or the largest of a row is infinite: then nothing says what comes next.
    """
    wide = logits.float()
    if valid_vocab_size is not None:
        is_none = torch.arange(wide.shape[-1], device=wide.device) >= valid_vocab_size
        wide = wide.masked_fill(is_none, -math.inf)
    is_nan, largest = logits.isnan(), wide.amax(-1)
    if (is_nan.any(-1) | ~largest.isfinite()).any():  # one question for both: a GPU is waited for once
        if is_nan.any():
            raise ValueError("the logits are not numbers (NaN): the weights are damaged, or overflowed in training")
        found = largest[~largest.isfinite()][0].item()
        raise ValueError(
            f"the largest logit of a row is {found}, so that no token can be chosen: the weights are damaged, or "
            "overflowed in this dtype, or every token was masked"
        )
    return wide


def _divided(logits: Tensor, temperature: float) -> Tensor:
    """Logits over the temperature, up to a constant of each row.

    Where the quotient is too large for float32, the largest logit is subtracted first, which changes no probability.
    """
    limits = torch.finfo(torch.float32)
    temperature = min(max(temperature, limits.tiny), limits.max)  # others would be 0 or infinite in float32
    scaled, peak = logits / temperature, logits.amax(-1, keepdim=True)
    return torch.where((peak / temperature).isfinite(), scaled, (logits - peak) / temperature)


def check_sampling(
    temperature: float, top_k: int | None, top_p: float | None, valid_vocab_size: int | None, vocab_size: int
) -> None:
    """Raise a ValueError about settings that describe no distribution."""
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature must be 0 (greedy) or a positive number, not {temperature}")
    check_filters(top_k, top_p)
    if valid_vocab_size is not None and not 1 <= valid_vocab_size <= vocab_size:
        raise ValueError(f"valid_vocab_size must be from 1 to {vocab_size}, not {valid_vocab_size}")


def check_filters(top_k: int | None, top_p: float | None) -> None:
    """Raise a ValueError about filters that would leave no token."""
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, or None to keep all, not {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, not {top_p}")
