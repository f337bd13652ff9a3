"""Checks for the page on pretraining: documents packed into rows, and what counting can do."""

import math
from collections import Counter

import torch
from torch import Tensor

from llmbook.exercises.compare import draw, expect_items, expect_number, expect_tensor
from llmbook.exercises.registry import exercise


def cut(stream: list[int], size: int) -> Tensor:
    """Whole rows of a list of ids."""
    rows = len(stream) // size
    return torch.tensor(stream[: rows * size], dtype=torch.long).reshape(rows, size)


def joined(documents: list[list[int]], before: list[int], after: list[int]) -> list[int]:
    """All documents in one list."""
    return [token for document in documents for token in (*before, *document, *after)]


def expect_packed(f, documents: list[list[int]], end: int, length: int) -> None:
    """Compare with the rows that the book's packing gives."""
    stream, size = joined(documents, [], [end]), length + 1
    padded = stream + [end] * (-len(stream) % size)
    single = [row for document in documents for row in cut([*document, end], size).tolist()]
    overlap = [stream[start : start + size] for start in range(0, len(stream) - length, length)]
    whole = (len(stream) - 1) // size
    mistakes = [
        (torch.tensor(overlap), "a token stands in two rows: each row begins with the token after the last of the one"
         " before"),
        (cut(stream[: whole * size], size), "the last row is full and belongs to the result"),
        (cut(stream[len(stream) % size :], size), "the rest is left out at the end, not at the beginning"),
        (cut(joined(sorted(documents, key=len), [], [end]), size), "the documents are sorted: keep their order"),
        (cut([end, *stream], size), "there is an end token before the first document: nothing has ended there"),
        (cut(joined([each for each in documents if each], [], [end]), size), "an empty document has its end token too"),
        (cut(stream, size)[:, :-1], "each row lacks its last token: it is the one that is only predicted"),
        (cut(stream, size).T, "rows and columns are exchanged: the first axis counts rows"),
        (cut(stream[:-1], size), "an end token is missing: it follows the last document too"),
        (cut(joined(documents, [], []), size), "the end tokens are missing: one after each document"),
        (cut(joined(documents, [end], []), size), "the end token stands before each document: put it after"),
        (cut(stream, length), "the rows are too short: the model reads `length` tokens and predicts one more"),
        (cut(padded, size), "the last row is filled up: leave out what does not fill a row"),
        (torch.tensor(single).reshape(-1, size), "every document begins a row of its own: join them all, then cut"),
    ]  # fmt: skip
    expect_tensor(f(documents, end, length), cut(stream, size), mistakes, exact=True)


@exercise("olmo-ex-pack")
def pack_with_a_rest(f):
    """Three documents with a rest"""
    expect_packed(f, [[5, 6, 7], [8, 9, 10, 11, 12], [13, 14]], 0, 3)


@exercise("olmo-ex-pack")
def pack_without_a_rest(f):
    """Documents that fill their rows exactly"""
    expect_packed(f, [[5, 6], [7], [8, 9, 10, 11, 12, 13]], 1, 5)


@exercise("olmo-ex-pack")
def pack_an_empty_document(f):
    """An empty document among the others"""
    expect_packed(f, [[5, 6, 7, 8], [], [9], [10, 11, 12]], 2, 2)


def counted(training: list[int], texts: list[int], tokens: int, context: int, *, first: int = 2, prior: float = 1,
            last: int = 0, types: bool = False) -> list[float]:  # fmt: skip
    """What a table of counts pays for each token of a text, in nats.

    Args:
        training: the ids it counts.
        texts: the ids it is asked for.
        tokens: how many ids there are.
        context: how many ids before a token it looks at.
        first: the place of the first token that is asked for.
        prior: what is added to each count.
        last: 1 counts the last place of the training as a context too, though nothing follows it.
        types: whether only ids that were seen share what is left.
    """
    seen = Counter(tuple(training[i - context : i + 1]) for i in range(context, len(training)))
    before = Counter(tuple(training[i - context : i]) for i in range(context, len(training) + last))
    size = len(set(training)) if types else tokens
    spans = [tuple(texts[i - context : i + 1]) for i in range(max(first, context), len(texts))]
    return [-math.log((seen[span] + prior) / (before[span[:-1]] + prior * size)) for span in spans]


def best(training: list[int], texts: list[int], tokens: int, worst: bool = False, **how) -> tuple[int, float]:
    """The context with the smallest mean, and that mean."""
    means = {k: sum(paid := counted(training, texts, tokens, k, **how)) / len(paid) for k in range(3)}
    context = (max if worst else min)(means, key=means.get)
    return context, means[context]


def expect_best(f, training: list[int], validation: list[int], tokens: int) -> None:
    """Compare the context, then its loss."""
    right, loss = best(training, validation, tokens)
    context, got = expect_items(f(training, validation, tokens), 2, "context and loss")
    contexts = [
        (best(training, training, tokens)[0], "that is the best where the counts were made: choose by the others"),
        (best(training, validation, tokens, worst=True)[0], "that is the worst: the smallest loss is hardest to beat"),
    ]
    expect_number(context, right, contexts)
    paid = counted(training, validation, tokens, right)
    mistakes = [
        (best(training, training, tokens)[1], "that is the loss on the training ids: score the validation ids"),
        (counted_mean(training, training, tokens, right), "that is its loss on the training ids"),
        (counted_mean(validation, validation, tokens, right), "count the training ids, not those that are scored"),
        (loss / math.log(2), "those are bits: use the natural logarithm"),
        (sum(paid), "that is the sum: return the mean for each token"),
        (math.exp(loss), "that is the perplexity: return the mean of the negative logarithms"),
        (-math.log(sum(math.exp(-each) for each in paid) / len(paid)), "take the logarithm first, then the mean"),
        (counted_mean(training, validation, tokens, right, first=0),
         "score the same places for each context: from the third id on"),
        (counted_mean(training, validation, tokens, right, types=True), "all `tokens` ids share what is added"),
        (counted_mean(training, validation, tokens, right, last=1), "nothing follows the last id: it is no context"),
        (counted_mean(training, validation, tokens, right, prior=0.5), "add 1 to each count, not a half"),
        (-loss, "a loss is positive: turn the sign"),
    ]  # fmt: skip
    expect_number(got, loss, mistakes, rtol=1e-5)


def counted_mean(*given, **how) -> float:
    """The mean of what the table pays."""
    paid = counted(*given, **how)
    return sum(paid) / len(paid)


def chain(seed: int, length: int, tokens: int, sharp: float, reach: int) -> list[int]:
    """Ids of which each is drawn by the ``reach`` before it; the sharper, the more they say."""
    table = (sharp * draw(seed, *(tokens,) * (reach + 1))).softmax(-1)
    generator, ids = torch.Generator().manual_seed(seed), [0, 1]
    while len(ids) < length:
        row = table[tuple(ids[len(ids) - reach :])] if reach else table
        ids.append(int(torch.multinomial(row, 1, generator=generator)))
    return ids


def expect_best_of(f, seed: int, counts: int, tokens: int, sharp: float, reach: int) -> None:
    """The same, on ids that are drawn; one more id exists and never occurs."""
    ids = chain(seed, counts + 40, tokens, sharp, reach)
    expect_best(f, ids[:counts], ids[counts:], tokens + 1)


@exercise("olmo-ex-baseline")
def baseline_of_neighbors(f):
    """Ids that depend on the one before"""
    expect_best_of(f, 1, 120, 6, 2.0, 1)


@exercise("olmo-ex-baseline")
def baseline_of_few_ids(f):
    """Ids that do not depend on each other"""
    expect_best_of(f, 2, 60, 9, 1.5, 0)


@exercise("olmo-ex-baseline")
def baseline_of_two_before(f):
    """Ids that depend on the two before"""
    expect_best_of(f, 3, 900, 4, 3.0, 2)
