"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import numpy as np
import pytest
from drawing import limits, lines, redrawn
from drawn import numbers

from llmbook.chapters.gemma.norms.experiment import Start, measure_seeds
from llmbook.chapters.gemma.norms.explorer import LIMITS, explore_norm_places, gradients


def measured(place, layers, *, start):
    """Not measured: two seeds with gradients that name the setting."""
    base = {"pre": 1.0, "post": 2.0, "both": 4.0}[place] * (10 if start == "weak" else 1)
    return [Start([], [], [base * (block + seed) for block in range(1, layers + 1)]) for seed in (0, 1)]


@pytest.mark.parametrize(("layers", "place", "start"), [(2, "post", "full"), (4, "pre", "full"), (4, "both", "weak")])
def test_gradients_are_those_of_the_chosen_depth_place_and_start(layers, place, start):
    (ax,) = redrawn(explore_norm_places(measured).draw, layers=layers, place=place, start=start)[0].axes
    names = {"pre": "pre-norm", "post": "post-norm", "both": "both"}
    for each, name in names.items():
        values = np.array([seed.gradient for seed in measured(each, layers, start=start)])
        assert lines(ax)[name][:2] == (tuple(range(1, layers + 1)), numbers(values.mean(0)))
    strong = [line.get_label() for line in ax.lines if line.get_alpha() in (None, 1, 1.0)]
    assert strong == [names[place]] and limits(ax)[1] == LIMITS


def test_with_weak_weights_both_sends_a_block_the_largest_gradient_and_with_full_ones_it_does_not():
    assert "Both" in explore_norm_places(measured).predict.answers
    largest = {start: {place: gradients(measure_seeds(place, 4, seeds=2, start=start)).max()
                       for place in ("pre", "post", "both")} for start in ("weak", "full")}  # fmt: skip
    weak, full = largest["weak"], largest["full"]
    assert weak["both"] > 20 * max(weak["pre"], weak["post"])
    assert full["both"] < 3 * max(full["pre"], full["post"])
