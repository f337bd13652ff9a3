"""Checks for the page on where ROUGE misleads: reading a claim, greedy matching, agreement, levels of correlation."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from llmbook.exercises.compare import Mistake, expect_items, expect_number
from llmbook.exercises.registry import exercise
from llmbook.metrics.agreement import cohen_kappa, correlate, summary_level, system_level
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
    ("I say Ben will fix the login page by Monday.", "unread", "the form must fit the whole line, from its start"),
    ("Ben will fix the login page by Monday. Or so.", "unread", "the form must fit the whole line, to its end"),
    ("Ben will notify the office by Monday.", "true", "'not' is a word of its own: 'notify' denies nothing"),
    ("Ben will not notify the office by Monday.", "wrong", "the line denies the task: look for 'not'"),
    ("Tara will call the landlord by Friday.", "true", "this is what the meeting says, word for word"),
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
    """Lines that the template cannot read"""
    _expect_labels(f, ("unread",))


def _expect_labels(f, wanted: tuple[str, ...]) -> None:
    """Compare the label of each line of one kind."""
    for line, label, hint in LINES:
        got = f(dict(TASKS), line)
        if label in wanted and not (isinstance(got, str) and got == label):
            raise Mistake(f"{line!r} is {label!r} and you say {got!r}: {hint}")


def one_to_one(similarity: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> tuple[float, float]:
    """Precision and recall if no token may be a partner twice, which is the mistake to be named."""
    rows, columns = linear_sum_assignment(-similarity.numpy())
    chosen = similarity[rows, columns]
    return float((chosen * v[columns]).sum() / v.sum()), float((chosen * w[rows]).sum() / w.sum())


def expect_matching(f, similarity: torch.Tensor, w: torch.Tensor, v: torch.Tensor) -> None:
    """Compare with the greedy score, part by part."""
    got = expect_items(f(similarity.clone(), w.clone(), v.clone()), 3, "precision, recall and F")
    right, plain = greedy_score(similarity, w, v), greedy_score(similarity)
    pairs = one_to_one(similarity, w, v)
    maxima = similarity.max(0).values, similarity.max(1).values
    sums = [float((best * weight).sum()) for best, weight in zip(maxima, (v, w), strict=True)]
    for side in (0, 1):
        name = ("precision", "recall")[side]
        expect_number(got[side], right[side], [
            (right[1 - side], "precision and recall are exchanged: rows are the reference's tokens"),
            (pairs[side], "partners may be shared: 'greedy' does not mean one to one"),
            (plain[side], f"{name} is a weighted mean; your weights are all alike"),
            (sums[side], "divide by the sum of the weights"),
            (float(similarity.mean()), "the mean of all similarities: take the best partner of each token first"),
        ], rtol=1e-5)  # fmt: skip
    expect_number(got[2], right[2], [((right[0] + right[1]) / 2, "F is the harmonic mean")], rtol=1e-5)


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


def expect_kappa(f, first: list[str], second: list[str]) -> None:
    """Compare with kappa, and with what people compute in its place."""
    n, labels = len(first), sorted({*first, *second})
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    products = [first.count(label) * second.count(label) / n**2 for label in labels]
    chance, even, squares = sum(products), 1 / len(labels), sum((first.count(label) / n) ** 2 for label in labels)
    wrong = [(observed, "this is the share of equal labels, with nothing subtracted for chance"),
             (observed - chance, "divide by 1 minus the agreement by chance, so that full agreement is 1")]  # fmt: skip
    wrong += [((observed - other) / (1 - other), hint) for other, hint in (
        (even, "chance depends on how often each judge gives each label, it is not one over the number of labels"),
        (products[-1], "both judges can agree by chance on every label: add them all"),
        (squares, "use the habits of both judges, not of the first one twice"))]  # fmt: skip
    expect_number(f(list(first), list(second)), cohen_kappa(first, second), wrong, rtol=1e-6)


@exercise("tt-ex-mislead-kappa")
def kappa_of_two_labels(f):
    """Ten summaries, good or bad"""
    expect_kappa(f, list("ggggggggbb"), list("gggggbbggb"))


@exercise("tt-ex-mislead-kappa")
def kappa_of_three_labels(f):
    """Three labels"""
    expect_kappa(f, list("aaaabbbbcccc"), list("aaabbbbcccca"))


@exercise("tt-ex-mislead-kappa")
def kappa_of_one_label(f):
    """One label throughout, where chance alone agrees always"""
    expect_number(f(["good"] * 5, ["good"] * 5), 0.0, [
        (1.0, "equal labels are no agreement beyond chance if both judges only know one: 0 is left")])  # fmt: skip


def rising(shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and truths of 4 systems and 30 meetings, both of which vary a lot from meeting to meeting."""
    generator = np.random.default_rng(shift)
    truths = generator.random((4, 30)) + 0.4 * np.arange(4)[:, None]
    return 0.5 * truths + generator.normal(size=(4, 30)) * 0.3 + generator.normal(size=(1, 30)), truths


@exercise("tt-ex-mislead-levels")
def both_levels(f):
    """Four systems, thirty meetings"""
    scores, truths = rising(0)
    got = expect_items(f(scores.copy(), truths.copy()), 2, "the level of systems, then that of summaries")
    system, summary, pooled = (level(scores, truths) for level in (system_level, summary_level, correlate))
    turned = system_level(scores.T, truths.T), summary_level(scores.T, truths.T)
    for value, right, other, transposed in zip(got, (system, summary), (summary, system), turned, strict=True):
        expect_number(value, right, [
            (pooled, "this pools all pairs; a level says what is averaged and when"),
            (other, "the two levels are exchanged"),
            (transposed, "rows are systems and columns are meetings; you average along the other axis"),
        ], rtol=1e-6)  # fmt: skip


@exercise("tt-ex-mislead-levels")
def another_set(f):
    """Another set of scores"""
    scores, truths = rising(1)
    got = expect_items(f(scores.copy(), truths.copy()), 2, "the level of systems, then that of summaries")
    for value, level in zip(got, (system_level, summary_level), strict=True):
        expect_number(value, level(scores, truths), rtol=1e-6)
