"""Wrong answers to the exercise on pretraining fail, and the hint names the misconception behind them."""

import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def packed(stream, size):
    rows = len(stream) // size
    return torch.tensor(stream[: rows * size]).view(rows, size)


def flat(documents, end, before=False):
    return [i for document in documents for i in ([end, *document] if before else [*document, end])]


WRONG = [
    ("pack", lambda ds, end, T: packed(flat(ds, end)[:-1], T + 1), "follows the last document too"),
    ("pack", lambda ds, end, T: packed(flat(ds, end, before=True), T + 1), "stands before each"),
    ("pack", lambda ds, end, T: packed(flat(ds, end), T), "rows are too short"),
    ("pack", lambda ds, end, T: packed([i for d in ds for i in d], T + 1), "end tokens are missing"),
    ("pack", lambda ds, end, T: packed(flat(ds, end) + [end] * (-len(flat(ds, end)) % (T + 1)), T + 1), "filled up"),
    ("pack", lambda ds, end, T: torch.cat([packed([*d, end], T + 1) for d in ds]).long(), "a row of its own"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
