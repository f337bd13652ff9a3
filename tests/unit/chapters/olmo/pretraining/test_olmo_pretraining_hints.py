"""Wrong answers to the exercise on pretraining fail, and the hint names the misconception behind them."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "olmo-ex-"


def packed(stream, size):
    rows = len(stream) // size
    return torch.tensor(stream[: rows * size]).view(rows, size)


def flat(documents, end, before=False):
    return [i for document in documents for i in ([end, *document] if before else [*document, end])]


def log_mean(shares):
    return -sum(map(math.log, shares)) / len(shares)


def table(train, texts, tokens, context, first=2, prior=1, last=0, mean=log_mean):
    """What a table of counts pays on average."""
    follow, seen = Counter(), Counter()
    for i in range(context, len(train)):
        follow[(*train[i - context : i], train[i])] += 1
    for i in range(context, len(train) + last):
        seen[tuple(train[i - context : i])] += 1
    shares = [(follow[tuple(texts[i - context : i + 1])] + prior)
              / (seen[tuple(texts[i - context : i])] + prior * tokens)
              for i in range(max(first, context), len(texts))]  # fmt: skip
    return mean(shares)


def pick(train, texts, tokens, choose=min, **how):
    """Context and loss of the best table."""
    losses = [table(train, texts, tokens, context, **how) for context in range(3)]
    return losses.index(choose(losses)), choose(losses)


WRONG = [
    ("pack", lambda ds, end, T: packed(flat(ds, end)[:-1], T + 1), "follows the last document too"),
    ("pack", lambda ds, end, T: packed(flat(ds, end, before=True), T + 1), "stands before each"),
    ("pack", lambda ds, end, T: packed(flat(ds, end), T), "rows are too short"),
    ("pack", lambda ds, end, T: packed([i for d in ds for i in d], T + 1), "end tokens are missing"),
    ("pack", lambda ds, end, T: packed(flat(ds, end) + [end] * (-len(flat(ds, end)) % (T + 1)), T + 1), "filled up"),
    ("pack", lambda ds, end, T: torch.cat([packed([*d, end], T + 1) for d in ds]).long(), "a row of its own"),
    ("pack", lambda ds, end, T: [*map(list, torch.tensor(flat(ds, end)).unfold(0, T + 1, T))], "stands in two"),
    ("pack", lambda ds, end, T: [flat(ds, end)[i : i + T + 1] for i in range(0, len(flat(ds, end)), T + 1)], "a list"),
    ("pack", lambda ds, end, T: (rows := packed(flat(ds, end), T + 1))[: (len(flat(ds, end)) - 1) // len(rows[0])],
     "row is full"),
    ("pack", lambda ds, end, T: packed(flat(sorted(ds, key=len), end), T + 1), "are sorted"),
    ("pack", lambda ds, end, T: packed(flat(ds, 0), T + 1), "your result is"),
    ("pack", lambda ds, end, T: packed([end, *flat(ds, end)], T + 1), "nothing has ended there"),
    ("pack", lambda ds, end, T: packed(flat(ds, end), T + 1)[:, :T], "lacks its last token"),
    ("pack", lambda ds, end, T: packed(flat(ds, end)[len(flat(ds, end)) % (T + 1) :], T + 1), "not at the beginning"),
    ("pack", lambda ds, end, T: packed(flat([d for d in ds if d], end), T + 1), "empty document"),
    ("pack", lambda ds, end, T: packed(flat(ds, end), T + 1).T, "rows and columns"),
    ("pack", lambda ds, end, T: packed(flat(ds, end), T + 1).flatten(), "has shape"),
    ("baseline", lambda tr, va, V: pick(tr, tr, V), "choose by the others|on the training ids"),
    ("baseline", lambda tr, va, V: (pick(tr, va, V)[0], pick(tr, tr, V)[1]), "on the training ids"),
    ("baseline", lambda tr, va, V: (k := pick(tr, va, V)[0], table(tr, tr, V, k)), "its loss on the training ids"),
    ("baseline", lambda tr, va, V: pick(tr, va, V, choose=max), "that is the worst"),
    ("baseline", lambda tr, va, V: pick(va, va, V), "count the training ids|choose by"),
    ("baseline", lambda tr, va, V: (pick(tr, va, V)[0], pick(tr, va, V)[1] / math.log(2)), "those are bits"),
    ("baseline", lambda tr, va, V: (pick(tr, va, V)[0], pick(tr, va, V)[1] * (len(va) - 2)), "that is the sum"),
    ("baseline", lambda tr, va, V: (pick(tr, va, V)[0], math.exp(pick(tr, va, V)[1])), "the perplexity"),
    ("baseline", lambda tr, va, V: pick(tr, va, V, mean=lambda ps: -math.log(sum(ps) / len(ps))), "logarithm first"),
    ("baseline", lambda tr, va, V: pick(tr, va, V, first=0), "the same places"),
    ("baseline", lambda tr, va, V: pick(tr, va, len(set(tr))), "all `tokens` ids"),
    ("baseline", lambda tr, va, V: pick(tr, va, V, last=1), "nothing follows the last id"),
    ("baseline", lambda tr, va, V: pick(tr, va, V, prior=0.5), "not a half"),
    ("baseline", lambda tr, va, V: pick(tr, va, V, prior=0), "raised|divi"),
    ("baseline", lambda tr, va, V: (pick(tr, va, V)[0], -pick(tr, va, V)[1]), "turn the sign"),
    ("baseline", lambda tr, va, V: (1, table(tr, va, V, 1)), "expected 0|your result is"),
    ("baseline", lambda tr, va, V: pick(tr, va, V)[1], "context and loss"),
    ("baseline", lambda tr, va, V: pick(tr, va, V)[::-1], "your result is"),
    ("baseline", lambda tr, va, V: (pick(tr, va, V)[0], round(pick(tr, va, V)[1], 2)), "your result is"),
]


def packed_by_walking(documents, stop, n):
    rows, row = [], []
    for document in documents:
        for token in [*document, stop]:
            row.append(token)
            if len(row) > n:
                rows.append(row)
                row = []
    return rows


def packed_by_numpy(documents, end, length):
    stream = np.concatenate([np.array([*document, end]) for document in documents])
    count = stream.size // (length + 1)
    return stream[: count * (length + 1)].reshape(count, length + 1)


def counted_by_arrays(train, texts, V):
    train, texts, losses = torch.tensor(train), torch.tensor(texts), []
    for k in range(3):
        counts = torch.zeros((V,) * (k + 1), dtype=torch.double)
        places = tuple(train[i : len(train) - k + i] for i in range(k + 1))
        counts.index_put_(places, torch.ones(len(train) - k).double(), accumulate=True)
        shares = (counts + 1) / (counts.sum(-1, keepdim=True) + V)
        losses.append(-shares[tuple(texts[2 - k + i : len(texts) - k + i] for i in range(k + 1))].log().mean())
    return torch.stack(losses).argmin(), min(losses)


def counted_by_dicts(training, validation, tokens):
    found = {}
    for context in (2, 1, 0):
        rows = defaultdict(lambda: [1] * tokens)
        for place in range(context, len(training)):
            rows[tuple(training[place - context : place])][training[place]] += 1
        paid = 0.0
        for place in range(2, len(validation)):
            row = rows[tuple(validation[place - context : place])]
            paid += math.log(sum(row)) - math.log(row[validation[place]])
        found[paid / (len(validation) - 2)] = context
    return [found[min(found)], min(found)]


RIGHT = [
    ("pack", packed_by_walking),
    ("pack", packed_by_numpy),
    ("pack", lambda ds, end, T: torch.cat([torch.tensor([*d, end]) for d in ds]).unfold(0, T + 1, T + 1).int()),
    ("baseline", pick),
    ("baseline", counted_by_arrays),
    ("baseline", counted_by_dicts),
    ("baseline", lambda tr, va, V: np.array(pick(tr, va, V))),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
