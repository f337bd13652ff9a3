"""Wrong answers to the exercise on OLMo assembled fail, and the hint names the misconception behind them."""

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters import evaluate

PREFIX = "olmo-ex-"


def masked(logits, places):
    return logits.masked_fill(places, -torch.inf).softmax(-1)


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
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_another_right_form_passes():
    def by_exponentials(z, V):
        shares = z.exp() * (torch.arange(z.shape[-1]) < V)
        return shares / shares.sum(-1, keepdim=True)

    assert evaluate("olmo-ex-padded-rows", by_exponentials).passed


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
