"""Wrong answers to the exercises on the fair fight fail, and the hint names the misconception behind them."""

from statistics import mean, stdev

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.fight.checks import drawn
from llmbook.metrics.bootstrap import paired_bootstrap

PREFIX = "tt-ex-fight-"


def se(values, ddof=1):
    return values.std(ddof=ddof) / np.sqrt(values.size)


def paired(mean=lambda a, b: a.mean() - b.mean(), error=lambda a, b: se(a.mean(0) - b.mean(0))):
    """A comparison of two systems, with its two numbers open."""
    return lambda ours, theirs: (mean(ours, theirs), error(ours, theirs))


def independent(a, b):
    return np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size)


def best(scores):
    return scores[scores.mean(1).argmax()]


def effects(tuning=lambda t: (t[:, 1] - t[:, 0]).mean(), size=lambda t: (t[1] - t[0]).mean(),
            more=lambda t: (t[0, 1] - t[0, 0]) - (t[1, 1] - t[1, 0])):  # fmt: skip
    """The three numbers of a table, each open."""
    return lambda table: tuple(float(part(np.array(table))) for part in (tuning, size, more))


WRONG = [
    ("paired", paired(mean=lambda a, b: b.mean() - a.mean()), "sign is turned"),
    ("paired", paired(mean=lambda a, b: best(a).mean() - b.mean()), "best seed"),
    ("paired", paired(mean=lambda a, b: best(a).mean() - best(b).mean()), "best seed of each|best seed"),
    ("paired", paired(mean=lambda a, b: a[0].mean() - b.mean()), "first seed"),
    ("paired", paired(mean=lambda a, b: a[0].mean() - b[0].mean()), "first seed"),
    ("paired", paired(error=lambda a, b: se((a - b.mean(0)).ravel())), "no new meetings"),
    ("paired", paired(error=lambda a, b: se((a[:, None] - b).ravel())), "no new meetings"),
    ("paired", paired(error=independent), "no new meetings"),
    ("paired", paired(error=lambda a, b: independent(a.mean(0), b.mean(0))), "not paired"),
    ("paired", paired(error=lambda a, b: se((a - b.mean(0)).mean(1))), "error over your seeds"),
    ("paired", paired(error=lambda a, b: (a.mean(0) - b.mean(0)).std(ddof=1)), "spread of single meetings"),
    ("paired", paired(error=lambda a, b: se(a.mean(0) - b.mean(0)) ** 2), "take the root"),
    ("paired", paired(error=lambda a, b: se(best(a) - b.mean(0))), "only your best seed"),
    ("paired", paired(error=lambda a, b: se(a.mean(0) - b.mean(0), 0)), "ddof=1"),
    ("paired", paired(error=lambda a, b: 1.96 * se(a.mean(0) - b.mean(0))), "half an interval"),
    ("paired", paired(error=lambda a, b: independent(a.mean(0), b.mean(0))), "it must be 0"),
    ("paired", lambda a, b: a.mean() - b.mean(), "the mean difference and its standard error"),
    ("paired", paired(error=lambda a, b: abs(se(a.mean(0)) - se(b.mean(0)))), "take the spread of the differences"),
    ("paired", paired(error=lambda a, b: se(a.mean(0))), "the spread of ours alone"),
    ("paired", paired(mean=lambda a, b: np.median(a.mean(0) - b.mean(0))), "the median"),
    ("paired", paired(mean=lambda a, b: 100 * (a.mean() - b.mean())), "in percent"),
    ("paired", paired(mean=lambda a, b: round(a.mean() - b.mean(), 2)), "round nothing"),
    ("paired", paired(error=lambda a, b: round(se(a.mean(0) - b.mean(0)), 3)), "round nothing"),
    ("paired", paired(error=lambda a, b: se(a.mean(0) - b.mean(0)) * a.shape[1] ** 0.5 / a.shape[0] ** 0.5),
     "the number of meetings"),
    ("paired", lambda a, b: paired()(a - b, b * 0), "raised ValueError"),
    ("paired", lambda a, b: paired()(a[: len(b)], b[: len(a)]), "as many seeds of ours|first seed"),
    ("effects", effects(tuning=lambda t: (t[1] - t[0]).mean(), size=lambda t: (t[:, 1] - t[:, 0]).mean()), "exchanged"),
    ("effects", effects(tuning=lambda t: (t[:, 0] - t[:, 1]).mean()), "sign of tuning"),
    ("effects", effects(size=lambda t: (t[0] - t[1]).mean()), "sign of size"),
    ("effects", effects(tuning=lambda t: t[0, 1] - t[0, 0]), "one row or column only"),
    ("effects", effects(tuning=lambda t: t[1, 1] - t[1, 0]), "one row or column only"),
    ("effects", effects(size=lambda t: t[1, 0] - t[0, 0]), "one row or column only"),
    ("effects", effects(size=lambda t: (t[1] - t[0]).sum()), "take their mean"),
    ("effects", effects(tuning=lambda t: t[0, 1] - t[1, 0]), "difference is neither"),
    ("effects", effects(more=lambda t: (t[1, 1] - t[1, 0]) - (t[0, 1] - t[0, 0])), "sign of the interaction"),
    ("effects", effects(more=lambda t: ((t[0, 1] - t[0, 0]) - (t[1, 1] - t[1, 0])) / 2), "do not halve"),
    ("effects", effects(more=lambda t: 0.0), "need not add"),
    ("effects", effects(more=lambda t: abs((t[0, 1] - t[0, 0]) - (t[1, 1] - t[1, 0]))), "sign of the interaction"),
    ("effects", effects(more=lambda t: (t[0, 1] - t[0, 0]) / (t[1, 1] - t[1, 0])), "a difference, not a ratio"),
    ("effects", effects(more=lambda t: (t[:, 1] - t[:, 0]).mean() - (t[1] - t[0]).mean()), "of both effects"),
    ("effects", effects(tuning=lambda t: abs(t[:, 1] - t[:, 0]).mean()), "may do harm"),
    ("effects", effects(tuning=lambda t: max((t[:, 1] - t[:, 0]).mean(), 0)), "may do harm"),
    ("effects", effects(size=lambda t: abs((t[1] - t[0]).mean())), "may do harm"),
    ("effects", effects(tuning=lambda t: (t[:, 1] / t[:, 0]).mean()), "expected"),
    ("effects", lambda t: effects()(np.transpose(t)), "exchanged"),
    ("effects", lambda t: effects()(t)[:2], "the effects of tuning and of size, and their interaction"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_the_standard_error_is_that_of_the_bootstrap_of_the_book():
    ours, theirs = drawn(5, 3, 200, 7)
    mean, error = paired()(ours, theirs)
    found = paired_bootstrap(ours.mean(0), theirs.mean(0), seed=0).difference
    assert found.mean == pytest.approx(mean)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.05)
    wide = independent(ours.mean(0), theirs.mean(0))
    assert (found.high - found.low) / 2 < 0.7 * 1.96 * wide


def with_lists(ours, theirs):
    """Meeting by meeting, in plain Python."""
    gaps = [mean(a) - mean(b) for a, b in zip(ours.T.tolist(), theirs.T.tolist(), strict=True)]
    return [sum(gaps) / len(gaps), stdev(gaps) / len(gaps) ** 0.5]


def with_tensors(ours, theirs):
    gaps = torch.tensor(ours).mean(0) - torch.tensor(theirs).mean(0)
    return torch.stack([gaps.mean(), gaps.std() / len(gaps) ** 0.5])


def with_squares(a, b):
    """The variance from the mean of the squares."""
    gaps = sum(a) / len(a) - sum(b) / len(b)
    n = gaps.size
    return gaps.sum() / n, (max(((gaps - gaps.mean()) ** 2).sum(), 0) / (n - 1) / n) ** 0.5


def cell_by_cell(table):
    a, b, c, d = (number for row in table for number in row)
    return (b - a + d - c) / 2, (c - a + d - b) / 2, b - a - d + c


RIGHT = [
    ("paired", paired()), ("paired", with_lists), ("paired", with_tensors), ("paired", with_squares),
    ("paired", lambda ours, theirs: np.array(paired()(ours, theirs))),
    ("effects", effects()), ("effects", cell_by_cell), ("effects", lambda table: torch.tensor(cell_by_cell(table))),
    ("effects", lambda table: np.array(cell_by_cell(table), dtype="float32")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
