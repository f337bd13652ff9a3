"""How ``make bench`` times: the variants of a comparison in turn, round after round, and a row for each.

A machine that slows down thus slows all of them.
"""

import statistics
import time
from collections.abc import Callable

ROUNDS = 15
Variants = dict[str, Callable[[], object]]


def interleaved(variants: Variants, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds of every round of every variant, after one round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for round_number in range(rounds + 1):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            if round_number:
                times[name].append((time.perf_counter() - start) * 1000)
    return times


def report(title: str, variants: Variants, rounds: int = ROUNDS) -> None:
    """Print the rows of one comparison: the fastest round, the median, and its ratio to that of the first variant."""
    times = interleaved(variants, rounds)
    first = statistics.median(next(iter(times.values())))
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{title:26} {name:20} {min(values):9.2f} {median:9.2f} {median / first:7.2f}")
