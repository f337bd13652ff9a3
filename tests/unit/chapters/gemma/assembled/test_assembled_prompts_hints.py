"""Lists of prompts that miss a fault fail, and the hint says which."""

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "gemma-ex-"


def given(*prompts):
    """An answer with these prompts, in which "b" stands for BOS."""
    return lambda bos: [[bos if each == "b" else each for each in prompt] for prompt in prompts]


INSIDE, FRONT = [5, "b", 7, "b"], ["b", "b", "b", 5]

WRONG = [
    ("one-bos", given([5, 7], ["b", "b", "b", 5], INSIDE), "leaves an empty prompt empty"),
    ("one-bos", given([], FRONT, [5, 7]), "takes every BOS out of the text"),
    ("one-bos", given([], INSIDE, ["b", "b", 5]), "takes at most two BOS away"),
    ("one-bos", given([], INSIDE, ["b", 5]), "leaves two BOS in front"),
    ("one-bos", given([], ["b", 5, "b", 7, "b"]), "asks whether BOS is anywhere"),
    ("one-bos", given([], ["b", "b", "b", 5], [5, "b", 7]), "from the end too"),
    ("one-bos", given(["b", 5, 7]), "never adds BOS"),
    ("one-bos", given([5, 7], [5]), "always adds BOS"),
    ("one-bos", given([], ["b", "b", "b"], ["b", "b"], ["b"]), "takes every BOS out|in the place of the first"),
    ("one-bos", lambda bos: [[], [5, 2, 7, 2], [2, 2, 2, 5]], "with BOS = 9"),
    ("one-bos", lambda bos: [[], [5, 7], [5, bos, 7, bos], [bos] * 3 + [5], [bos]], "returned 5 prompts"),
    ("one-bos", lambda bos: [], "returned 0 prompts"),
    ("one-bos", lambda bos: "a prompt", "no list of prompts"),
    ("one-bos", lambda bos: [5, bos, 7, bos], "a prompt is a list of token ids"),
    ("one-bos", lambda bos: [["Hello", "world"]], "expected a tensor"),
    ("one-bos", lambda bos: [[], [5.0, bos, 7.0, bos], [bos] * 3 + [5.0]], "whole numbers"),
]

RIGHT = [
    ("one-bos", given([], INSIDE, FRONT)),
    ("one-bos", lambda start: ([], (3, start, start), (start, start, start))),
    ("one-bos", lambda bos: [torch.tensor([], dtype=torch.long), torch.tensor([5, bos, 7, bos]), np.full(4, bos)]),
    ("one-bos", given([], [1, "b"], ["b", "b", "b"], ["b", 1])),
    ("one-bos", given([], FRONT, ["b", 5, "b", 7, "b"], [5])),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)

