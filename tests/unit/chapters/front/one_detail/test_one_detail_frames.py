"""The explorer of the front page: its dots are logits of the model, as they should be and as they come out."""

import pytest
from drawing import curves, dots, limits, redrawn, titles
from drawn import number

from llmbook.chapters.front.one_detail.explorer import compare, draw_detail


@pytest.mark.parametrize(("detail", "weights"), [
    ("the gains never loaded", "loud"), ("a gain of w, not 1 + w", "loud"), ("a gain of w, not 1 + w", "quiet")])
def test_every_dot_is_a_logit_beside_the_same_logit_of_the_wrong_model(detail, weights):
    right, wrong = compare(detail, weights)
    pairs = {(number(x), number(y)) for x, y in zip(right.flatten(), wrong.flatten(), strict=True)}
    (ax,) = redrawn(draw_detail, detail=detail, weights=weights)[0].axes
    (drawn,) = dots(ax)
    assert len(drawn.x) == 120 and set(zip(drawn.x, drawn.y, strict=True)) <= pairs
    assert drawn.x != drawn.y and titles(ax)[1:] == ("logit as it should be", "logit as it comes out")
    across, up = limits(ax)
    assert across == up and across[0] < float(right.min()) and across[1] > float(right.max())
    assert curves(ax)[0].x == curves(ax)[0].y == across, "on the line: right"


def test_nothing_wrong_is_all_on_the_line():
    (drawn,) = dots(draw_detail(detail="nothing", weights="loud")[0].axes[0])
    assert drawn.x == drawn.y
