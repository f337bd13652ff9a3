"""Checks for the page that assembles OLMo: rows of the output matrix that stand for no token."""

import torch
from torch import Tensor

from llmbook.exercises.compare import as_tensor, draw, expect_tensor
from llmbook.exercises.registry import exercise


def expect_padded(f, logits: Tensor, tokens: int) -> None:
    """Compare with the softmax over the rows that stand for a token."""
    real = torch.arange(logits.shape[-1]) < tokens
    right = logits.masked_fill(~real, float("-inf")).softmax(-1)
    shares = logits.softmax(-1)
    mistakes = [
        (shares, "the padded rows still have a share: they stand for no token"),
        (logits.masked_fill(~real, 0.0).softmax(-1), "a logit of 0 is not a probability of 0: exp(0) is 1; use -inf"),
        (shares * real, "the shares no longer add up to 1: mask the logits before the softmax"),
        (right[..., :tokens], "the padded places are cut off: keep the shape, with probability 0 there"),
        (logits.masked_fill(real, float("-inf")).softmax(-1), "that masks the real tokens and keeps the padded rows"),
        (logits.masked_fill(torch.arange(len(real)) >= tokens - 1, float("-inf")).softmax(-1),
         "one token too many is masked: ids run from 0 to tokens - 1"),
        (logits.masked_fill(torch.arange(len(real)) > tokens, float("-inf")).softmax(-1),
         "one padded row is left: ids run from 0 to tokens - 1"),
    ]  # fmt: skip
    got = as_tensor(f(logits, tokens))
    expect_tensor(got, right, mistakes, otherwise="a padded place gets exactly 0, whatever the other logits are")
    expect_tensor(got[..., tokens:], right[..., tokens:], exact=True, name="the padded part",
                  otherwise="small is not 0: mask with -inf")  # fmt: skip


@exercise("olmo-ex-padded-rows")
def padded_rows_that_win(f):
    """A padded row has the largest logit"""
    expect_padded(f, torch.tensor([-3.0, -2.0, -4.0, 5.0, 1.0]), 3)


@exercise("olmo-ex-padded-rows")
def padded_rows_of_low_logits(f):
    """Logits of about -80, which a large negative number hardly lies below"""
    expect_padded(f, torch.tensor([-83.0, -82.0, -84.0, 5.0, 1.0]), 3)


@exercise("olmo-ex-padded-rows")
def padded_rows_of_a_batch(f):
    """A batch (2, 4, 16) with 13 tokens"""
    expect_padded(f, draw(0, 2, 4, 16) - 2, 13)
