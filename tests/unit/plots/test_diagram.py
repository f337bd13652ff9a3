"""The parts of the architecture drawings: words that are names are dark, and every sign and wire has its place."""

from types import SimpleNamespace

from drawing import arrows, boxes, circles, color, redrawn, words

from llmbook.plots.architecture import draw_decoder, draw_decoder_block
from llmbook.plots.diagram import canvas, note

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
