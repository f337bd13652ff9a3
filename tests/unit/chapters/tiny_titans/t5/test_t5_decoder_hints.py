"""Wrong answers on what a decoder reads and on a step of beam search fail, and the hint names the misconception."""

from heapq import nlargest

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.models.t5_training import shift_right

PREFIX = "tt-ex-t5-"


def shift(start=lambda start_id, pad_id: start_id, drop=True, ignored=lambda pad_id: pad_id):
    """Labels moved right with their usual slips."""
    def move(labels, start_id, pad_id):
        first = torch.full_like(labels[:, :1], start(start_id, pad_id))
        moved = torch.cat([first, labels[:, :-1] if drop else labels], 1)
        return moved.masked_fill(moved == -100, ignored(pad_id)) if ignored else moved
    return move


def filled(change):
    """A change of the labels, with padding for what is ignored."""
    def move(labels, start_id, pad_id):
        moved = change(labels, start_id, pad_id)
        return moved.masked_fill(moved == -100, pad_id)
    return move


def shift_left(labels, start_id, pad_id):
    return torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], pad_id)], 1)


def only_first(labels, start_id, pad_id):
    """The first label replaced, nothing moved."""
    return torch.cat([torch.full_like(labels[:, :1], start_id), labels[:, 1:]], 1)


def down(labels, start_id, pad_id):
    """Moved along the batch."""
    return torch.cat([torch.full_like(labels[:1], start_id), labels[:-1]], 0)


def two(labels, start_id, pad_id):
    """Two places to the right."""
    return torch.cat([torch.full_like(labels[:, :2], start_id), labels[:, :-2]], 1)


def without_stop(labels, start_id, pad_id):
    """The stop token taken for padding too."""
    moved = shift()(labels, start_id, pad_id)
    return moved.masked_fill(moved == 1, pad_id)


def in_place(labels, start_id, pad_id):
    labels[labels == -100] = pad_id
    labels[:, 1:] = labels[:, :-1].clone()
    labels[:, 0] = start_id
    return labels


def by_lists(labels, start_id, pad_id):
    return [[start_id, *(pad_id if label == -100 else label for label in row[:-1])] for row in labels.tolist()]


def beam(combine=lambda scores, log_p: scores[:, None] + log_p, value=lambda x: x, order=lambda x: x,
         split=lambda flat, beams, size: (flat // size, flat % size)):  # fmt: skip
    """A step of beam search with its usual slips."""
    def step(scores, log_p):
        best, flat = combine(scores, log_p).flatten().topk(len(scores))
        parents, tokens = split(flat, *log_p.shape)
        return order(parents), order(tokens), value(order(best))
    return step


def one_child_each(scores, log_p):
    best, tokens = (scores[:, None] + log_p).max(1)
    return torch.arange(len(scores)), tokens, best


def by_parents(scores, log_p):
    """The right ones, in the order of their parents."""
    parents, tokens, best = beam()(scores, log_p)
    order = parents.argsort(stable=True)
    return parents[order], tokens[order], best[order]


def first_parent(scores, log_p):
    """All continuations from the best beginning."""
    best, tokens = (scores.max() + log_p[scores.argmax()]).topk(len(scores))
    return torch.full_like(tokens, int(scores.argmax())), tokens, best


def ranked(scores, log_p):
    """Parents counted by rank, as if the best beginning stood first."""
    order = scores.argsort(descending=True)
    return beam()(scores[order], log_p[order])


def rows_mixed_up(scores, log_p):
    """The scores sorted, and the table left as it was."""
    return beam()(scores.sort(descending=True).values, log_p)


def old_scores(scores, log_p):
    parents, tokens, _ = beam()(scores, log_p)
    return parents, tokens, scores[parents]


def by_sorting(scores, log_p):
    """All continuations in a list."""
    found = [(float(score + more), parent, token) for parent, (score, row) in enumerate(zip(scores, log_p, strict=True))
             for token, more in enumerate(row)]  # fmt: skip
    best = nlargest(len(scores), found)
    return [parent for _, parent, _ in best], [token for *_, token in best], [score for score, *_ in best]


def by_rows(scores, log_p):
    """The best of each row first, then the best of those."""
    count = len(scores)
    values, tokens = (scores[:, None] + log_p).topk(min(count, log_p.shape[1]), dim=1)
    best, place = values.flatten().topk(count)
    return place // values.shape[1], tokens.flatten()[place], best


def by_array(scores, log_p):
    total = scores.numpy().astype("float64")[:, None] + log_p.numpy()
    order = np.argsort(-total, axis=None)[: len(total)]
    parents, tokens = np.unravel_index(order, total.shape)
    return parents, tokens, total[parents, tokens]


WRONG = [
    ("shift", shift(start=lambda start_id, pad_id: 1), "stop token"),
    ("shift", shift(start=lambda start_id, pad_id: pad_id), "start_id, which is not the padding"),
    ("shift", shift(start=lambda start_id, pad_id: 0), "the ids that are given"),
    ("shift", shift(drop=False), "one token too long"),
    ("shift", shift(ignored=None), "-100 is no token"),
    ("shift", shift(ignored=lambda pad_id: 0), "the ids that are given"),
    ("shift", lambda labels, start_id, pad_id: shift(ignored=lambda _: start_id)(labels, start_id, pad_id),
     "padding there, not the start"),
    ("shift", shift_left, "step to the left"),
    ("shift", filled(shift_left), "step to the left: the decoder would read the answer"),
    ("shift", lambda labels, start_id, pad_id: labels, "labels themselves"),
    ("shift", filled(lambda labels, start_id, pad_id: labels), "did not move"),
    ("shift", filled(only_first), "only the first label"),
    ("shift", filled(down), "along the rows"),
    ("shift", filled(two), "one place"),
    ("shift", lambda labels, start_id, pad_id: labels.roll(1, 1), "came around"),
    ("shift", filled(lambda labels, start_id, pad_id: labels.roll(1, 1)), "came around to the front"),
    ("shift", shift(drop=False, ignored=None), "leave out the last label"),
    ("shift", without_stop, "the end token is a token like any other"),
    ("shift", lambda *given: shift()(*given).float(), "dtype"),
    ("beam", beam(combine=lambda scores, log_p: log_p), "add what the beginning scored"),
    ("beam", one_child_each, "each beginning kept its best child|same parent"),
    ("beam", beam(value=torch.exp), "not probabilities"),
    ("beam", beam(order=lambda x: x.flip(0)), "from the best on"),
    ("beam", by_parents, "the best first"),
    ("beam", first_parent, "all beginnings"),
    ("beam", ranked, "its row, not its rank"),
    ("beam", rows_mixed_up, "each with its own row"),
    ("beam", old_scores, "before this step"),
    ("beam", beam(split=lambda flat, beams, size: (flat // size, flat)), "remainder by V"),
    ("beam", beam(split=lambda flat, beams, size: (flat % beams, flat % size)), "divide by V"),
    ("beam", beam(split=lambda flat, beams, size: (flat // beams, flat % beams)), "expected|divide by V"),
    ("beam", beam(split=lambda flat, beams, size: (flat % size, flat // size)), "those are the parents"),
    ("beam", beam(combine=lambda scores, log_p: scores[:, None] * log_p), "added, not multiplied"),
    ("beam", beam(combine=lambda scores, log_p: (scores[:, None] + log_p) / 2), "the sum, not the mean"),
    ("beam", beam(combine=lambda scores, log_p: (scores[:, None].exp() + log_p.exp()).log()), "probabilities are"),
    ("beam", lambda s, log_p: (*one_child_each(s, log_p)[:2], one_child_each(s, log_p)[2].sort(descending=True).values),
     "take the N best of all"),
    ("beam", lambda s, log_p: (*beam()(s, log_p)[:2], log_p.flatten().topk(len(s)).indices), "not places"),
    ("beam", lambda s, log_p: (*beam()(s, log_p)[:2], (s[:, None] * log_p).flatten().topk(len(s)).indices),
     "not places"),
    ("beam", beam(lambda scores, log_p: -scores[:, None] - log_p, value=torch.neg), "the largest are wanted"),
    ("beam", beam(split=lambda flat, beams, size: (flat // size, flat // size)), "those are the parents"),
    ("beam", beam(split=lambda flat, beams, size: (flat % size, flat % size)), "the parent is the row"),
    ("beam", lambda s, log_p: (beam()(s, log_p)[0], one_child_each(s, log_p)[1], beam()(s, log_p)[2]),
     "best tokens of each beginning"),
    ("beam", lambda s, log_p: (torch.arange(len(s)), *beam()(s, log_p)[1:]), "may have the same parent"),
    ("beam", lambda s, log_p: beam()(s, log_p)[::-1], "expected"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("shift", shift()), ("shift", in_place), ("shift", by_lists),
    ("shift", lambda labels, start, pad: shift_right(labels, start_id=start, pad_id=pad)),
    ("shift", lambda labels, start, pad: np.where((moved := np.roll(labels.numpy(), 1, 1)) == -100, pad, moved) * (
        np.arange(labels.shape[1]) > 0) + start * (np.arange(labels.shape[1]) == 0)),
    ("shift", lambda *given: shift()(*given).int()),
    ("beam", beam()), ("beam", by_sorting), ("beam", by_rows), ("beam", by_array),
    ("beam", lambda before, log_p: tuple(part.int() if part.dtype == torch.int64 else part.double()
                                         for part in beam()(before, log_p))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
