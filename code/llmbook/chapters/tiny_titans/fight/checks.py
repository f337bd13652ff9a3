"""Checks for the fair fight: two systems compared meeting by meeting, and the four cells of size and tuning."""

import numpy as np

from llmbook.exercises.compare import Mistake, as_number, expect_items, expect_number
from llmbook.exercises.registry import exercise

# --- a paired comparison ---------------------------------------------------------------------------------------------


def drawn(ours: int, theirs: int, meetings: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores ``(seeds, meetings)`` of two systems: some meetings are hard for both, and some seeds are lucky."""
    generator = np.random.default_rng(seed)
    hard = generator.normal(0.5, 0.15, meetings)
    lucky = [generator.normal(mean, 0.02, (count, 1)) for count, mean in ((ours, 0.05), (theirs, 0))]
    return tuple(hard + each + generator.normal(0, 0.06, (len(each), meetings)) for each in lucky)


def standard_error(differences: np.ndarray) -> float:
    """Of the mean of independent differences."""
    return float(np.std(differences, ddof=1) / np.sqrt(np.size(differences)))


def expect_mean(got: object, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Compare the mean difference with the right one and with those of a chosen seed."""
    right, means = float(ours.mean() - theirs.mean()), ours.mean(1)
    expect_number(got, right, [
        (-right, "the sign is turned: ours minus theirs, so that above 0 ours is better"),
        (means.max() - theirs.mean(), "that is the lead of your best seed, which the test meetings have chosen: "
                                      "average all seeds"),
        (means.max() - theirs.mean(1).max(), "the best seed of each, chosen on the test meetings: average all seeds"),
        (means[0] - theirs[0].mean(), "only the first seed of each counts here: average all seeds"),
        (float(np.median(ours.mean(0) - theirs.mean(0))), "that is the median of the differences: take their mean"),
        (100 * right, "that is in percent: leave the scores as they are"),
        (round(right, 2), "round nothing: a rounded difference is another one"),
        (means[0] - theirs.mean(), "only your first seed counts here: average all seeds"),
    ], rtol=1e-6)  # fmt: skip


def expect_error(got: object, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Compare the standard error with the right one and with those of other questions."""
    meetings, differences = ours.shape[1], ours.mean(0) - theirs.mean(0)
    every, right = ours - theirs.mean(0), standard_error(differences)
    spread, apart = (np.sqrt(sum(each.var(ddof=1) / each.size for each in pair))
                     for pair in ((ours, theirs), (ours.mean(0), theirs.mean(0))))  # fmt: skip
    as_one = "seeds of one meeting are no new meetings: average the seeds first, then count meetings"
    expect_number(got, right, [
        (standard_error(every), as_one), (standard_error((ours[:, None] - theirs).ravel()), as_one), (spread, as_one),
        (apart, "not paired: a hard meeting is hard for both; subtract meeting by meeting before you take the spread"),
        (standard_error(every.mean(1)), "this is the error over your seeds; asked is the one over meetings"),
        (differences.std(ddof=1), "that is the spread of single meetings; the mean of n varies sqrt(n) times less"),
        (differences.var(ddof=1) / meetings, "that is a variance; take the root"),
        (standard_error(ours[ours.mean(1).argmax()] - theirs.mean(0)), "only your best seed counts: average all seeds"),
        (differences.std() / np.sqrt(meetings), "divide the squares by n - 1, not by n: `ddof=1`"),
        (abs(standard_error(ours.mean(0)) - standard_error(theirs.mean(0))),
         "subtract first, then take the spread of the differences"),
        (standard_error(ours.mean(0)), "that is the spread of ours alone: take that of the differences"),
        (differences.std(ddof=1) / np.sqrt(len(ours)), "divide by the root of the number of meetings, not of seeds"),
        (round(right, 3), "round nothing: a rounded error is another one"),
        (1.96 * right, "that is half an interval of 95 %; asked is the standard error itself"),
    ], rtol=1e-6)  # fmt: skip


def expect_comparison(f, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Both numbers of one comparison."""
    mean, error = expect_items(f(ours.copy(), theirs.copy()), 2, "the mean difference and its standard error")
    expect_mean(mean, ours, theirs)
    expect_error(error, ours, theirs)


@exercise("tt-ex-fight-paired", points=2)
def five_seeds_against_one(f):
    """Five seeds of a tuned system against one that was not tuned, forty meetings"""
    expect_comparison(f, *drawn(5, 1, 40, 0))


@exercise("tt-ex-fight-paired")
def five_seeds_against_three(f):
    """Five seeds against three, twenty meetings"""
    expect_comparison(f, *drawn(5, 3, 20, 1))


@exercise("tt-ex-fight-paired")
def the_same_lead_everywhere(f):
    """A lead that is the same on every meeting"""
    theirs = np.array([[16, 40, 24, 56], [24, 32, 24, 48]]) / 64
    mean, error = expect_items(f(theirs + 0.25, theirs.copy()), 2, "the mean difference and its standard error")
    expect_number(mean, 0.25, rtol=1e-6)
    if not abs(as_number(error)) < 1e-9:
        raise Mistake(f"ours is ahead by 0.25 on every meeting, and your error is {as_number(error):.4g}: "
                      "it must be 0, since no choice of meetings would change the lead")  # fmt: skip


# --- the four cells --------------------------------------------------------------------------------------------------


def expect_effects(f, table: list[list[float]]) -> None:
    """Compare the two effects and what is beyond their sum."""
    got = expect_items(f([list(row) for row in table]), 3, "the effects of tuning and of size, and their interaction")
    (small, small_tuned), (large, large_tuned) = table
    gains, sizes = (small_tuned - small, large_tuned - large), (large - small, large_tuned - small_tuned)
    lead = small_tuned - large
    for value, pair, name in ((got[0], gains, "tuning"), (got[1], sizes, "size")):
        other = sizes if pair is gains else gains
        expect_number(value, sum(pair) / 2, [
            (sum(other) / 2, "tuning and size are exchanged: a row is a size, a column says whether it was tuned"),
            (-sum(pair) / 2, f"the sign of {name} is turned: tuned minus not tuned, large minus small"),
            (pair[0], f"this is {name} in one row or column only: average both"),
            (pair[1], f"this is {name} in one row or column only: average both"),
            (sum(pair), f"both differences that show {name} are added: take their mean"),
            (lead, "the two cells of the paper differ in size and in tuning, so their difference is neither"),
            (sum(map(abs, pair)) / 2, f"{name} may do harm: keep the sign"),
            *([(0, f"{name} may do harm: keep the sign")] if sum(pair) < 0 else []),
        ], rtol=1e-6)  # fmt: skip
    expect_number(got[2], gains[0] - gains[1], [
        (gains[0] / gains[1], "the interaction is a difference, not a ratio"),
        (lead, "that is the difference of both effects, which is the lead of the small tuned one"),
        (gains[1] - gains[0], "the sign of the interaction: tuning in the small one minus tuning in the large one"),
        ((gains[0] - gains[1]) / 2, "the interaction is a difference of two effects; do not halve it"),
        (0, "the effects need not add: compare what tuning gives the small one with what it gives the large one"),
    ], rtol=1e-6)  # fmt: skip


@exercise("tt-ex-fight-effects")
def effects_that_do_not_add(f):
    """Tuning gives the small one more"""
    expect_effects(f, [[10.0, 42.0], [31.0, 50.0]])


@exercise("tt-ex-fight-effects")
def effects_of_a_floor(f):
    """Nobody can do it without tuning"""
    expect_effects(f, [[2.0, 20.0], [3.0, 57.0]])


@exercise("tt-ex-fight-effects")
def effects_that_do_harm(f):
    """Tuning and size both make it worse"""
    expect_effects(f, [[40.0, 31.0], [28.0, 12.0]])
