"""Wrong answers on a split and on a batch of labels fail, and the hint names the misconception behind them."""

import random

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.meetings import checks_corpus as checks
from llmbook.summarizers import seq2seq

PREFIX = "tt-ex-meet-"


def split(of=lambda pair: pair[0], shuffle=True, seeded=True, count=lambda share, n: round(share * n), order=sorted):
    """A split, with what is divided open."""
    def divide(pairs, share, seed):
        groups = order({of(pair): None for pair in pairs})
        if shuffle:
            random.Random(seed if seeded else None).shuffle(groups)
        test = set(groups[: count(share, len(groups))])
        return [pair for pair in pairs if of(pair) not in test], [pair for pair in pairs if of(pair) in test]
    return divide


def sampled(pairs, share, seed):
    names = sorted({meeting for meeting, _ in pairs})
    test = random.Random(seed).sample(names, round(share * len(names)))
    return tuple([pair for pair in pairs if (pair[0] in test) == side] for side in (False, True))


def by_instruction(pairs, share, seed):
    """The instructions divided."""
    return split(of=lambda pair: pair[1])(pairs, share, seed)


def each_by_chance(pairs, share, seed):
    """A coin for each meeting."""
    draw = random.Random(seed)
    side = {name: draw.random() < share for name in sorted({meeting for meeting, _ in pairs})}
    return [pair for pair in pairs if not side[pair[0]]], [pair for pair in pairs if side[pair[0]]]


def drawn_again(pairs, share, seed):
    """With meetings put back after each draw."""
    names, draw = sorted({meeting for meeting, _ in pairs}), random.Random(seed)
    test = set(draw.choices(names, k=round(share * len(names))))
    return [pair for pair in pairs if pair[0] not in test], [pair for pair in pairs if pair[0] in test]


def neighbors(pairs, share, seed, order=sorted, start=lambda seed, n: random.Random(seed).randrange(n)):
    """A run of meetings that begins anywhere."""
    names = order({meeting for meeting, _ in pairs})
    first = start(seed, len(names))
    test = set((names * 2)[first : first + round(share * len(names))])
    return [pair for pair in pairs if pair[0] not in test], [pair for pair in pairs if pair[0] in test]


def turned(pairs, share, seed):
    """Shuffled in the same way each time, and the seed says where to begin."""
    shuffled = lambda names: random.Random(0).sample(sorted(names), len(names))  # noqa: E731
    return neighbors(pairs, share, seed, shuffled, lambda seed, n: seed % n)


def first_pairs(pairs, share, seed):
    """One pair for each meeting of the test."""
    train, test = split()(pairs, share, seed)
    return train, list({pair[0]: pair for pair in test}.values())


def all_pairs(pairs, share, seed):
    """All pairs to train on."""
    return pairs, split()(pairs, share, seed)[1]


def split_by_array(pairs, share, seed):
    """A split whose dictionary knows numpy's texts."""
    names = np.unique([meeting for meeting, _ in pairs]).tolist()
    random.Random(seed).shuffle(names)
    side = {name: number < round(share * len(names)) for number, name in enumerate(names)}
    return [pair for pair in pairs if not side[pair[0]]], [pair for pair in pairs if side[pair[0]]]


def batch(cut=lambda ids, limit: [*ids[: limit - 1], 1], filler=-100, left=False, width=max):
    """Labels, with the usual slips."""
    def make(targets, limit):
        rows = [cut(ids, limit) for ids in targets]
        longest = width(map(len, rows)) if width is not None else limit
        pads = [[filler] * (longest - len(row)) for row in rows]
        return torch.tensor([(pad + row if left else row + pad)[:longest] for row, pad in zip(rows, pads, strict=True)])
    return make


def end_behind(targets, limit):
    """The end token after the filler."""
    return torch.tensor([[*row[:-1], 1] for row in batch(cut=lambda ids, limit: [*ids[: limit - 1], -100])(
        targets, limit).tolist()])


def in_place(targets, limit):
    for ids in targets:
        del ids[limit - 1 :]
        ids.append(1)
    while len({len(ids) for ids in targets}) > 1:
        min(targets, key=len).append(-100)
    return targets


def by_array(targets, limit):
    sizes = [min(len(ids), limit - 1) for ids in targets]
    labels = np.full((len(targets), max(sizes) + 1), -100)
    for row, ids, size in zip(labels, targets, sizes, strict=True):
        row[:size], row[size] = ids[:size], 1
    return labels


def padded(targets, limit):
    rows = [torch.tensor([*ids[: limit - 1], 1]) for ids in targets]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-100)


def package(targets, limit):
    return seq2seq.collate([seq2seq.Pair([2], [*ids[: limit - 1], 1]) for ids in targets], 0).labels


WRONG = [
    ("split", split(of=lambda pair: pair), "on both sides"),
    ("split", by_instruction, "on both sides"),
    ("split", all_pairs, "on both sides"),
    ("split", split(shuffle=False), "shuffle first"),
    ("split", lambda pairs, share, seed: split()(pairs, share, 0), "the seed decides"),
    ("split", split(seeded=False), "same seed gave another split"),
    ("split", split(count=lambda share, n: round((1 - share) * n)), "share is of the meetings"),
    ("split", split(count=lambda share, n: int(share * n)), "share is of the meetings"),
    ("split", split(count=lambda share, n: -int(-share * n // 1)), "share is of the meetings"),
    ("split", split(count=lambda share, n: max(1, round(share * n))), "share is of the meetings"),
    ("split", lambda pairs, share, seed: split()(pairs, share, seed)[::-1], "training first"),
    ("split", each_by_chance, "share is of the meetings"),
    ("split", neighbors, "draw each meeting by itself"),
    ("split", turned, "draw each meeting by itself"),
    ("split", drawn_again, "share is of the meetings"),
    ("split", split(order=lambda groups: list(set(groups))), "another run of Python"),
    ("split", lambda pairs, share, seed: [part[:5] for part in split()(pairs, share, seed)], "are lost"),
    ("split", first_pairs, "are lost"),
    ("split", lambda pairs, share, seed: split()(pairs + pairs, share, seed), "stand twice"),
    ("split", lambda pairs, share, seed: split()(pairs, share, seed)[1], "train and test|expected 2"),
    ("batch", batch(filler=0), "padding as a label"),
    ("batch", batch(filler=1), "-100"),
    ("batch", batch(left=True), "goes to the right"),
    ("batch", batch(cut=lambda ids, limit: ids[:limit]), "never learns to stop"),
    ("batch", batch(cut=lambda ids, limit: [*ids, 1][:limit]), "lost its end token"),
    ("batch", batch(cut=lambda ids, limit: [*ids[:limit], 1]), "one longer than the limit"),
    ("batch", batch(cut=lambda ids, limit: [*ids, 1]), "nothing was cut"),
    ("batch", batch(cut=lambda ids, limit: [*(ids if len(ids) <= limit else ids[: limit - 1]), 1]), "exactly `limit`"),
    ("batch", batch(cut=lambda ids, limit: [*ids[-(limit - 1) :], 1]), "the beginning of a target"),
    ("batch", batch(cut=lambda ids, limit: [*ids[: limit - 2], 1]), "one id more"),
    ("batch", batch(cut=lambda ids, limit: [1, *ids[: limit - 1]]), "at the end"),
    ("batch", batch(cut=lambda ids, limit: [*ids[: limit - 1], 2]), "the end token is 1"),
    ("batch", batch(width=None), "the longest row of the batch"),
    ("batch", batch(width=min), "the longest row of the batch"),
    ("batch", end_behind, "right behind its last id"),
    ("batch", lambda targets, limit: batch()(targets, limit).float(), "dtype"),
    ("batch", lambda targets, limit: [row[row != -100].tolist() for row in batch()(targets, limit)],
     "expected a tensor"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("split", split()), ("split", sampled), ("split", split_by_array), ("split", split(order=list)),
    ("split", lambda pairs, share, seed: [[list(pair) for pair in part] for part in sampled(pairs, share, seed)]),
    ("batch", batch()), ("batch", in_place), ("batch", by_array), ("batch", padded), ("batch", package),
    ("batch", lambda texts, most: padded(texts, most).int()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_the_ids_are_those_of_the_package():
    assert (checks.END, checks.PAD, checks.IGNORED) == (1, 0, -100)
