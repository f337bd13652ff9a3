"""Wrong answers to the exercise on OLMo assembled fail, and the hint names the misconception behind them."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate

PREFIX = "olmo-ex-"


def masked(logits, places):
    return logits.masked_fill(places, -torch.inf).softmax(-1)


def padded(logits, tokens):
    return torch.arange(logits.shape[-1]) >= tokens


def cut(values, tokens):
    return values * ~padded(values, tokens)


def answered(ids, start, stop):
    new = ids[start:]
    return new[: new.index(stop)] if stop in new else new


WRONG = [
    ("padded-rows", lambda z, V: z.masked_fill(torch.arange(z.shape[-1]) >= V, 0).softmax(-1), "use -inf"),
    ("padded-rows", lambda z, V: z.softmax(-1) * (torch.arange(z.shape[-1]) < V), "before the softmax"),
    ("padded-rows", lambda z, V: z[..., :V].softmax(-1), "keep the shape"),
    ("padded-rows", lambda z, V: z.softmax(-1), "stand for no token"),
    ("padded-rows", lambda z, V: z.masked_fill(torch.arange(z.shape[-1]) >= V, -15).softmax(-1), "small is not 0"),
    ("padded-rows", lambda z, V: z.masked_fill(torch.arange(z.shape[-1]) >= V, -100).softmax(-1), "small is not 0"),
    ("padded-rows", lambda z, V: masked(z, torch.arange(z.shape[-1]) >= V - 1), "one token too many"),
    ("padded-rows", lambda z, V: masked(z, torch.arange(z.shape[-1]) > V), "one padded row is left"),
    ("padded-rows", lambda z, V: masked(z, torch.arange(z.shape[-1]) < V), "masks the real tokens"),
    ("padded-rows", lambda z, V: masked(z, padded(z, V)).log(), "those are logarithms"),
    ("padded-rows", lambda z, V: z.masked_fill(padded(z, V), -torch.inf).softmax(0), "contains nan"),
    ("padded-rows", lambda z, V: cut(z.softmax(0), V), "another axis than the last"),
    ("padded-rows", lambda z, V: cut(z.softmax(-1), V) / cut(z.softmax(-1), V).sum(), "your result is"),
    ("padded-rows", lambda z, V: F.pad(z[..., :-24].softmax(-1), (0, 24)), "has shape"),
    ("padded-rows", lambda z, V: torch.where(padded(z, V), 1e-9, masked(z, padded(z, V))), "small is not 0"),
    ("padded-rows", lambda z, V: cut(z, V) / cut(z, V).sum(-1, keepdim=True), "shares of logits"),
    ("padded-rows", lambda z, V: F.one_hot(z[..., :V].argmax(-1), z.shape[-1]) * 1.0, "the likeliest token alone"),
    ("padded-rows", lambda z, V: F.pad(z[..., :V].softmax(-1), (z.shape[-1] - V, 0)), "your result is"),
    ("padded-rows", lambda z, V: masked(z, padded(z, V)).flip(-1), "at the wrong end"),
    ("padded-rows", lambda z, V: z.masked_fill(padded(z, V), z.min().item()).softmax(-1), "your result is"),
    ("padded-rows", lambda z, V: torch.cat((z[..., :V].softmax(-1), torch.zeros(z.shape[-1] - V)), -1), "raised"),
    ("answer", lambda ids, n, end: ids[n : ids.index(end)], "the prompt has a stop id too"),
    ("answer", lambda ids, n, end: ids[n : ids.index(end)] if end in ids else ids[n:], "has a stop id too"),
    ("answer", lambda ids, n, end: ids[n:], "is a new document"),
    ("answer", lambda ids, n, end: ids[n : ids.index(end, n) + 1] if end in ids[n:] else ids[n:], "no part of"),
    ("answer", lambda ids, n, end: ids[: ids.index(end, n)] if end in ids[n:] else ids, "the prompt back"),
    ("answer", lambda ids, n, end: ids[: ids.index(end)] if end in ids else ids, "up to the first stop id|prompt back"),
    ("answer", lambda ids, n, end: ids[n : len(ids) - 1 - ids[::-1].index(end)], "ends at the last stop id"),
    ("answer", lambda ids, n, end: [each for each in ids[n:] if each != end], "goes on behind them"),
    ("answer", lambda ids, n, end: ids[n : ids.index(end, n)], "ValueError"),
    ("answer", lambda ids, n, end: answered(ids, n, end) if end in ids[n:] else ids[n:-1], "nothing ends this answer"),
    ("answer", lambda ids, n, end: answered(ids, n + 1, end), "the first new id is missing"),
    ("answer", lambda ids, n, end: answered(ids, n, end)[:-1], "belongs to the answer"),
    ("answer", lambda ids, n, end: answered(ids, n, 0), "a new document|the answer has shape|the answer is"),
    ("answer", lambda ids, n, end: answered(ids, n, end) if end in ids else ids, "gives the prompt back as well"),
    ("answer", lambda ids, n, end: ids[n : [*ids, end].index(end, n + 1)], "ends at the last stop id"),
    ("answer", lambda ids, n, end: answered(ids, 3, end), "the answer has shape|the first new id|the answer is"),
]


def test_another_right_form_passes():
    def by_exponentials(z, V):
        shares = z.exp() * (torch.arange(z.shape[-1]) < V)
        return shares / shares.sum(-1, keepdim=True)

    assert evaluate("olmo-ex-padded-rows", by_exponentials).passed


def by_walking(ids, prompt_length, stop):
    answer = []
    for place, token in enumerate(ids):
        if place >= prompt_length and token == stop:
            break
        if place >= prompt_length:
            answer.append(token)
    return tuple(answer)


def by_popping(ids, n, end):
    del ids[:n]
    while end in ids:
        ids.pop()
    return ids


def by_numpy(ids, n, stop):
    new = np.array(ids)[n:]
    return new[np.cumsum(new == stop) == 0]


def shares_by_numpy(logits, tokens):
    powers = np.exp(logits.numpy() - logits.numpy().max(-1, keepdims=True)) * (np.arange(logits.shape[-1]) < tokens)
    return powers / powers.sum(-1, keepdims=True)


RIGHT = [
    ("padded-rows", lambda z, V: F.pad(z[..., :V].softmax(-1), (0, z.shape[-1] - V))),
    ("padded-rows", lambda z, V: masked(z.double(), padded(z, V))),
    ("padded-rows", lambda z, V: z.masked_fill(padded(z, V), torch.finfo(z.dtype).min).softmax(-1)),
    ("padded-rows", lambda z, V: masked(z, padded(z, V)).tolist()),
    ("answer", by_walking),
    ("answer", by_popping),
    ("answer", by_numpy),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
