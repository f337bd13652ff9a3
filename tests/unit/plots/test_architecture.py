"""The architecture drawings: nothing overlaps, nothing leaves the paper, and they say what the config says."""

from functools import partial
from types import SimpleNamespace

import pytest
from diagrams import faults, texts_with_places

from llmbook.plots.architecture import draw_decoder, draw_decoder_block
from llmbook.plots.diagram import draw_side_by_side


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
    "decoder": partial(draw_decoder, config()),
    "decoder post": partial(draw_decoder, config(norm_place="post", norm="layer_free", gated=False)),
    "decoder output": partial(draw_decoder, config(norm_place="output")),
    "decoder both": partial(draw_decoder, config(norm_place="both", tie_embeddings=False, scale_embedding=False)),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_words_overlap_or_leave_their_box(name):
    figure = DRAWINGS[name]()
    assert texts_with_places(figure)
    assert faults(figure) == []


def test_the_check_sees_a_label_that_is_too_long():
    assert faults(draw_decoder_block(attention="a label that is much too long for it"))


def test_the_check_sees_two_texts_on_one_place():
    figure = draw_decoder_block()
    text = figure.axes[0].texts[0]
    figure.axes[0].text(*text.get_position(), "again")
    assert faults(figure)


def test_the_decoder_shows_its_own_numbers():
    shown = " ".join(text.get_text() for text, _ in texts_with_places(draw_decoder(config())))
    for expected in ("28 blocks", "16 query heads", "24,576", "256,000 rows of 3,072", "matrix again", "GeGLU"):
        assert expected in shown
    changed = draw_decoder(config(tie_embeddings=False, kv_heads=1))
    other = " ".join(text.get_text() for text, _ in texts_with_places(changed))
    assert "matrix again" not in other and "1 key-value head\n" in other


def test_side_by_side_keeps_the_size_of_each():
    figure = draw_side_by_side([partial(draw_decoder_block, parallel=True), draw_decoder_block], columns=1)
    assert tuple(figure.get_size_inches()) == pytest.approx((3.48, 3.2 + 4.6))
    assert figure.axes[1].get_window_extent().width / figure.dpi == pytest.approx(0.2 + 1.11 + 0.72)


@pytest.mark.parametrize(("draw", "message"), [
    (partial(draw_decoder_block, norm_place="sandwich"), "sandwich"),
    (partial(draw_decoder_block, norm_place="post", parallel=True), "parallel"),
])
def test_what_cannot_be_drawn_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
