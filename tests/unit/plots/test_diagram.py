"""The parts of the architecture drawings: words that are names are dark, and every sign and wire has its place."""

import math
from types import SimpleNamespace

import pytest
from drawing import arrows, boxes, circles, color, curves, redrawn, words
from drawn import Box, numbers

from llmbook.plots.architecture import draw_decoder, draw_decoder_block
from llmbook.plots.diagram import box, canvas, node, note, wire

CONFIG = {"vocab_size": 100, "width": 8, "layers": 2, "heads": 4, "kv_heads": 2, "head_size": 2, "norm": "rms",
          "feedforward_width": 32, "activation": "silu", "gated": True, "norm_place": "pre", "tie_embeddings": True}


def test_names_are_dark_and_remarks_gray():
    _, ax = canvas(None, 2, 1)
    note(ax, 1, 0.5, "name", bold=True)
    note(ax, 1, 0.2, "remark")
    assert [(word.text, word.color) for word in words(ax)] == [("name", "ink"), ("remark", color("#4B5563"))]
    assert [text.get_fontweight() for text in ax.texts] == ["bold", "normal"]


def test_the_sign_of_a_factor_stands_on_the_stream():
    for scaled, signs in ((True, 3), (False, 2)):
        ax = redrawn(draw_decoder, SimpleNamespace(scale_embedding=scaled, **CONFIG)).axes[0]
        (stream,) = [wire.start[0] for wire in arrows(ax) if wire.width > 2]
        assert [x for x, *_ in circles(ax)] == [stream] * signs


def test_the_second_branch_of_a_parallel_block_leaves_behind_the_norm():
    ax = redrawn(draw_decoder_block, parallel=True).axes[0]
    norm, attention, feedforward = boxes(ax)
    starts = [wire.start for wire in arrows(ax) if wire.end[0] == feedforward.x]
    assert len(starts) == 1
    assert starts[0][0] == norm.x == attention.x
    assert norm.y + norm.height / 2 < starts[0][1] < attention.y - attention.height / 2


def test_a_box_left_alone_is_plain_solid_and_as_high_as_a_line_of_words():
    _, ax = canvas(None, 4, 2)
    box(ax, 1, 1, "A", width=0.5)
    box(ax, 3, 1, "B", width=1, height=0.75, kind="norm", fontsize=9, dashed=True)
    assert boxes(ax) == [Box(1, 1, 0.5, 0.4, "ink"), Box(3, 1, 1, 0.75, "gray")]
    assert [(word.text, word.x, word.y) for word in words(ax)] == [("A", 1, 1), ("B", 3, 1)]
    assert [text.get_fontsize() for text in ax.texts] == [11.5, 9]
    assert [patch.get_linestyle() == "-" for patch in ax.patches] == [True, False]


@pytest.mark.parametrize(("symbol", "slants"), [("+", {0, 90}), ("x", {45, 135})])
def test_a_sign_is_two_strokes_that_cross_in_its_middle(symbol, slants):
    _, ax = canvas(None, 2, 2)
    node(ax, 1, 1.5, symbol)
    assert {round(math.degrees(math.atan2(line.y[1] - line.y[0], line.x[1] - line.x[0]))) % 180
            for line in curves(ax)} == slants  # fmt: skip
    assert {numbers((sum(line.x) / 2, sum(line.y) / 2)) for line in curves(ax)} == {(1, 1.5)}


def test_a_wire_left_alone_is_thin_and_solid_and_ends_in_a_head():
    _, ax = canvas(None, 2, 2)
    for options in ({}, {"arrow": False}, {"dashed": True}, {"stream": True}):
        wire(ax, (0, 1), (1, 1), **options)
    plain, headless, dashed, stream = arrows(ax)
    assert (plain.head, plain.dash, plain.width) == (True, "-", 1.3)
    assert headless == plain._replace(head=False) and dashed == plain._replace(dash=dashed.dash) != plain
    assert stream == plain._replace(width=3)


def test_a_note_left_alone_stands_to_the_right_of_its_place():
    _, ax = canvas(None, 2, 2)
    note(ax, 1, 1, "a")
    note(ax, 1, 1, "b", align="right", fontsize=8)
    assert [(text.get_ha(), text.get_fontsize()) for text in ax.texts] == [("left", 10.5), ("right", 8)]
