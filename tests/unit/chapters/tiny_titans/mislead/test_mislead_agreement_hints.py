"""Wrong answers on agreement and on levels of correlation fail, and the hint names the misconception behind them."""

from collections import Counter
from statistics import correlation

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau, spearmanr
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.metrics.agreement import cohen_kappa, correlate, summary_level, system_level

PREFIX = "tt-ex-mislead-"


def kappa(chance, divide=True, even=lambda observed: 0.0):
    """The formula with its chance open, and with what to say where chance alone always agrees."""
    def value(first, second):
        observed = np.mean([a == b for a, b in zip(first, second, strict=True)])
        expected = chance(Counter(first), Counter(second), len(first))
        if divide and expected == 1:
            return even(observed)
        return (observed - expected) / (1 - expected if divide else 1)
    return value


def both(first, second, n):
    return sum(first[label] * second[label] for label in first) / n**2


def last(first, second, n):
    label = max({*first, *second})
    return first[label] * second[label] / n**2


def pooled(first, second, n):
    """As if one judge had given all labels."""
    return sum(((first[label] + second[label]) / (2 * n)) ** 2 for label in {*first, *second})


def two_labels(first, second):
    """Good or not."""
    good = first[0]
    a, b = [label == good for label in first], [label == good for label in second]
    return cohen_kappa(a, b)


def any_order(first, second):
    """Equal labels wherever they stand."""
    n, chance = len(first), both(Counter(first), Counter(second), len(first))
    observed = (Counter(first) & Counter(second)).total() / n
    return (observed - chance) / (1 - chance) if chance < 1 else 0.0


def coded(first, second):
    """The labels as numbers, correlated."""
    names = sorted({*first, *second})
    codes = [[names.index(label) for label in labels] for labels in (first, second)]
    return float(np.corrcoef(codes)[0, 1]) if len(names) > 1 else 0.0


def by_table(first, second):
    """The table of both judges' labels."""
    names = list(dict.fromkeys([*first, *second]))
    table = np.zeros((len(names), len(names)))
    np.add.at(table, ([names.index(label) for label in first], [names.index(label) for label in second]), 1)
    table /= table.sum()
    chance = table.sum(0) @ table.sum(1)
    return np.float64(0) if chance > 1 - 1e-12 else (np.trace(table) - chance) / (1 - chance)


def by_disagreement(judge_a, judge_b):
    """1 minus the share of unequal labels by that of chance."""
    unequal = sum(a != b for a, b in zip(judge_a, judge_b, strict=True)) / len(judge_a)
    by_chance = sum(a != b for a in judge_a for b in judge_b) / len(judge_a) ** 2
    return 1 - unequal / by_chance if by_chance else 0


def levels(*statistics, turn=False):
    return lambda scores, truths: tuple(f(scores.T, truths.T) if turn else f(scores, truths) for f in statistics)


def both_levels(measure, mean=np.mean):
    """Two levels of some measure, with the mean over the meetings open."""
    def two(scores, truths):
        each = [measure(scores[:, n], truths[:, n]) for n in range(scores.shape[1])]
        return measure(scores.mean(1), truths.mean(1)), mean(each)
    return two


def pearson(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def centered_by_meeting(scores, truths):
    """Each meeting's mean taken away, then all pairs."""
    return system_level(scores, truths), correlate(scores - scores.mean(0), truths - truths.mean(0))


def by_lists(scores, truths):
    rows = [correlation([sum(row) / len(row) for row in scores.tolist()], [sum(row) for row in truths.tolist()])]
    columns = [correlation(a, b) for a, b in zip(scores.T.tolist(), truths.T.tolist(), strict=True)]
    return [*rows, sum(columns) / len(columns)]


def by_tensors(scores, truths):
    def level(a, b):
        a, b = (each - each.mean(0) for each in (a, b))
        return ((a * b).sum(0) / (a.square().sum(0) * b.square().sum(0)).sqrt()).mean()
    scores, truths = torch.tensor(scores), torch.tensor(truths)
    return level(scores.sum(1, keepdim=True), truths.sum(1, keepdim=True)), level(scores, truths)


def single(scores, truths):
    """In float32."""
    return tuple(np.float32(level(scores.astype("float32"), truths)) for level in (system_level, summary_level))


WRONG = [
    ("kappa", kappa(lambda *_: 0.0), "nothing subtracted"),
    ("kappa", kappa(both, divide=False), "divide by 1 minus"),
    ("kappa", kappa(lambda first, second, n: 1 / len({*first, *second})), "not one over the number"),
    ("kappa", kappa(lambda *_: 0.5), "for two labels"),
    ("kappa", kappa(last), "add them all"),
    ("kappa", kappa(lambda first, second, n: both(first, first, n)), "habits of both judges"),
    ("kappa", kappa(lambda first, second, n: both(second, second, n)), "habits of both judges"),
    ("kappa", kappa(pooled), "each judge has habits of their own"),
    ("kappa", kappa(lambda first, second, n: max(first[label] * second[label] for label in first) / n**2),
     "add them all"),
    ("kappa", kappa(lambda first, second, n: max(first.values()) / n), "expected"),
    ("kappa", lambda a, b: 1.0 if a == b else cohen_kappa(a, b), "no agreement beyond chance"),
    ("kappa", lambda a, b: 0.0 if a == b else cohen_kappa(a, b), "agree on every summary"),
    ("kappa", lambda a, b: max(cohen_kappa(a, b), 0.0), "less often than by chance"),
    ("kappa", lambda a, b: abs(cohen_kappa(a, b)), "less often than by chance"),
    ("kappa", lambda a, b: round(cohen_kappa(a, b), 3), "round"),
    ("kappa", kappa(both, even=lambda observed: float("nan")), "nan"),
    ("kappa", kappa(both, even=lambda observed: 1 / 0), "ZeroDivisionError"),
    ("kappa", two_labels, "any number of labels"),
    ("kappa", any_order, "summary by summary"),
    ("kappa", coded, "names, not numbers"),
    ("levels", levels(summary_level, system_level), "exchanged"),
    ("levels", levels(correlate, summary_level), "pools all pairs"),
    ("levels", levels(system_level, correlate), "pools all pairs"),
    ("levels", levels(system_level, summary_level, turn=True), "along the other axis"),
    ("levels", centered_by_meeting, "pools what is left"),
    ("levels", both_levels(lambda a, b: spearmanr(a, b)[0]), "ranks"),
    ("levels", both_levels(lambda a, b: kendalltau(a, b)[0]), "ranks"),
    ("levels", both_levels(lambda a, b: a @ b / np.sqrt(a @ a * (b @ b))), "without subtracting the means"),
    ("levels", both_levels(lambda a, b: np.cov(a, b)[0, 1]), "covariance"),
    ("levels", both_levels(lambda a, b: pearson(a, b) ** 2), "square"),
    ("levels", both_levels(pearson, lambda each: np.mean(np.abs(each))), "keep the sign"),
    ("levels", both_levels(pearson, np.median), "median"),
    ("levels", both_levels(pearson, lambda each: np.tanh(np.mean(np.arctanh(each)))), "average the correlations"),
    ("levels", lambda scores, truths: system_level(scores, truths), "the level of systems, then"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("kappa", cohen_kappa), ("kappa", kappa(both)), ("kappa", by_table), ("kappa", by_disagreement),
    ("kappa", lambda a, b: torch.tensor(by_disagreement(a, b), dtype=torch.float64)),
    ("levels", levels(system_level, summary_level)), ("levels", both_levels(pearson)), ("levels", by_lists),
    ("levels", by_tensors), ("levels", single), ("levels", lambda a, b: np.array(both_levels(pearson)(a, b))),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
