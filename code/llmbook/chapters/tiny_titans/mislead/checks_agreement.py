"""Checks for the page on where ROUGE misleads: agreement beyond chance, and two levels of correlation."""

from collections.abc import Callable

import numpy as np

from llmbook.exercises.compare import expect_items, expect_number
from llmbook.exercises.registry import exercise
from llmbook.metrics.agreement import cohen_kappa, correlate, summary_level, system_level


def chances(first: list[str], second: list[str]) -> list[tuple[float, str]]:
    """What people take for the agreement by chance, each with its hint."""
    n, labels = len(first), sorted({*first, *second})
    ours, theirs = ([judge.count(label) / n for label in labels] for judge in (first, second))
    products = [a * b for a, b in zip(ours, theirs, strict=True)]
    habits = "use the habits of both judges, not those of one twice"
    return [
        (1 / len(labels), "chance depends on how often each judge gives each label, it is not one over the number of "
                          "labels"),
        (0.5, "one half is chance for two labels that are equally frequent"),
        (products[-1], "both judges can agree by chance on every label: add them all"),
        (max(products), "both judges can agree by chance on every label: add them all"),
        (sum(a * a for a in ours), habits), (sum(b * b for b in theirs), habits),
        (sum(((a + b) / 2) ** 2 for a, b in zip(ours, theirs, strict=True)),
         "each judge has habits of their own: do not put both judges' labels into one count"),
    ]  # fmt: skip


def expect_kappa(f, first: list[str], second: list[str]) -> None:
    """Compare with kappa, and with what people compute in its place."""
    n, right, names = len(first), cohen_kappa(first, second), sorted({*first, *second})
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    chance = sum(first.count(label) * second.count(label) / n**2 for label in names)
    anywhere = sum(min(first.count(label), second.count(label)) for label in names) / n
    codes = [[names.index(label) for label in judge] for judge in (first, second)]
    good = [[label == first[0] for label in judge] for judge in (first, second)]
    mistakes = [
        (observed, "this is the share of equal labels, with nothing subtracted for chance"),
        (observed - chance, "divide by 1 minus the agreement by chance, so that full agreement is 1"),
        *(((observed - other) / (1 - other), hint) for other, hint in chances(first, second)),
        (0.0, "they agree less often than by chance, and kappa is below 0" if right < 0 else
              "the judges know several labels and agree on every summary, which is 1"),
        (-right, "they agree less often than by chance, and kappa is below 0"),
        (round(right, 3), "round nothing: a rounded kappa is another number"),
        (cohen_kappa(*good), "there may be any number of labels, not only one and the rest"),
        ((anywhere - chance) / (1 - chance), "compare the labels summary by summary, not how often each is given"),
        (correlate(*codes), "labels are names, not numbers: nothing lies between them"),
    ]  # fmt: skip
    expect_number(f(list(first), list(second)), right, [each for each in mistakes if each[0] != right], rtol=1e-6)


@exercise("tt-ex-mislead-kappa")
def kappa_of_two_labels(f):
    """Ten summaries, good or bad"""
    expect_kappa(f, list("ggggggggbb"), list("gggggbbggb"))


@exercise("tt-ex-mislead-kappa")
def kappa_of_three_labels(f):
    """Three labels"""
    expect_kappa(f, list("aaaabbbbcccc"), list("aaabbbbcccca"))


@exercise("tt-ex-mislead-kappa")
def kappa_of_opposite_judges(f):
    """Two judges who disagree more often than by chance, and two who always agree"""
    expect_kappa(f, list("xxyyzzxyyw"), list("yzxzxyxxyx"))
    expect_kappa(f, ["good", "good", "bad", "fair", "good"], ["good", "good", "bad", "fair", "good"])


@exercise("tt-ex-mislead-kappa")
def kappa_of_one_label(f):
    """One label throughout, where chance alone agrees always"""
    expect_number(f(["good"] * 5, ["good"] * 5), 0.0, [
        (1.0, "equal labels are no agreement beyond chance if both judges only know one: 0 is left")])  # fmt: skip


def rising(seed: int, systems: int = 4, meetings: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Scores and truths of some systems and meetings, both of which vary a lot from meeting to meeting."""
    generator, shape = np.random.default_rng(seed), (systems, meetings)
    truths = generator.random(shape) + 0.4 * np.arange(systems)[:, None]
    return 0.5 * truths + generator.normal(size=shape) * 0.3 + generator.normal(size=(1, meetings)), truths


def ranks(values: np.ndarray) -> np.ndarray:
    """The place of each value among those of its column."""
    return values.argsort(0).argsort(0).astype(float)


def columns_mean(measure: Callable, scores: np.ndarray, truths: np.ndarray) -> float:
    """The mean of a measure over the meetings."""
    return float(np.mean([measure(*each) for each in zip(scores.T, truths.T, strict=True)]))


MEASURES = (
    (lambda a, b: correlate(ranks(a), ranks(b)), "those are correlations of ranks: asked is Pearson's"),
    (lambda a, b: a @ b / np.sqrt(a @ a * (b @ b)), "that is a cosine, without subtracting the means"),
    (lambda a, b: np.cov(a, b)[0, 1], "that is a covariance: divide by both standard deviations"),
    (lambda a, b: correlate(a, b) ** 2, "that is the square of a correlation"),
)
"""What people take for Pearson's correlation."""


def expect_levels(f, scores: np.ndarray, truths: np.ndarray) -> None:
    """Compare both levels."""
    got = expect_items(f(scores.copy(), truths.copy()), 2, "the level of systems, then that of summaries")
    system, summary, pooled = (level(scores, truths) for level in (system_level, summary_level, correlate))
    each = [correlate(*columns) for columns in zip(scores.T, truths.T, strict=True)]
    means = scores.mean(1), truths.mean(1)
    expect_number(got[0], system, [
        (pooled, "this pools all pairs; a level says what is averaged and when"),
        (summary, "the two levels are exchanged"),
        (system_level(scores.T, truths.T), "rows are systems, columns are meetings: you average along the other axis"),
        *((measure(*means), hint) for measure, hint in MEASURES),
    ], rtol=1e-6)  # fmt: skip
    expect_number(got[1], summary, [
        (pooled, "this pools all pairs; a level says what is averaged and when"),
        (correlate(scores - scores.mean(0), truths - truths.mean(0)),
         "this subtracts each meeting's mean and pools what is left: correlate in each meeting, then average"),
        (float(np.mean(np.abs(each))), "keep the sign: a meeting may have a correlation below 0"),
        (float(np.median(each)), "that is the median over the meetings: take the mean"),
        (float(np.tanh(np.mean(np.arctanh(each)))), "average the correlations themselves, without transforming them"),
    ], rtol=1e-6)  # fmt: skip


@exercise("tt-ex-mislead-levels")
def both_levels(f):
    """Four systems, thirty meetings"""
    expect_levels(f, *rising(0))


@exercise("tt-ex-mislead-levels")
def another_set(f):
    """Five systems, twelve meetings, and scores that rank the systems the wrong way round"""
    scores, truths = rising(1, 5, 12)
    expect_levels(f, -scores, truths)
