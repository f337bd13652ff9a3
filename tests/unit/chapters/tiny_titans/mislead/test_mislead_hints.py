"""Wrong answers on where ROUGE misleads fail, and the hint names the misconception; the package's answers pass."""

import re
from collections import Counter

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.mislead.checks import one_to_one
from llmbook.metrics.agreement import cohen_kappa, correlate, summary_level, system_level
from llmbook.metrics.bertscore import greedy_score

PREFIX = "tt-ex-mislead-"


def facts(denials=True, bound=True, day=True, unknown="wrong", keys=False, fits=re.fullmatch, anywhere=False):
    """A fact check with each of its parts open."""
    def label(tasks, line):
        found = fits(r"(\w+) will (not )?(.+) by (\w+)\.", line)
        if keys and not found:
            return "true" if "Ben" in line and "login page" in line else "unread"
        if not found:
            return "unread"
        owner, denied, task, when = found.groups()
        denied = "not" in line if anywhere else denied
        if task not in tasks:
            return unknown
        known = owner == tasks[task][0] if bound else owner in {name for name, _ in tasks.values()}
        same_day = when == tasks[task][1] or not day
        return "true" if known and same_day and not (denied and denials) else "wrong"
    return label


def matching(turn=False, weighted=True, divide=True, harmonic=True, best=True):
    """BERTScore's matching with its usual slips."""
    def scores(similarity, w, v):
        if not weighted:
            w, v = w * 0 + 1, v * 0 + 1
        rows, columns = (similarity.max(1).values, similarity.max(0).values) if best else (similarity.mean(1),) * 2
        if not best:
            return similarity.mean(), similarity.mean(), similarity.mean()
        recall = (rows * w).sum() / (w.sum() if divide else 1)
        precision = (columns * v).sum() / (v.sum() if divide else 1)
        f = 2 * precision * recall / (precision + recall) if harmonic else (precision + recall) / 2
        return (recall, precision, f) if turn else (precision, recall, f)
    return scores


def paired(similarity, w, v):
    precision, recall = one_to_one(similarity, w, v)
    return precision, recall, 2 * precision * recall / (precision + recall)


def kappa(chance, divide=True):
    def value(first, second):
        observed = np.mean([a == b for a, b in zip(first, second, strict=True)])
        expected = chance(Counter(first), Counter(second), len(first))
        return (observed - expected) / (1 - expected if divide else 1)
    return value


def both(first, second, n):
    return sum(first[label] * second[label] for label in first) / n**2


def last(first, second, n):
    label = max(first)
    return first[label] * second[label] / n**2


def levels(*statistics, turn=False):
    return lambda scores, truths: tuple(f(scores.T, truths.T) if turn else f(scores, truths) for f in statistics)


RIGHT = [
    ("facts", facts()),
    ("greedy", lambda similarity, w, v: tuple(greedy_score(similarity, w, v))),
    ("kappa", cohen_kappa),
    ("levels", levels(system_level, summary_level)),
]
WRONG = [
    ("facts", facts(denials=False), "look for 'not'"),
    ("facts", facts(bound=False), "but not together"),
    ("facts", facts(day=False), "day is that of another task"),
    ("facts", facts(unknown="true"), "nothing supports the line"),
    ("facts", facts(unknown="unread"), "nothing supports the line"),
    ("facts", facts(keys=True), "the right words, but no claim"),
    ("facts", lambda tasks, line: "wrong", "word for word"),
    ("facts", facts(anywhere=True), "'notify' denies nothing"),
    ("facts", facts(fits=re.match), "to its end"),
    ("facts", facts(fits=re.search), "from its start"),
    ("greedy", matching(turn=True), "are exchanged"),
    ("greedy", matching(weighted=False), "weights are all alike"),
    ("greedy", matching(divide=False), "sum of the weights"),
    ("greedy", matching(harmonic=False), "harmonic mean"),
    ("greedy", matching(best=False), "best partner of each token first"),
    ("greedy", paired, "partners may be shared"),
    ("kappa", kappa(lambda *_: 0.0), "nothing subtracted"),
    ("kappa", kappa(both, divide=False), "divide by 1 minus"),
    ("kappa", kappa(lambda first, second, n: 1 / len({*first, *second})), "not one over the number"),
    ("kappa", kappa(last), "add them all"),
    ("kappa", kappa(lambda first, second, n: both(first, first, n)), "habits of both judges"),
    ("kappa", lambda a, b: 1.0 if a == b else cohen_kappa(a, b), "no agreement beyond chance"),
    ("kappa", kappa(both), "nan|ZeroDivisionError"),
    ("levels", levels(summary_level, system_level), "exchanged"),
    ("levels", levels(correlate, summary_level), "pools all pairs"),
    ("levels", levels(system_level, correlate), "pools all pairs"),
    ("levels", levels(system_level, summary_level, turn=True), "along the other axis"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def test_one_to_one_takes_the_best_pairs_with_the_weights_of_their_own_sides():
    """By hand: 0.9 and 0.3 are together more than 0.1 and 0.8."""
    similarity = torch.tensor([[0.9, 0.1], [0.8, 0.3]])
    precision, recall = one_to_one(similarity, torch.tensor([1.0, 3.0]), torch.tensor([2.0, 1.0]))
    assert (precision, recall) == pytest.approx(((2 * 0.9 + 0.3) / 3, (0.9 + 3 * 0.3) / 4))


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
