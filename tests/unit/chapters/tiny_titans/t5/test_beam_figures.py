"""The tree of a beam search: where its boxes stand, what they continue, and which trees are refused."""

import pytest
from drawing import arrows, boxes, redrawn, words
from drawn import numbers

from llmbook.chapters.tiny_titans.t5 import beam_plot as beam_tree
from llmbook.chapters.tiny_titans.t5.beam_plot import Branch, branches, draw_beam_tree

TREE = [
    [Branch("we", 0, -0.6, "kept"), Branch("Dana", 0, -0.8, "kept")],
    [Branch("ship", 0, -1.5, "dropped"), Branch("</s>", 1, -0.9, "ended")],
]
WIDE = [TREE[0], [*TREE[1], Branch("writes", 1, -1.25, "kept")]]
FIRST, SECOND = 0.75 + 1.62 * 0.66, 0.75 + 1.62 * 1.66  # the middles of the boxes of both steps
PLACES = {"start": (0.42, 0.84), "we": (FIRST, 1.12), "Dana": (FIRST, 0.56), "ship": (SECOND, 1.4),
          "</s>": (SECOND, 0.84), "writes": (SECOND, 0.28)}  # fmt: skip


def test_every_candidate_has_its_box_with_its_score_and_the_color_of_its_state():
    (ax,) = redrawn(draw_beam_tree, WIDE).axes
    looks = {"start": "gray", "we": "blue", "Dana": "blue", "ship": "ink", "</s>": "green", "writes": "blue"}
    assert boxes(ax) == [(*numbers(PLACES[name]), 0.7 if name == "start" else 1.12, 0.46, look)
                         for name, look in looks.items()]  # fmt: skip
    said = {word.text.partition("\n")[0]: (word.text, word.x, word.y) for word in words(ax)}
    scores = {"we": "-0.60", "Dana": "-0.80", "ship": "-1.50", "</s>": "-0.90", "writes": "-1.25"}
    assert said == {"start": ("start", *PLACES["start"])} | {
        name: (f"{name}\n{score}", *numbers(PLACES[name])) for name, score in scores.items()} | {
        "step 1": ("step 1", *numbers((FIRST, 1.93))), "step 2": ("step 2", *numbers((SECOND, 1.93)))}  # fmt: skip


def test_every_box_hangs_on_what_it_continues():
    (ax,) = redrawn(draw_beam_tree, WIDE).axes
    parents = {"we": "start", "Dana": "start", "ship": "we", "</s>": "Dana", "writes": "Dana"}
    half = {"start": 0.35}
    for arrow, (name, parent) in zip(arrows(ax), parents.items(), strict=True):
        (x, y), (end, height) = PLACES[parent], PLACES[name]
        assert arrow.start == numbers((x + half.get(parent, 0.56), y)) and arrow.end == numbers((end - 0.56, height))
        assert not arrow.head and (arrow.dash == "-") == (name != "ship"), "a dashed line to what was dropped"
    dashed = [patch.get_linestyle() for patch in ax.patches if hasattr(patch, "get_boxstyle")]
    assert [style == dashed[0] for style in dashed] == [True, True, True, False, True, True]


@pytest.mark.parametrize(("place", "parent"), [(1, 2), (2, 0), (1, -1)])
def test_a_tree_that_no_search_can_have_made_is_refused(place, parent):
    """A parent that is not there, and one that was dropped."""
    steps = [*TREE, [Branch("now", 0, -2.0, "dropped")]]
    if place == 1:
        steps = [TREE[0], [Branch("ship", parent, -1.0, "kept")]]
    with pytest.raises(ValueError, match="was not kept"):
        draw_beam_tree(steps)


def test_a_search_becomes_branches_whose_lines_do_not_cross():
    first = [(("start", "we"), -0.6, 0), (("start", "Dana"), -0.8, 0), (("start", "they"), -2.0, 0)]
    kept = [("start", "Dana"), ("start", "we")]  # another order than that of the drawing
    second = [(("start", "Dana", "</s>"), -0.9, 0), (("start", "we", "ship"), -1.5, 1)]
    found = branches([(first, kept), (second, [("start", "we", "ship")])])
    assert [branch.state for branch in found[0]] == ["kept", "kept", "dropped"]
    assert found[1] == [Branch("ship", 0, -1.5, "dropped"), Branch("</s>", 1, -0.9, "ended")]
    draw_beam_tree(found)


def test_branches_are_centered_from_the_top():
    assert beam_tree._heights(2, 1.0) == [1.0 + beam_tree.DOWN / 2, 1.0 - beam_tree.DOWN / 2]
    assert beam_tree._heights(1, 3.0) == [3.0]
