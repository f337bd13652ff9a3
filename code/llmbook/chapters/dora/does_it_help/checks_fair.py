"""Checks for the page on whether DoRA helps: a fair comparison of two methods, and what carries a published gap."""

import math
from collections.abc import Iterable
from random import Random
from statistics import mean, median

from llmbook.data import read_table
from llmbook.exercises.compare import Mistake, expect_items, expect_number
from llmbook.exercises.registry import exercise

Runs = list[dict[str, object]]
METHODS = ("LoRA", "DoRA")


def some_runs(losses: dict[tuple[str, float], Iterable[float]], seeds: Iterable[int]) -> Runs:
    """A run for each seed of a method and rate, as far as there are losses, in an order that has no meaning."""
    runs = [
        {"method": method, "rate": rate, "seed": seed, "loss": loss}
        for (method, rate), found in losses.items()
        for seed, loss in zip(seeds, found, strict=False)
    ]
    return Random(0).sample(runs, len(runs))


def losses_of(runs: Runs, method: str, rate: float, seeds: list[int]) -> list[float]:
    """In the order of the seeds; infinite where there is no run."""
    found = {run["seed"]: run["loss"] for run in runs if (run["method"], run["rate"]) == (method, rate)}
    return [found.get(seed, math.inf) for seed in seeds]


def best_rate(runs: Runs, method: str, seeds: list[int], of=mean) -> float:
    """The rate with the lowest mean, or another measure of some losses."""
    rates = sorted({run["rate"] for run in runs})
    return min(rates, key=lambda rate: of(losses_of(runs, method, rate, seeds)))


def gap_and_wins(runs: Runs, rates: tuple[float, float], seeds: list[int]) -> tuple[float, int]:
    """Mean of DoRA's loss minus LoRA's, and in how many seeds DoRA's is the lower."""
    lora, dora = (losses_of(runs, method, rate, seeds) for method, rate in zip(METHODS, rates, strict=True))
    pairs = [d - b for d, b in zip(dora, lora, strict=True)]
    return mean(pairs), sum(pair < 0 for pair in pairs)


def expect_comparison(f, choosing: list[int], testing: list[int], losses: dict) -> None:
    """Compare with rates chosen on the one seeds and a difference measured on the others."""
    runs = some_runs(losses, choosing + testing)
    got = expect_items(f(runs, choosing, testing), 4, "LoRA's rate, DoRA's rate, the mean difference, DoRA's wins")
    right = tuple(best_rate(runs, method, choosing) for method in METHODS)
    for value, rate, method in zip(got, right, METHODS, strict=False):
        mistakes = [
            (best_rate(runs, method, testing), "that rate is the best on the seeds that test: choose it on the others"),
            (best_rate(runs, method, choosing, min), "the best single run is luck: compare means over the seeds"),
            (best_rate(runs, method, choosing, median), "the median overlooks a run that broke: compare means"),
            (right[method == "LoRA"], "each method gets the rate that is best for itself"),
        ]
        expect_number(value, rate, [pair for pair in mistakes if pair[0] != rate], rtol=1e-9)
    expect_gap(got[2], got[3], runs, right, choosing, testing)


def expect_gap(gap: object, wins: object, runs: Runs, rates: tuple, choosing: list[int], testing: list[int]) -> None:
    """The mean of the pairs, and how many of them are below zero."""
    right, won = gap_and_wins(runs, rates, testing)
    same_rate = gap_and_wins(runs, (rates[0], rates[0]), testing)[0]
    lora, dora = (losses_of(runs, method, rate, testing) for method, rate in zip(METHODS, rates, strict=True))
    mistakes = [
        (-right, "the sign: DoRA's loss minus LoRA's"),
        (gap_and_wins(runs, rates, choosing)[0], "those are the seeds that chose the rates: test on the others"),
        (gap_and_wins(runs, rates, choosing + testing)[0], "the seeds that chose the rates have no say any more"),
        (same_rate, "at LoRA's rate for both, the rates are compared and not the methods"),
        (right * len(testing), "that is the sum over the seeds: take the mean"),
        (min(dora) - min(lora), "those are the best runs: take the mean over the seeds"),
    ]
    expect_number(gap, right, [pair for pair in mistakes if math.isfinite(pair[0])], rtol=1e-4)
    unpaired = sum(d < mean(lora) for d in dora)
    sorted_wins = sum(d < b for d, b in zip(sorted(dora), sorted(lora), strict=True))
    counts = [
        (len(testing) - won, "those are LoRA's wins: count the seeds in which DoRA's loss is lower"),
        (unpaired, "that is how often DoRA is below LoRA's mean: compare the runs of one seed"),
        (sorted_wins, "the runs of one seed are a pair: not the best with the best"),
        (won / len(testing), "that is a share: count the seeds"),
    ]
    expect_number(wins, won, [pair for pair in counts if pair[0] != won])


@exercise("dora-ex-choose-rate", points=2)
def rates_by_their_means(f):
    """A rate with the luckiest run, and rates that look different on the fresh seeds"""
    expect_comparison(f, [0, 1, 2], [10, 11, 12, 13], {
        ("LoRA", 0.003): (0.92, 0.90, 0.91, 0.70, 0.71, 0.69, 0.72),
        ("LoRA", 0.01): (0.80, 0.82, 0.81, 0.830, 0.805, 0.790, 0.835),
        ("LoRA", 0.03): (0.70, 0.99, 1.02, 0.94, 0.97, 0.96, 0.95),
        ("DoRA", 0.003): (0.85, 0.84, 0.86, 0.80, 0.823, 0.784, 0.818),
        ("DoRA", 0.01): (0.90, 0.83, 0.88, 0.74, 0.75, 0.73, 0.72),
        ("DoRA", 0.03): (0.78, 0.98, 1.03, 0.97, 0.96, 0.98, 0.95),
    })  # fmt: skip


@exercise("dora-ex-choose-rate")
def a_rate_at_which_a_run_broke(f):
    """Other rates and seeds; one run has diverged, and not every rate was run on the fresh seeds"""
    expect_comparison(f, [4, 9, 21], [3, 5, 8, 30], {
        ("LoRA", 0.002): (0.84, 0.86, 0.85, 0.81, 0.82, 0.83, 0.80),
        ("LoRA", 0.02): (0.90, 0.91, 0.89),
        ("LoRA", 0.2): (0.70, 0.71, math.inf, 0.92, 0.93, 0.91, 0.90),
        ("DoRA", 0.002): (0.95, 0.96, 0.94),
        ("DoRA", 0.02): (0.82, 0.81, 0.83, 0.812, 0.79, 0.835, 0.81),
        ("DoRA", 0.2): (math.inf, 0.70, 0.71, 0.70, 0.69, 0.70, 0.68),
    })  # fmt: skip


BENCHMARKS = ("BoolQ", "PIQA", "SIQA", "HellaSwag", "WinoGrande", "ARC-e", "ARC-c", "OBQA")


def published_scores(table: str, method: str, rank: int) -> dict[str, float]:
    """A row of the paper's for LLaMA 7B, by benchmark."""
    wanted = {"table": table, "method": method, "rank": rank}
    (row,) = [row for row in read_table("dora_results") if all(row[key] == value for key, value in wanted.items())]
    return {name: row[name] for name in BENCHMARKS}


def expect_carrier(f, first: dict[str, float], second: dict[str, float]) -> None:
    """Compare with every benchmark left out in turn."""
    apart = {name: first[name] - second[name] for name in first}
    total, count = sum(apart.values()), len(apart)
    without = {name: (total - each) / (count - 1) for name, each in apart.items()}
    change = {name: abs(total / count - gap) for name, gap in without.items()}
    right = max(change, key=change.get)
    named, gap = expect_items(f(first, second), 2, "the name of a benchmark and the gap without it")
    if not isinstance(named, str):
        raise Mistake(f"the first thing you return is {named!r}: it must be the name of a benchmark")
    if named != right:
        hints = {
            max(apart, key=apart.get): "the first is furthest ahead there, and yet another one changes the gap more",
            min(apart, key=apart.get): "the first is furthest behind there, and yet another one changes the gap more",
            min(change, key=change.get): "leaving that one out changes the gap least",
        }
        raise Mistake(f"{named!r} does not carry the gap: {hints.get(named, 'leave out one after the other')}")
    mistakes = [
        (-without[right], "the sign: the first minus the second"),
        (total / count, "that is the gap with all of them"),
        (apart[right], "that is the gap on this one benchmark: take the averages of the others"),
        ((total - apart[right]) / count, "one is left out, so there is one less to divide by"),
        (total - apart[right], "that is the sum over the others: take the average"),
        (change[right], "that is how much the gap changes: return the gap that is left"),
        (round(without[right], 1), "do not round"),
    ]
    expect_number(gap, without[right], mistakes, rtol=1e-6)


@exercise("dora-ex-audit")
def what_carries_a_published_fall(f):
    """The paper's Table 15: LoRA at rank 32 and at rank 64"""
    expect_carrier(f, *(published_scores("Table 15", "LoRA", rank) for rank in (32, 64)))


@exercise("dora-ex-audit")
def what_carries_a_published_gain(f):
    """DoRA and LoRA at rank 16, and at rank 4"""
    for rank in (16, 4):
        expect_carrier(f, *(published_scores("Table 15", method, rank) for method in METHODS[::-1]))


@exercise("dora-ex-audit")
def a_benchmark_that_holds_the_gap_down(f):
    """Four made-up benchmarks, of which one holds the gap down"""
    expect_carrier(f, {"a": 60.0, "b": 71.0, "c": 50.0, "d": 40.0}, {"a": 50.0, "b": 62.0, "c": 40.5, "d": 39.0})
