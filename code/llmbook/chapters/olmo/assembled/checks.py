"""Checks for the page that assembles OLMo: rows that stand for no token, where an answer ends."""

import torch
from torch import Tensor
from torch.nn import functional as F

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
        (right.log(), "those are logarithms: return the probabilities themselves"),
        (right.flip(-1), "the padded places stand at the wrong end: the rows from number `tokens` on have 0"),
        (logits.softmax(0) * real, "that is a softmax over another axis than the last"),
        (F.one_hot(right.argmax(-1), len(real)) * 1.0, "that is the likeliest token alone: others have a share"),
        (logits * real / (logits * real).sum(-1, keepdim=True), "those are shares of logits: take the softmax"),
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


def expect_answer(f, ids: list[int], prompt: int, stop: int) -> None:
    """Compare with the new ids up to the first stop among them."""
    new = ids[prompt:]
    before = new[: new.index(stop)] if stop in new else new
    whole = ids[: ids.index(stop)] if stop in ids else ids
    from_end = len(ids) - 1 - ids[::-1].index(stop) if stop in ids else len(ids)
    slips = [
        (ids[prompt : len(whole)], "the prompt has a stop id too: look for the first one behind the prompt"),
        (new, "all that follows the stop id is a new document: leave it out"),
        (new[: len(before) + 1], "the stop id is no part of the answer"),
        (ids[: prompt + len(before)], "that gives the prompt back as well"),
        (whole, "that gives the prompt back as well, up to the first stop id"),
        (ids[prompt:from_end], "that ends at the last stop id: an answer ends at the first one behind the prompt"),
        ([each for each in new if each != stop], "that takes the stop ids out and goes on behind them"),
        (new[:-1], "nothing ends this answer: its last id belongs to it"),
        (before[1:], "the first new id is missing: it stands at place prompt_length"),
        (before[:-1], "the last id before the stop belongs to the answer"),
    ]
    mistakes = [(torch.tensor(wrong).double(), hint) for wrong, hint in slips]
    got = as_tensor(f(ids, prompt, stop), "the answer").double()  # an empty list has no kind of number of its own
    expect_tensor(got, torch.tensor(before).double(), mistakes, exact=True, name="the answer")


@exercise("olmo-ex-answer")
def an_answer_to_a_prompt_that_begins_with_the_stop(f):
    """A prompt that begins with the stop id, as OLMo's do"""
    expect_answer(f, [0, 7, 8, 5, 6, 9, 0, 4, 3, 0, 2], 3, 0)


@exercise("olmo-ex-answer")
def an_answer_without_an_end(f):
    """An answer that was cut off before it ended"""
    expect_answer(f, [2, 7, 2, 8, 5, 6, 9, 3], 4, 2)
    expect_answer(f, [7, 8, 5, 6, 9], 2, 2)


@exercise("olmo-ex-answer")
def an_empty_answer(f):
    """A model that ends at once, and a stop id that is not 0"""
    expect_answer(f, [7, 8, 1, 5, 6, 1, 3], 2, 1)
    expect_answer(f, [1, 5, 6, 7, 4, 1], 2, 1)
