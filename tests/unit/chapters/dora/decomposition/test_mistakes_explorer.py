"""The explorer of the page "DoRA put to the test": one mistake in full, the others beside it."""

import numpy as np
import pytest
from drawing import redrawn

from llmbook.chapters.dora.decomposition import experiment
from llmbook.chapters.dora.decomposition.explorer import TESTED, draw_moments, explore_mistakes
from llmbook.widgets.controls import grid

MOMENTS = ("at the start", "after one step", "after training")
FOUND = {"a": dict(zip(MOMENTS, ([1e-8, 1e-8], [0.1, 0.4], [0.5, 0.5]), strict=True)),
         "b": dict(zip(MOMENTS, ([0.4, 0.4], [4.0, 4.0], [0.1, 0.1]), strict=True))}  # fmt: skip


def test_the_chosen_mistake_shows_every_seed_and_the_others_their_mean():
    (ax,) = redrawn(draw_moments, FOUND, "a", smallest=1e-6).axes
    means, *seeds, other = [np.asarray(line.get_ydata(), dtype=float) for line in ax.lines]
    assert means == pytest.approx([1e-6, 0.2, 0.5]) and other == pytest.approx([0.4, 4, 0.1])
    assert [each.tolist() for each in seeds] == [[1e-6, 1e-6], [0.1, 0.4], [0.5, 0.5]]


def test_the_sentence_says_whether_the_start_is_right():
    explorer = explore_mistakes(FOUND, {"a": 0.99, "b": 1.5})
    first, second = (explorer.draw(**values)[1] for values in grid(explorer.controls))
    assert "right to rounding" in first and "after training 0.50" in first and "0.99 times" in first
    assert "off by 40%" in second and "1.50 times" in second


def test_one_of_the_seven_is_wrong_at_the_start():
    """The answer of the question, from the experiment; none of the others is."""
    right, _ = experiment.tune("DoRA", steps=1, seeds=3)
    wrong = {kind: experiment.distances(experiment.tune(kind, steps=1, seeds=3)[0], right)[0].max()
             for kind in experiment.MISTAKES}  # fmt: skip
    assert sum(distance > 1e-6 for distance in wrong.values()) == 1 and "For one" in TESTED.answers
    assert wrong["m starts at 1"] > 0.1
