"""The explorer of relative positions draws the buckets of its controls, and says what it shows."""

import pytest
import torch
from drawing import curves, limits, redrawn, rules

from llmbook.chapters.tiny_titans.t5.explorer import (
    ASKED,
    BUCKETS,
    MAX_DISTANCES,
    draw_buckets,
    explore_buckets,
    last_bucket_begins,
)
from llmbook.layers.relative_bias import relative_buckets
from llmbook.widgets.controls import grid


@pytest.mark.parametrize(("buckets", "max_distance", "direction"), [
    (32, 128, "both ways (encoder)"), (8, 128, "both ways (encoder)"), (32, 64, "both ways (encoder)"),
    (32, 128, "back only (decoder)")])  # fmt: skip
def test_a_frame_draws_the_buckets_of_its_controls(buckets, max_distance, direction):
    figure, _ = redrawn(draw_buckets, buckets=buckets, max_distance=max_distance, direction=direction)
    (ax,) = figure.axes
    (line,) = curves(ax)
    both = direction.startswith("both")
    found = relative_buckets(torch.arange(-300, 301), bidirectional=both, buckets=buckets, max_distance=max_distance)
    assert (line.x, line.y) == (tuple(range(-300, 301)), tuple(found.tolist()))
    assert [rule.at for rule in rules(ax) if rule.color == "gray"] == [-max_distance, max_distance]
    assert limits(ax) == ((-300, 300), (-1, buckets))


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("buckets", BUCKETS)
@pytest.mark.parametrize("max_distance", MAX_DISTANCES)
def test_the_last_bucket_begins_where_the_package_says(bidirectional, buckets, max_distance):
    begins = last_bucket_begins(bidirectional, buckets, max_distance)
    options = {"bidirectional": bidirectional, "buckets": buckets, "max_distance": max_distance}
    last = (buckets // 2 if bidirectional else buckets) - 1
    found = relative_buckets(torch.tensor([-begins, -begins + 1, -(10**6)]), **options).tolist()
    assert found[0] == found[2] == last > found[1]
    assert begins < max_distance, "as the caption says"


def test_the_explorer_says_what_it_shows():
    _, said = draw_buckets(buckets=32, max_distance=128, direction="both ways (encoder)")
    assert "distances 0 to 7 have" in said and "from 91 on all" in said and "buckets of their own" in said
    figure, said = draw_buckets(buckets=32, max_distance=128, direction="back only (decoder)")
    assert "distances 0 to 15 have" in said and "from 113 on all" in said and "in bucket 0" in said
    line = figure.axes[0].lines[-2]
    assert max(line.get_ydata()) == 31 and line.get_ydata()[-1] == 0
    assert "only distance 0 has" in draw_buckets(buckets=4, max_distance=64, direction="both ways (encoder)")[1]


def test_the_explorer_has_few_frames_and_each_says_something_else():
    explorer = explore_buckets()
    settings = grid(explorer.controls)
    assert len(settings) == 18
    assert len({explorer.draw(**values)[1] for values in settings}) == 18


def test_the_frames_answer_the_question_that_is_asked_first():
    explorer = explore_buckets()
    assert explorer.predict is ASKED and set(ASKED.answers) == {"It can", "The buckets", "The max distance"}

    def apart(buckets, max_distance):
        near, far = relative_buckets(torch.tensor([-150, -200]), bidirectional=True, buckets=buckets,
                                     max_distance=max_distance).tolist()  # fmt: skip
        return near != far

    assert not any(apart(buckets, 128) for buckets in (*BUCKETS, 64)), "neither now nor with more buckets"
    assert apart(32, 256) and 256 in explorer.controls["max_distance"].frames
    begins = [last_bucket_begins(True, buckets, 128) for buckets in BUCKETS]
    assert begins == sorted(begins) and begins[-1] < 128 < 150 < last_bucket_begins(True, 32, 256)
