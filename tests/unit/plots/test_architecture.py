"""The architecture drawings: nothing overlaps, nothing leaves the paper, and they say what the config says."""

import itertools
from functools import partial
from types import SimpleNamespace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch

from llmbook.plots.architecture import (
    GATE_FUNCTIONS,
    draw_decoder,
    draw_decoder_block,
    draw_glu,
    draw_head_sharing,
    draw_heads,
    draw_norm_places,
    draw_side_by_side,
)


def config(**changes):
    sizes = {"vocab_size": 256000, "width": 3072, "layers": 28, "heads": 16, "kv_heads": 16, "head_size": 256,
             "feedforward_width": 24576, "activation": "gelu_tanh", "gated": True, "norm": "rms_unit",
             "norm_place": "pre", "tie_embeddings": True, "scale_embedding": True}
    return SimpleNamespace(**sizes | changes)


DRAWINGS = {
    "block pre": draw_decoder_block,
    "block post": partial(draw_decoder_block, norm_place="post", norm="LayerNorm"),
    "block output": partial(draw_decoder_block, norm_place="output"),
    "block both": partial(draw_decoder_block, norm_place="both", attention="multi-query\nattention"),
    "block parallel": partial(draw_decoder_block, parallel=True),
    "norm places": draw_norm_places,
    "heads": draw_head_sharing,
    "heads 32": partial(draw_heads, 32, 8),
    "decoder": partial(draw_decoder, config()),
    "decoder post": partial(draw_decoder, config(norm_place="post", norm="layer_free", gated=False)),
    "decoder output": partial(draw_decoder, config(norm_place="output")),
    "decoder both": partial(draw_decoder, config(norm_place="both", tie_embeddings=False, scale_embedding=False)),
} | {kind: partial(draw_glu, kind) for kind in GATE_FUNCTIONS}


def words(figure):
    """Every text with its rectangle in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [*figure.texts, *(text for ax in figure.axes for text in ax.texts)]
    return [(text, text.get_window_extent(renderer)) for text in texts if text.get_text()]


def faults(figure):
    """Texts that overlap another text, leave the paper, or leave the box that they stand in."""
    shown, paper = words(figure), figure.bbox
    found = [(a.get_text(), b.get_text()) for (a, first), (b, second) in itertools.combinations(shown, 2)
             if first.overlaps(second)]
    found += [text.get_text() for text, place in shown if paper.x0 > place.x0 or paper.x1 < place.x1
              or paper.y0 > place.y0 or paper.y1 < place.y1]
    boxes = [patch.get_window_extent() for ax in figure.axes for patch in ax.patches
             if isinstance(patch, FancyBboxPatch) and patch.get_zorder() > 0]
    found += [text.get_text() for text, place in shown for box in boxes if box.overlaps(place)
              and not (box.x0 <= place.x0 and place.x1 <= box.x1 and box.y0 <= place.y0 and place.y1 <= box.y1)]
    return found


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_words_overlap_or_leave_their_box(name):
    figure = DRAWINGS[name]()
    assert words(figure)
    assert faults(figure) == []


def test_the_check_sees_a_label_that_is_too_long():
    assert faults(draw_decoder_block(attention="a label that is much too long for it"))


def test_the_check_sees_two_texts_on_one_place():
    figure = draw_glu()
    text = figure.axes[0].texts[0]
    figure.axes[0].text(*text.get_position(), "again")
    assert faults(figure)


def test_the_decoder_shows_its_own_numbers():
    shown = " ".join(text.get_text() for text, _ in words(draw_decoder(config())))
    for expected in ("28 blocks", "16 query heads", "24,576", "256,000 rows of 3,072", "matrix again", "GeGLU"):
        assert expected in shown
    other = " ".join(text.get_text() for text, _ in words(draw_decoder(config(tie_embeddings=False, kv_heads=1))))
    assert "matrix again" not in other and "1 key-value head\n" in other


@pytest.mark.parametrize("kv_heads", [8, 2, 1])
def test_every_query_head_has_one_wire_and_every_shared_head_a_key_and_a_value(kv_heads):
    patches = draw_heads(8, kv_heads).axes[0].patches
    boxes = [patch for patch in patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == 8 + 2 * kv_heads
    assert len(patches) - len(boxes) == 8


def test_side_by_side_keeps_the_size_of_each():
    figure = draw_side_by_side([draw_glu, partial(draw_heads, 8, 2)], columns=1)
    assert tuple(figure.get_size_inches()) == pytest.approx((5.3, 4.75 + 2.3))
    assert figure.axes[1].get_window_extent().width / figure.dpi == pytest.approx(5.0)


@pytest.mark.parametrize(("draw", "message"), [
    (partial(draw_decoder_block, norm_place="sandwich"), "sandwich"),
    (partial(draw_decoder_block, norm_place="post", parallel=True), "parallel"),
    (partial(draw_glu, "Gated"), "Gated"),
    (partial(draw_heads, 8, 3), "multiple of kv_heads"),
])
def test_what_cannot_be_drawn_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
