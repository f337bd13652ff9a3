r"""Beam search: keep the N likeliest beginnings instead of one, and choose among the texts that end.

A text :math:`y` is scored by :math:`\log p(y) / |y|^{\alpha}`, the sum of its tokens' log-probabilities divided by a
power of its length, end token included. With the length penalty :math:`\alpha = 0` longer texts can only lose; 1, the
mean, is the habit. Greedy decoding is N = 1.

A row ends when N texts have ended and no beginning is expected to beat the worst of them. What to expect is a choice:
``early_stopping=False`` takes the best beginning at its present length, ``"never"`` allows it to grow to the full
length, and ``True`` stops as soon as N texts have ended. The rules are those of transformers' ``generate``, so that
results are equal. Exact search is something else: it may find a likelier text, and often a worse one.

Nothing here knows a model. ``step`` gives logits; who calls keeps the model and its cache.
"""

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from llmbook.generation.sampling import check_sampling, usable_logits

NEVER = -1e9  # a score that loses against every real one
Step = Callable[[Tensor, Tensor], Tensor]


@dataclass
class Hypotheses:
    """N token sequences for each of B inputs, with their scores."""

    ids: Tensor
    """``(B, N, length)``."""
    scores: Tensor
    """``(B, N)``, sums of log-probabilities; of ended texts, divided by the power of the length."""

    def best(self, scores: Tensor, count: int) -> tuple["Hypotheses", Tensor]:
        """The ``count`` with the largest of other scores, from large to small, and which they were, ``(B, count)``."""
        values, chosen = scores.topk(count)
        return Hypotheses(_take(self.ids, chosen), values), chosen


@torch.inference_mode()
def beam_search(
    step: Step, start_ids: Tensor, *, beams: int, max_new_tokens: int, stop_id: int | Collection[int], pad_id: int = 0,
    length_penalty: float = 1.0, early_stopping: bool | Literal["never"] = False, valid_vocab_size: int | None = None,
) -> Hypotheses:  # fmt: skip
    """Search for likely texts.

    Args:
        step: called with the newest tokens ``(B * N, 1)`` and with the rows ``(B * N,)`` of the call before that they
            continue; returns logits ``(B * N, V)``. At the first call the rows are 0, 1, 2, ...
        start_ids: ``(B,)``, the token that every text begins with.
        beams: N.
        max_new_tokens: a text that has not ended by then ends there.
        stop_id: the token that ends a text, or several, of which each does.
        pad_id: fills rows behind their end.
        length_penalty: the power of the length.
        early_stopping: False, True or "never".
        valid_vocab_size: how many tokens exist, where the matrix has padding rows: those get probability 0.

    Returns:
        The N best texts of each input, from the best on, ``(B, N, 1 + n)`` with the start token, and their scores.

    Raises:
        ValueError: a setting makes no sense, or the logits are not numbers.
    """
    check_beams(beams, max_new_tokens, early_stopping)
    stop_ids = stop_tokens(stop_id, start_ids)
    count = max(2, 1 + len(stop_ids)) * beams
    batch, device = len(start_ids), start_ids.device
    nothing = torch.full((batch, beams), NEVER, device=device)
    running = Hypotheses(start_ids[:, None, None].repeat(1, beams, 1), nothing.clone())
    running.scores[:, 0] = 0.0  # the beginnings are equal, so let only one of them continue
    ended = Hypotheses(start_ids.new_full((batch, beams, 1 + max_new_tokens), pad_id), nothing)
    is_open = torch.ones(batch, dtype=torch.bool, device=device)
    first_rows = torch.arange(batch, device=device)[:, None] * beams  # of each input
    rows = first_rows + torch.arange(beams, device=device)
    for length in range(1, max_new_tokens + 1):
        logits = step(running.ids[:, :, -1:].flatten(0, 1), rows.flatten())
        check_sampling(0.0, None, None, valid_vocab_size, logits.shape[-1])
        logits = usable_logits(logits, valid_vocab_size).unflatten(0, (batch, beams))
        candidates, parents = _continuations(running, logits, count)
        is_last = torch.isin(candidates.ids[:, :, -1], stop_ids) | (length == max_new_tokens)
        ended = _with_ended(ended, candidates, is_last & is_open[:, None], length**length_penalty)
        running, chosen = candidates.best(candidates.scores + NEVER * is_last, beams)
        rows = first_rows + parents.gather(1, chosen)
        reached = max_new_tokens if early_stopping == "never" and length_penalty > 0 else length
        expected = running.scores[:, 0] / reached**length_penalty
        is_open = is_open & _can_improve(ended, expected, early_stopping is True)
        if not is_open.any():
            break
    return Hypotheses(ended.ids[:, :, : 1 + length], ended.scores)


def _continuations(running: Hypotheses, logits: Tensor, count: int) -> tuple[Hypotheses, Tensor]:
    """The ``count`` likeliest beginnings that are one token longer, and which of the N each continues.

    With one stop token twice N, because each of the N may end in one way: so N remain that go on. With n of them
    (1 + n) N.
    """
    scores = F.log_softmax(logits, dim=-1) + running.scores[:, :, None]  # (B, N, V)
    vocab_size = scores.shape[-1]
    values, flat = scores.flatten(1).topk(min(count, scores[0].numel()))
    parents, tokens = flat // vocab_size, flat % vocab_size
    return Hypotheses(torch.cat((_take(running.ids, parents), tokens[:, :, None]), dim=2), values), parents


def _with_ended(ended: Hypotheses, candidates: Hypotheses, is_last: Tensor, weight: float) -> Hypotheses:
    """The N best of the texts that ended before and now. Of the candidates only the first N count."""
    beams, length = ended.scores.shape[1], candidates.ids.shape[2]
    scores = torch.where(is_last, candidates.scores / weight, NEVER)[:, :beams]
    padded = torch.cat((candidates.ids[:, :beams], ended.ids[:, :, length:]), dim=2)  # so far nothing is that long
    scores = torch.cat((ended.scores, scores), dim=1)
    return Hypotheses(torch.cat((ended.ids, padded), dim=1), scores).best(scores, beams)[0]


def _can_improve(ended: Hypotheses, expected: Tensor, stop_when_full: bool) -> Tensor:
    """Which inputs ``(B,)`` may still get a better text, where ``expected`` is the best score that is hoped for."""
    worst = ended.scores.min(dim=1).values
    is_full = worst > NEVER / 2
    return ~is_full if stop_when_full else ~is_full | (expected > worst)


def _take(ids: Tensor, chosen: Tensor) -> Tensor:
    """Rows ``(B, n, length)`` of ``(B, N, length)`` by their indices ``(B, n)``."""
    return ids.gather(1, chosen[:, :, None].expand(-1, -1, ids.shape[2]))


def stop_tokens(stop_ids: int | Collection[int], like: Tensor) -> Tensor:
    """One stop token, or several, as a tensor in the dtype and on the device of ids; each once."""
    try:
        several = {operator.index(stop_ids)}
    except TypeError:  # no single number
        several = {int(stop_id) for stop_id in stop_ids}
    return torch.tensor(sorted(several), dtype=like.dtype, device=like.device)


def check_beams(beams: int, max_new_tokens: int, early_stopping: bool | Literal["never"]) -> None:
    """Raise a ValueError about settings that make no sense."""
    if beams < 1 or max_new_tokens < 1:
        raise ValueError(f"beams and max_new_tokens must be at least 1, not {beams} and {max_new_tokens}")
    if early_stopping not in (True, False, "never"):
        raise ValueError(f"early_stopping must be True, False or 'never', not {early_stopping!r}")
