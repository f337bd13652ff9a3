"""Wrong answers on the roofline and the batch that pays fail, and the hint names the misconception behind them."""

import math
from itertools import count

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.accounting.serving import Machine, Phase
from llmbook.chapters.tiny_titans.cost.checks import BANDWIDTH, FLOPS, smallest_batch

PREFIX = "tt-ex-cost-"


def seconds(join=lambda times: sum(map(max, times))):
    """Seconds of a summary from the pairs of times of its phases."""
    return lambda phases, flops, bandwidth: join([(work / flops, data / bandwidth) for work, data in phases])


def by_array(phases, flops, bandwidth):
    return (np.array(phases) / [flops, bandwidth]).max(axis=1).sum()


def by_tensor(phases, flops, bandwidth):
    work, data = torch.tensor(phases, dtype=torch.float32).T
    return torch.maximum(work / flops, data / bandwidth).sum()


def by_ridge(phases, work_rate, byte_rate):
    """By whether a byte is used more often than the machine's ridge asks for."""
    total = 0
    for work, data in phases:
        total += work / work_rate if work * byte_rate > data * work_rate else data / byte_rate
    return total


def by_trying(most):
    """The smallest batch among the first ones."""
    def smallest(small, large, flops, machine_flops, bandwidth):
        pays = lambda size: max(large / bandwidth, size * flops / machine_flops) / size < small / bandwidth  # noqa: E731
        return next(filter(pays, range(1, most + 1)), None)
    return smallest


def by_doubling(small, large, flops, machine_flops, bandwidth):
    """Up by doubling, then down by halves, if a batch can pay at all."""
    pays = lambda size: max(large * machine_flops, size * flops * bandwidth) < size * small * machine_flops  # noqa: E731
    if flops * bandwidth >= small * machine_flops:
        return None
    high = next(2**power for power in count() if pays(2**power))
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    return high


def batch(whole=lambda ratio: math.floor(ratio) + 1, impossible=lambda time, alone: time >= alone, never=None):
    """The smallest batch with its rounding open."""
    def smallest(small, large, flops, machine_flops, bandwidth):
        if impossible(flops / machine_flops, small / bandwidth):
            return never
        return whole(large / small)
    return smallest


def by_sums(small, large, flops, machine_flops, bandwidth):
    """Fetching and multiplying one after the other."""
    left = small / bandwidth - flops / machine_flops
    return math.floor(large / bandwidth / left) + 1 if left > 0 else None


WRONG = [
    ("roofline", seconds(lambda times: sum(map(sum, times))), "not the sum"),
    ("roofline", seconds(lambda times: max(map(sum, zip(*times, strict=True)))), "each has its own bottleneck"),
    ("roofline", seconds(lambda times: sum(map(min, times))), "not the faster"),
    ("roofline", seconds(lambda times: sum(time for time, _ in times)), "wait for memory"),
    ("roofline", seconds(lambda times: sum(time for _, time in times)), "wait for arithmetic"),
    ("roofline", seconds(lambda times: max(map(max, times))), "the longest phase"),
    ("roofline", seconds(lambda times: max(times[0])), "the first phase"),
    ("roofline", seconds(lambda times: max(times[-1])), "the last phase"),
    ("roofline", seconds(lambda times: sum(map(max, times)) / len(times)), "add them, not average"),
    ("roofline", seconds(lambda times: sum(map(math.hypot, *zip(*times, strict=True)))), "expected"),
    ("roofline", seconds(lambda times: 1000 * sum(map(max, times))), "in seconds"),
    ("roofline", lambda phases, flops, bandwidth: sum(max(work / bandwidth, data / flops) for work, data in phases),
     "exchanged"),
    ("roofline", lambda phases, flops, bandwidth: sum(max(work, data) for work, data in phases) / flops, "expected"),
    ("roofline", lambda phases, flops, bandwidth: sum(work / data for work, data in phases), "no time"),
    ("roofline", lambda phases, flops, bandwidth: sum(max(work // flops, data // bandwidth) for work, data in phases),
     "whole division"),
    ("batch", batch(lambda ratio: ratio), "a whole number"),
    ("batch", batch(math.floor), "the next one is cheaper"),
    ("batch", batch(math.ceil), "cheaper, not equal"),
    ("batch", batch(round), "the next one is cheaper|one meeting less"),
    ("batch", batch(lambda ratio: math.floor(ratio) + 2), "one meeting less"),
    ("batch", batch(lambda ratio: 1), "fetches more than the small one"),
    ("batch", batch(lambda ratio: 2 ** math.ceil(math.log2(ratio + 1e-9))), "not only powers of two"),
    ("batch", batch(impossible=lambda time, alone: False), "no batch is large enough"),
    ("batch", batch(impossible=lambda time, alone: time > alone), "as long as the small model needs"),
    ("batch", batch(impossible=lambda time, alone: time >= alone / 2), "pays"),
    ("batch", batch(never=0), "return None"),
    ("batch", batch(never=math.inf), "return None"),
    ("batch", by_sums, "at the same time"),
    ("batch", by_trying(100), "pays: a step fetches the weights once for all its meetings, however many"),
    ("batch", by_trying(1000), "a batch of 100,001 pays"),
    ("batch", lambda *arguments: None, "fetches the weights once"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("roofline", seconds()), ("roofline", by_array), ("roofline", by_tensor), ("roofline", by_ridge),
    ("roofline", lambda phases, *machine: sum(Phase(*pair).seconds(Machine(*machine)) for pair in phases)),
    ("batch", batch()), ("batch", by_doubling), ("batch", by_trying(200_000)),
    ("batch", lambda small, large, *rest: None if batch()(small, large, *rest) is None else float(large // small + 1)),
    ("batch", lambda *given: None if (found := by_doubling(*given)) is None else np.int64(found)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


@pytest.mark.parametrize(("large", "flops"), [(7e9, 7e9), (8e9, 8e9), (1.9e11, 1.9e11), (3e11, 3e11)])
def test_the_smallest_batch_is_found_by_trying(large, flops):
    alone = 2e9 / BANDWIDTH
    paying = [size for size in range(1, 1000)
              if max(large / BANDWIDTH, size * flops / FLOPS) / size < alone]
    assert smallest_batch(2e9, large, flops, FLOPS, BANDWIDTH) == (min(paying) if paying else None)
