"""The explorer of the page: a frame shows experiments of the chosen size and effect, and says how they went."""

import numpy as np
import pytest
from drawing import curves, limits, redrawn, rules
from drawn import numbers

from llmbook.chapters.front.experiments.experiment import simulate
from llmbook.chapters.front.experiments.explorer import LIMITS, describe, explore_seeds
from llmbook.metrics.intervals import Interval

SPREAD = 0.11


@pytest.mark.parametrize(("seeds", "effect"), [(3, 0.0), (5, 0.06), (64, 0.24)])
def test_a_frame_shows_the_experiments_of_its_setting(seeds, effect):
    figure, sentence = redrawn(explore_seeds(SPREAD).draw, seeds=seeds, effect=effect)
    (ax,) = figure.axes
    intervals = simulate(effect, seeds, SPREAD)
    lines = [each for each in curves(ax) if each.dash == "-"]
    assert [each.x for each in lines] == [numbers(ends) for ends in zip(intervals.low[:30], intervals.high[:30],
                                                                        strict=True)]
    assert [rule.at for rule in rules(ax)] == [0, effect] and limits(ax)[0] == LIMITS
    seen = (intervals.low, intervals.high) if seeds > 3 else (intervals.mean, intervals.mean)  # those of three run out
    assert LIMITS[0] < seen[0][:30].min() and seen[1][:30].max() < LIMITS[1]
    assert sentence == describe(intervals, seeds, effect)
    assert sentence.startswith(f"{seeds} seeds, a true effect of {effect:g} nats: ")


def test_a_sentence_counts_what_is_found_and_how_wide_the_intervals_are():
    """Four experiments: one finds the effect, one finds its opposite, two find nothing."""
    intervals = Interval(np.array([0.3, -0.3, 0.1, 0.0]), np.array([0.1, -0.5, -0.1, -0.2]),
                         np.array([0.5, -0.1, 0.3, 0.4]))
    assert describe(intervals, 7, 0.2) == (
        "7 seeds, a true effect of 0.2 nats: 25 % of 4 experiments find it, and those report 0.30 nats on average. "
        "An interval is 0.45 nats wide on average.")
    assert describe(intervals, 7, 0.0) == (
        "7 seeds, a true effect of 0 nats: 50 % of 4 experiments see an effect where there is none. "
        "An interval is 0.45 nats wide on average.")


def test_the_page_has_a_frame_for_each_of_six_sizes_and_five_effects_and_each_says_something_else():
    explorer = explore_seeds(SPREAD)
    frames = explorer.frames()
    assert len(frames) == 30 and len({frame.sentence for frame in frames}) == 30
    assert explorer.defaults == {"seeds": 16, "effect": 0.06} and explorer.name == "seeds"
    for control in explorer.controls.values():
        assert list(control.values) == sorted(control.values) and set(control.drawn) <= set(control.values)


def test_more_seeds_and_a_larger_effect_find_more():
    found = {(seeds, effect): float((simulate(effect, seeds, SPREAD).low > 0).mean())
             for seeds in (3, 8, 32) for effect in (0.03, 0.12)}
    assert all(found[few, effect] < found[many, effect] for few, many in ((3, 8), (8, 32)) for effect in (0.03, 0.12))
    assert all(found[seeds, 0.03] < found[seeds, 0.12] for seeds in (3, 8, 32))
