"""Checks for the page on where ROUGE misleads: reading a claim, and greedy matching."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from llmbook.exercises.compare import Mistake, expect_items, expect_number
from llmbook.exercises.registry import exercise
from llmbook.metrics.bertscore import greedy_score

TASKS = {"fix the login page": ("Ben", "Monday"), "call the landlord": ("Tara", "Friday"),
         "notify the office": ("Ben", "Monday")}  # fmt: skip
LINES = (
    ("Ben will fix the login page by Monday.", "true", "this is what the meeting says, word for word"),
    ("Ben will not fix the login page by Monday.", "wrong", "the line denies the task: look for 'not'"),
    ("Tara will fix the login page by Monday.", "wrong", "both Tara and the task are in the meeting, but not together"),
    ("Ben will fix the login page by Friday.", "wrong", "the day is that of another task"),
    ("Ben will feed the dog by Monday.", "wrong", "nobody spoke of this task, so nothing supports the line"),
    ("Somebody has to fix the login page.", "unread", "the template does not fit, so the line cannot be checked"),
    ("Ben and the login page on Monday", "unread", "the right words, but no claim that the template can read"),
    ("Ben Lee will fix the login page by Monday.", "unread",
     "an owner is one word, and the form must fit from its start"),
    ("I say Ben will fix the login page by Monday.", "unread", "the form must fit the whole line, from its start"),
    ("Ben will fix the login page by next Monday.", "unread", "a day is one word"),
    ("Ben will fix the login page by Monday. Or so.", "unread", "the form must fit the whole line, to its end"),
    ("Ben will notify the office by Monday.", "true", "'not' is a word of its own: 'notify' denies nothing"),
    ("Ben will not notify the office by Monday.", "wrong", "the line denies the task: look for 'not'"),
    ("Tara will call the landlord by Friday.", "true", "this is what the meeting says, word for word"),
    ("Tara will not fix the login page by Monday.", "wrong", "a denied line is wrong, whoever it speaks of"),
    ("Ben will fix the login page of the shop by Monday.", "wrong",
     "this is not the task of the meeting, and only begins like it"),
    ("Ben will fix the login page by Monday!", "unread", "a full stop, and not any character: in a pattern it is \\."),
    ("Ben will fix the login page by Monday", "unread", "the full stop belongs to the form"),
)
OTHER_TASKS = {"copy the will by hand": ("Uma", "Sunday"), "fix the login page": ("Olga", "Friday"),
               "find out why it is not open": ("Vic", "Monday")}  # fmt: skip
OTHER_LINES = (
    ("Olga will fix the login page by Friday.", "true", "this meeting has other tasks"),
    ("Uma will copy the will by hand by Sunday.", "true", "the first 'will' and the last 'by' are those of the form"),
    ("Vic will find out why it is not open by Monday.", "true", "'not' denies right behind 'will', and only there"),
    ("Uma will copy the will by Sunday.", "wrong", "nobody spoke of this task, so nothing supports the line"),
    ("Uma will not copy the will by hand by Sunday.", "wrong", "the line denies the task: look for 'not'"),
    ("Ben will fix the login page by Monday.", "wrong", "this meeting has other tasks"),
)


@exercise("tt-ex-mislead-facts")
def true_lines(f):
    """Lines that are true"""
    _expect_labels(f, ("true",))


@exercise("tt-ex-mislead-facts")
def denied_and_swapped(f):
    """Denied lines, swapped owners, swapped days, tasks from nowhere"""
    _expect_labels(f, ("wrong",))


@exercise("tt-ex-mislead-facts")
def lines_without_a_claim(f):
    """Lines that the form does not fit"""
    _expect_labels(f, ("unread",))


@exercise("tt-ex-mislead-facts")
def lines_of_another_meeting(f):
    """Another meeting, with a task that has *will* and *by* in it"""
    _expect_labels(f, ("true", "wrong"), OTHER_TASKS, OTHER_LINES)


def _expect_labels(f, wanted: tuple[str, ...], tasks=TASKS, lines=LINES) -> None:
    """Compare the label of each line of some kinds."""
    for line, label, hint in lines:
        got = f(dict(tasks), line)
        if label in wanted and not (isinstance(got, str) and got == label):
            raise Mistake(f"{line!r} is {label!r} and you say {got!r}: {hint}")


def one_to_one(similarity: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> tuple[float, float]:
    """Precision and recall if no token may be a partner twice, which is the mistake to be named."""
    rows, columns = linear_sum_assignment(-similarity.numpy())
    chosen = similarity[rows, columns]
    return float((chosen * v[columns]).sum() / v.sum()), float((chosen * w[rows]).sum() / w.sum())


def mean(values: torch.Tensor, weights: torch.Tensor) -> float:
    """A weighted mean."""
    return float((values * weights).sum() / weights.sum())


def bests(similarity: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> tuple[float, float]:
    """Precision and recall with the best partner of each token."""
    return mean(similarity.max(0).values, v), mean(similarity.max(1).values, w)


def partners_weights(similarity: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> tuple[float, float]:
    """Precision and recall if a token has the weight of its partner."""
    columns, rows = similarity.max(0), similarity.max(1)
    return mean(columns.values, w[columns.indices]), mean(rows.values, v[rows.indices])


MATCHINGS = (
    (lambda s, w, v: bests(s, w, v)[::-1], "precision and recall are exchanged: rows are the reference's tokens"),
    (one_to_one, "partners may be shared: 'greedy' does not mean one to one"),
    (lambda s, w, v: bests(s, w * 0 + 1, v * 0 + 1), "both are weighted means; your weights are all alike"),
    (lambda s, w, v: [float(v.sum()), float(w.sum())] * np.array(bests(s, w, v)), "divide by the sum of the weights"),
    (lambda s, w, v: [float(v.mean()), float(w.mean())] * np.array(bests(s, w, v)),
     "divide by the sum of the weights, not by the number of tokens"),
    (lambda s, w, v: [float(s.mean())] * 2, "the mean of all similarities: take the best partner of each token first"),
    (partners_weights, "each token counts with its own weight, not that of its partner"),
    (lambda s, w, v: ((s * w[:, None] * v).max(0).values.sum() / v.sum(),
                      (s * w[:, None] * v).max(1).values.sum() / w.sum()), "first the best partner, then the weights"),
    (lambda s, w, v: (mean(s.argmax(0), v), mean(s.argmax(1), w)), "take the largest similarity, not where it is"),
    (lambda s, w, v: bests(s.clamp(min=0), w, v), "the best partner's similarity may be below 0"),
    (lambda s, w, v: bests(s.abs(), w, v), "a similarity has a sign: one below 0 is no similarity at all"),
    (lambda s, w, v: bests((s + 1) / 2, w, v), "take the similarities as they are"),
)  # fmt: skip
"""Wrong ways to match, each with its hint."""


def expect_matching(f, similarity: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> None:
    """Compare with the greedy score, part by part."""
    got = expect_items(f(similarity.clone(), w.clone(), v.clone()), 3, "precision, recall and F")
    right = greedy_score(similarity, w, v)
    for side in (0, 1):
        mistakes = [(float(slip(similarity, w, v)[side]), hint) for slip, hint in MATCHINGS]
        expect_number(got[side], right[side], mistakes, rtol=1e-5)
    precision, recall, _ = right
    expect_number(got[2], right[2], [
        ((precision + recall) / 2, "F is the harmonic mean, not the arithmetic one"),
        ((precision * recall) ** 0.5, "F is the harmonic mean, not the geometric one"),
        (min(precision, recall), "F is the harmonic mean of both, not the smaller one"),
        (right[2] / 2, "the factor 2 of F is missing"),
    ], rtol=1e-5)  # fmt: skip


@exercise("tt-ex-mislead-greedy")
def shared_partners(f):
    """Two reference tokens with one best partner"""
    similarity = torch.tensor([[0.9, 0.8, 0.1], [0.7, 0.2, 0.3]])
    expect_matching(f, similarity, torch.tensor([1.0, 3.0]), torch.tensor([2.0, 1.0, 0.5]))


@exercise("tt-ex-mislead-greedy")
def random_similarities(f):
    """A long reference and a short candidate"""
    generator = torch.Generator().manual_seed(0)
    similarity = torch.rand(9, 4, generator=generator)
    expect_matching(f, similarity, torch.rand(9, generator=generator), torch.rand(4, generator=generator))


@exercise("tt-ex-mislead-greedy")
def similarities_below_zero(f):
    """Cosines, some tokens of which have nothing alike in the other text"""
    similarity = torch.tensor([[0.9, -0.2, 0.1, -0.6], [-0.3, -0.5, -0.1, -0.7], [0.2, 0.6, -0.4, -0.3]])
    expect_matching(f, similarity, torch.tensor([1.0, 2.0, 0.5]), torch.tensor([1.5, 1.0, 0.25, 1.0]))
