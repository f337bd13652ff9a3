r"""Against repetition: logits of tokens that a text has already are lowered, or taken away.

A greedy text easily runs in a circle. Two remedies are common. The penalty acts on each token that the text has,

.. math:: z_i \leftarrow z_i / \theta \text{ if } z_i > 0, \quad z_i \theta \text{ otherwise,}

once, however often the token stands there. Keskar et al. (2019, arXiv 1909.05858) divide every one; a negative logit
becomes likelier by that, so transformers multiplies it. A constant added to all logits changes no probability, but it
changes what the penalty does. The other forbids each token that would complete a run of n tokens a second
time. Both also count the prompt, so a long prompt is a long list of words that the answer should avoid.
"""

import math

import torch
from torch import Tensor


def penalize_repetition(logits: Tensor, ids: Tensor, penalty: float, *, attention_mask: Tensor | None = None) -> Tensor:
    """Lower the logits of tokens that a text has already.

    Args:
        logits: ``(B, V)``, what follows each text.
        ids: the texts ``(B, T)``, prompts included.
        penalty: theta; 1 changes nothing, above 1 a token of the text becomes less likely, below 1 likelier.
        attention_mask: ``(B, T)``, true for real tokens; padding is no part of a text. None when no row is padded.

    Returns:
        ``(B, V)``.

    Raises:
        ValueError: the penalty is not a positive number.
    """
    check_repetition(penalty, None)
    if penalty == 1.0:
        return logits
    lowered = torch.where(logits < 0, logits * penalty, logits / penalty)
    return torch.where(_has(ids, attention_mask, logits), lowered, logits)


def forbid_repeated_ngrams(logits: Tensor, ids: Tensor, n: int, *, attention_mask: Tensor | None = None) -> Tensor:
    """Take away each token that would give a text a run of n tokens that it has already.

    Args:
        logits: ``(B, V)``, what follows each text.
        ids: the texts ``(B, T)``, prompts included.
        n: length of the runs; at 1 no token comes twice.
        attention_mask: as in :func:`penalize_repetition`.

    Returns:
        ``(B, V)``, with minus infinity where a token is forbidden. That may be everywhere; then no token can be chosen.

    Raises:
        ValueError: n is below 1.
    """
    check_repetition(1.0, n)
    if ids.shape[1] < n:
        return logits
    real = torch.ones_like(ids, dtype=torch.bool) if attention_mask is None else attention_mask.bool()
    runs, whole = ids.unfold(1, n, 1), real.unfold(1, n, 1).all(-1)  # (B, T - n + 1, n)
    newest = ids[:, ids.shape[1] - n + 1 :]  # (B, n - 1), what a run would have to begin with
    ends_again = (runs[..., :-1] == newest[:, None]).all(-1) & whole
    return logits.masked_fill(_has(runs[..., -1], ends_again, logits), -math.inf)


def check_repetition(repetition_penalty: float, no_repeat_ngram_size: int | None) -> None:
    """Raise a ValueError about settings that make no sense."""
    if not 0 < repetition_penalty < math.inf:
        raise ValueError(f"repetition_penalty must be a positive number, 1 for none, not {repetition_penalty}")
    if no_repeat_ngram_size is not None and no_repeat_ngram_size < 1:
        raise ValueError(f"no_repeat_ngram_size must be at least 1, or None to allow all, not {no_repeat_ngram_size}")


def _has(ids: Tensor, real: Tensor | None, logits: Tensor) -> Tensor:
    """Whether each token ``(B, V)`` stands among those of its row ``(B, T)`` that are real."""
    counts = torch.ones_like(ids, dtype=torch.int32) if real is None else real.int()
    found = torch.zeros(logits.shape, dtype=torch.int32, device=logits.device)
    return found.scatter_add(1, ids.long(), counts) > 0
