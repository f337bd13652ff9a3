"""The explorer of the page: the frame for a setting of the controls shows that setting."""

import math

import pytest
from drawing import arrows, circles, limits, redrawn
from drawn import numbers

from llmbook.chapters.dora.decomposition.explorer import draw_dora


@pytest.mark.parametrize(("along", "step", "magnitude", "adapted"), [
    ("across W", 0.75, 2.5, (1.8, 1.15)), ("across W", -1.5, 2.5, (0, 2.5)), ("across W", 0.75, 1.0, (1.8, 1.15)),
    ("along the first input", 0.75, 2.5, (1.95, 1.6)), ("along W itself", 0.75, 2.5, (1.65, 2.2))])
def test_the_row_is_moved_by_the_step_and_gets_the_magnitude(along, step, magnitude, adapted):
    (ax,) = redrawn(draw_dora, along=along, step=step, magnitude=magnitude)[0].axes
    ends = [(arrow.start, arrow.end) for arrow in arrows(ax)]
    result = numbers(magnitude * part / math.hypot(*adapted) for part in adapted)
    expected = [((0, 0), result), ((0, 0), (1.2, 1.6)), ((1.2, 1.6), adapted), ((0, 0), adapted)]
    assert ends == [(start, pytest.approx(end, abs=1e-5)) for start, end in expected]
    assert [circle[2] for circle in circles(ax)] == [1, magnitude] and limits(ax) == ((-1.7, 3.2), (-1.2, 3.4))
