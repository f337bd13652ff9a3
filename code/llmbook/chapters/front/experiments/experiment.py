"""The runs that the page reads, and experiments with a known truth, in which one can count how often a rule errs."""

import itertools
from collections.abc import Mapping

import numpy as np

from llmbook.experiments.results import read_result
from llmbook.metrics.intervals import Interval, mean_interval


def answer_losses() -> dict[str, np.ndarray]:
    """Loss of the answer by kind of layer, ``(seeds,)`` nats in the order of the seeds.

    The runs of ``data/results/feedforward_kinds.json`` that are reported; those that chose a learning rate had other
    seeds and are left out.
    """
    rows = [row for row in read_result("feedforward_kinds")["rows"] if row["phase"] == "reporting"]
    rows.sort(key=lambda row: row["seed"])
    kinds = dict.fromkeys(row["kind"] for row in rows)
    return {kind: np.array([row["answer_loss"] for row in rows if row["kind"] == kind]) for kind in kinds}


def lead(losses: Mapping[str, np.ndarray]) -> float:
    """How far the kind with the smallest mean is below the mean of all kinds; ``losses`` is ``(seeds,)`` by kind."""
    return _lead(np.array(list(losses.values())))


def shuffled_leads(losses: Mapping[str, np.ndarray], *, draws: int = 5000, seed: int = 0) -> np.ndarray:
    """The lead of the best kind if names meant nothing: they are shuffled within each seed, and the best chosen anew.

    Args:
        losses: by kind, ``(seeds,)``.
        draws: how often.
        seed: of the shuffling.

    Returns:
        ``(draws,)``.
    """
    runs, generator = np.array(list(losses.values())), np.random.default_rng(seed)
    return np.array([_lead(generator.permuted(runs, axis=0)) for _ in range(draws)])


def _lead(runs: np.ndarray) -> float:
    """Of ``(kinds, seeds)``."""
    return float(runs.mean() - runs.mean(axis=1).min())


def split_leads(losses: Mapping[str, np.ndarray], *, choosing: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose the best kind by some of the seeds, in every possible way, and look at its lead there and elsewhere.

    Args:
        losses: by kind, ``(seeds,)``.
        choosing: how many seeds choose; the others are fresh.

    Returns:
        Lead of the chosen kind on the seeds that chose it, and on the fresh ones, each ``(ways,)``; below zero where
        the kind is behind the mean of all.

    Raises:
        ValueError: no seed chooses, or none is left.
    """
    runs = np.array(list(losses.values()))  # (kinds, seeds)
    seeds = runs.shape[1]
    if not 0 < choosing < seeds:
        raise ValueError(f"{choosing} of {seeds} seeds cannot choose: take at least 1 and leave at least 1")
    ways = list(itertools.combinations(range(seeds), choosing))
    chose = np.zeros((len(ways), seeds))
    np.put_along_axis(chose, np.array(ways), 1, axis=1)
    there, elsewhere = runs @ chose.T / choosing, runs @ (1 - chose).T / (seeds - choosing)  # (kinds, ways)
    best = there.argmin(axis=0), np.arange(len(ways))
    return there.mean(axis=0) - there[best], elsewhere.mean(axis=0) - elsewhere[best]


def simulate(effect: float, seeds: int, spread: float, *, experiments: int = 4000, seed: int = 0) -> Interval:
    """Repeat an experiment whose truth is known: 95 % intervals of the mean paired difference.

    Args:
        effect: the true mean of the differences.
        seeds: how many differences one experiment has, at least two; they are normally distributed.
        spread: their true standard deviation.
        experiments: how often it is repeated.
        seed: of the random numbers; the same ones serve every effect and spread.

    Returns:
        Means and ends, each ``(experiments,)``.
    """
    noise = np.random.default_rng(seed).standard_normal((seeds, experiments))
    return mean_interval(effect + spread * noise)


def finds(intervals: Interval, null: float = 0.0) -> np.ndarray:
    """Which of several intervals exclude the null, ``(experiments,)`` booleans."""
    return (null < intervals.low) | (null > intervals.high)
