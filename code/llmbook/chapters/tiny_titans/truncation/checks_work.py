"""Checks for the page on truncation: is a meeting four to five times as long as what was read?"""

from collections.abc import Sequence

import numpy as np

from llmbook.data import read_table
from llmbook.exercises.compare import expect_items, expect_number
from llmbook.exercises.registry import exercise

INVENTED = [80, 160, 200, 240, 250, 700]
"""Words of meetings, some of which fit."""


def qmsum() -> list[int]:
    """The words of the 35 meetings of QMSum's test part."""
    return [row["words"] for row in read_table("qmsum_lengths")]


def expect_audit(f, words: Sequence[int], rate: float, context: int, low: float, high: float) -> None:
    """Compare the three numbers with the right ones and with those of other questions."""
    got = expect_items(f(list(words), rate, context, low, high), 3,
                       "the mean length in contexts, the share of meetings in the range, the share that is read")
    ratios, backward = np.array(words) * rate / context, np.array(words) / rate / context
    inside = lambda each: float(np.mean((each >= low) & (each <= high)))  # noqa: E731
    turned = "a word is `rate` tokens: multiply the words by it"
    expect_number(got[0], float(ratios.mean()), apart(ratios.mean(), [
        (backward.mean(), turned),
        (np.mean(words) / context, "those are words: how many tokens are they?"),
        (np.median(ratios), "that is the middle meeting: the claim is about the mean"),
        (ratios.sum(), "that is all meetings together: divide by their number"),
        (1 / ratios.mean(), "how many contexts is a meeting, not the other way round"),
        (1 / np.mean(1 / ratios), "average the lengths, not the shares"),
        (np.maximum(ratios, 1).mean(), "a meeting that fits is shorter than one context: count it as it is"),
    ]), rtol=1e-6)
    expect_number(got[1], inside(ratios), apart(inside(ratios), [
        (float(np.mean((ratios >= 4) & (ratios <= 5))), "the range is from `low` to `high`, whatever they are"),
        (float(np.sum((ratios >= low) & (ratios <= high))), "that is a number of meetings: asked is their share"),
        *((float(np.mean(each)), "both ends belong to the range") for each in (
            (ratios > low) & (ratios < high), (ratios >= low) & (ratios < high), (ratios > low) & (ratios <= high))),
        (float(np.mean(ratios >= low)), "the claim has an upper end as well"),
        (float(np.mean(ratios <= high)), "the claim has a lower end as well"),
        (inside(np.floor(ratios)), "do not round a ratio before you compare it"),
        (inside(np.round(ratios)), "do not round a ratio before you compare it"),
        (float(low <= ratios.mean() <= high), "ask it of each meeting, not of the mean"),
        (inside(backward), turned),
        (1 - inside(ratios), "those are the meetings outside of the range"),
    ]), rtol=1e-6)
    read = np.minimum(ratios, 1)
    expect_number(got[2], float(read.sum() / ratios.sum()), apart(read.sum() / ratios.sum(), [
        (1 / ratios.mean(), "of a meeting that fits no more is read than it has: cut each by itself"),
        (read.mean(), "that averages the shares; asked is the share of all tokens, where a long meeting has more"),
        (np.mean(1 / ratios), "of a meeting that fits no more is read than it has, and a long one counts for more"),
        (float(np.mean(ratios <= 1)), "those are the meetings that fit: what is read of the others counts too"),
        (1 - read.sum() / ratios.sum(), "that is the share that is cut off"),
    ]), rtol=1e-6)


def apart(right: float, mistakes: list) -> list:
    """The mistakes whose result is not right by chance."""
    return [(float(wrong), hint) for wrong, hint in mistakes if abs(wrong - right) > 1e-9]


@exercise("tt-ex-trunc-claim", points=2)
def claim_about_qmsum(f):
    """The 35 meetings of QMSum's test part, a word a token, and 1.3 tokens a word"""
    expect_audit(f, qmsum(), 1.0, 2048, 4, 5)
    expect_audit(f, qmsum(), 1.3, 2048, 4, 5)


@exercise("tt-ex-trunc-claim")
def claim_about_short_meetings(f):
    """Invented meetings, some of which fit, and some at the ends of the range"""
    expect_audit(f, INVENTED, 0.5, 50, 2, 2.5)
    expect_audit(f, INVENTED, 2.0, 160, 1, 3)
