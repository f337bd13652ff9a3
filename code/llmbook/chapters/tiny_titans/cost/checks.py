"""Checks for the page on what a summary costs: the cache, the roofline, the price, and the batch that pays."""

import math

from llmbook.exercises.compare import Mistake, expect_number
from llmbook.exercises.registry import exercise

CACHES = ((24, 16, 64, 2048, 200, 1, 4), (80, 8, 128, 8000, 50, 3, 4), (2, 3, 4, 5, 6, 7, 2))
"""Layers, key-value heads, head size, tokens read and written, batch, bytes of a number."""


def expect_cache(f, layers: int, heads: int, size: int, read: int, written: int, batch: int, value: int) -> None:
    """Compare with 2 L K E numbers for each token of each meeting."""
    a_token = layers * heads * size * batch * value
    right = 2 * a_token * (read + written)
    mistakes = [
        (right // 2, "a token has a key and a value in every layer, and both are kept"),
        (2 * a_token * read, "the written tokens are looked at too: their keys and values are kept as well"),
        (2 * a_token * written, "most of the cache belongs to what was read"),
        (2 * a_token * read * written, "the cache grows with the sum of the tokens, not with all their pairs"),
        (right // batch, "each meeting of the batch has a cache of its own; the weights are what they share"),
        (right // value, "that is the count of numbers; each takes several bytes"),
        (right * 8, "these are bits; a byte has eight"),
        (right // layers, "every layer keeps keys and values of its own"),
        (right // heads, "every key-value head keeps keys and values of its own"),
        (right // size, "a key has `size` numbers, and so has a value"),
        (2 * a_token * (read + written - 1), "asked is the cache when the last token has been written, with its entry"),
        (2 * a_token * (read + written + 1), "there are no more tokens than those read and those written"),
        (2 * a_token * max(read, written), "the written tokens are looked at too: add both"),
        (2 * a_token * (read + written) ** 2, "the cache grows with the sum of the tokens, not with all their pairs"),
        (2 * a_token // batch * (read + batch * written), "each meeting is read, and keeps what was read of it"),
        (right / 1e9, "asked are bytes, not gigabytes"),
    ]
    got = f(layers, heads, size, read, written, batch, value)
    expect_number(got, right, [(wrong, hint) for wrong, hint in mistakes if wrong != right])


@exercise("tt-ex-cost-cache")
def cache_of_flan_t5_large(f):
    """FLAN-T5 large, one meeting of 2,048 tokens and a summary of 200"""
    expect_cache(f, *CACHES[0])


@exercise("tt-ex-cost-cache", points=2)
def cache_of_a_batch(f):
    """Other sizes, and several meetings at once"""
    for case in CACHES[1:]:
        expect_cache(f, *case)


def expect_price(f, seconds: float, price: float, batch: int) -> None:
    """Compare with a thousand shares of the batch's time."""
    right = 1000 * seconds / batch * price / 3600
    mistakes = [
        (right * batch, "the seconds are those of the whole batch: one summary takes its share of them"),
        (right * batch**2, "a batch makes a summary cheaper: divide by it"),
        (right * 60, "an hour has 3,600 seconds"),
        (right * 3600, "the price is that of an hour, and the time is in seconds"),
        (right / 1000, "that is one summary; a thousand are asked for"),
        (right / price, "those are hours; what does one cost?"),
        (right * 3600**2, "divide by 3,600, the seconds of an hour: you multiply"),
        (right / 1000 * batch, "that is one batch; a thousand summaries are asked for"),
        (right / price**2, "multiply by the price of an hour"),
        (math.ceil(1000 / batch) * right / 1000 * batch, "a summary takes its share of a batch, not a whole one"),
        (1000 // batch * right / 1000 * batch, "a summary takes its share of a batch, not a whole one"),
        (math.ceil(right / price) * price, "the machine is paid for by the second here, not in whole hours"),
        (round(right, 2), "round nothing: a rounded price is another one"),
        (1000 * round(right / 1000, 4), "round nothing on the way: it is multiplied by a thousand"),
    ]
    expect_number(f(seconds, price, batch), right, [m for m in mistakes if not math.isclose(m[0], right)], rtol=1e-6)


@exercise("tt-ex-cost-price")
def price_alone(f):
    """One meeting at a time"""
    expect_price(f, 1.8, 2.5, 1)


@exercise("tt-ex-cost-price")
def price_of_a_batch(f):
    """Sixteen at a time"""
    expect_price(f, 9.0, 0.5, 16)


PHASES = (((8e12, 3e9), (2e11, 4e11)), ((6e12, 9e11), (5e12, 1e10)), ((1e12, 1e10), (3e12, 3e10), (1e9, 2e12)))
"""Pairs of FLOPs and bytes; on the machine below each summary has phases of both kinds."""
FLOPS, BANDWIDTH = 1e13, 1e11


def expect_seconds(f, phases) -> None:
    """Compare with the sum of the phases' longer times."""
    times = [(flops / FLOPS, fetched / BANDWIDTH) for flops, fetched in phases]
    multiplying, fetching = (sum(column) for column in zip(*times, strict=True))
    right = sum(map(max, times))
    mistakes = [
        (multiplying + fetching, "a machine multiplies and fetches at the same time: take the longer, not the sum"),
        (max(multiplying, fetching), "the phases follow one another, and each has its own bottleneck: "
                                     "take the longer in each phase, then add"),
        (multiplying, "the bytes have to arrive as well: a phase may wait for memory"),
        (fetching, "the products have to be computed as well: a phase may wait for arithmetic"),
        (sum(map(min, times)), "the slower of the two decides, not the faster"),
        (max(map(max, times)), "that is the longest phase; the others take their time too"),
        (max(times[0]), "that is the first phase; the others take their time too"),
        (max(times[-1]), "that is the last phase; the others take their time too"),
        (right / len(times), "the phases follow one another: add them, not average"),
        (1000 * right, "asked is the time in seconds"),
        (sum(max(flops / BANDWIDTH, fetched / FLOPS) for flops, fetched in phases),
         "the machine's two numbers are exchanged: FLOPs are divided by FLOPs a second"),
        (sum(flops / fetched for flops, fetched in phases), "FLOPs for each byte are no time: divide by the machine's"),
        (sum(max(flops // FLOPS, fetched // BANDWIDTH) for flops, fetched in phases),
         "// is whole division: seconds have parts"),
    ]
    mistakes = [m for m in mistakes if not math.isclose(m[0], right)]
    expect_number(f(list(phases), FLOPS, BANDWIDTH), right, mistakes, rtol=1e-6)


@exercise("tt-ex-cost-roofline")
def seconds_of_one_phase(f):
    """A phase that waits for arithmetic, and one that waits for memory"""
    for phase in PHASES[0]:
        expect_seconds(f, (phase,))


@exercise("tt-ex-cost-roofline", points=2)
def seconds_of_a_summary(f):
    """Several phases"""
    for phases in PHASES:
        expect_seconds(f, phases)


def smallest_batch(small: float, large: float, flops: float, machine_flops: float, bandwidth: float) -> int | None:
    """The right answer, by trying: one more than the last batch that does not pay."""
    alone = small / bandwidth
    if flops / machine_flops >= alone:
        return None
    return math.floor(large / bandwidth / alone) + 1


def expect_batch(f, small: float, large: float, flops: float, machine=(FLOPS, BANDWIDTH)) -> None:
    """Compare with the smallest batch in which the large model is the cheaper."""
    right, got = smallest_batch(small, large, flops, *machine), f(small, large, flops, *machine)
    if right is None:
        if got is not None and flops / machine[0] == small / machine[1]:
            raise Mistake("in this case no batch is large enough, return None: "
                          "the arithmetic of each token takes as long as the small model needs, so it is never cheaper")
        if got is not None:
            raise Mistake("in this case no batch is large enough, return None: "
                          "the arithmetic of each token alone takes longer than the small model needs")
        return
    if got is None:
        raise Mistake(f"a batch of {right:,} pays: a step fetches the weights once for all its meetings, however many")
    mistakes = [
        (large / small, "a batch is a whole number, and it must be cheaper, not equal"),
        (right - 1, "with this batch the large model costs as much, or more: the next one is cheaper"),
        (right + 1, "one meeting less is enough"),
        (1, "alone, the large model fetches more than the small one"),
        (2 ** math.ceil(math.log2(large / small + 1e-9)), "try all batches, not only powers of two"),
        (math.floor(large / (small - flops / machine[0] * machine[1])) + 1,
         "a step fetches and multiplies at the same time: it takes the longer time, not the sum"),
    ]
    expect_number(got, right, [m for m in mistakes if m[0] != right])


@exercise("tt-ex-cost-batch")
def batch_between_two_sizes(f):
    """A model of 3.5 times the bytes, and one of exactly 4 times"""
    expect_batch(f, 2e9, 7e9, 7e9)
    expect_batch(f, 2e9, 8e9, 8e9)


@exercise("tt-ex-cost-batch")
def batch_of_many(f):
    """Models of 250 and of 100,000 times the bytes, and little arithmetic"""
    expect_batch(f, 2e9, 5e11, 1e9)
    expect_batch(f, 2e9, 2e14, 1e5)


@exercise("tt-ex-cost-batch", points=2)
def batch_that_does_not_exist(f):
    """A model whose arithmetic alone takes too long, and one just below"""
    expect_batch(f, 2e9, 3e11, 3e11)
    expect_batch(f, 2e9, 1.9e11, 1.9e11)


@exercise("tt-ex-cost-batch")
def batch_that_only_equals(f):
    """A model whose arithmetic takes exactly as long as the small one, and another machine"""
    machine = 2.0**43, 2.0**37
    expect_batch(f, 2.0**31, 2.0**33, 2.0**37, machine)
    expect_batch(f, 2.0**31, 11 * 2.0**31, 2.0**36, machine)
