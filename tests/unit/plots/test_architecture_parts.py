"""The architecture drawings: which part stands where, in which color, and what each wire joins."""

from functools import partial
from types import SimpleNamespace

import pytest
from diagrams import links, parts, signs
from drawing import arrows, boxes, numbers, redrawn, words

from llmbook.plots.architecture import draw_decoder, draw_decoder_block
from llmbook.plots.diagram import BookFigure, box, canvas, draw_side_by_side, node, wire

NORM, ATTENTION, FEEDFORWARD = ("N", "gray"), ("A", "blue"), ("F", "vermillion")
LABELS = {"norm": "N", "attention": "A", "feedforward": "F"}
CONFIG = {"vocab_size": 256000, "width": 3072, "layers": 28, "heads": 16, "kv_heads": 8, "head_size": 256,
          "feedforward_width": 24576, "activation": "gelu_tanh", "gated": True, "norm": "rms_unit",
          "norm_place": "pre", "tie_embeddings": True, "scale_embedding": True}


def the_stream(ax):
    (found,) = [wire for wire in arrows(ax) if wire.width > 2]
    assert found.start[0] == found.end[0] and found.start[1] < found.end[1] and found.head
    return found.start[0]


ORDERS = {  # norm_place: (the boxes from the bottom up, which of them stand on the stream, what the wires join)
    "pre": ([NORM, ATTENTION, NORM, FEEDFORWARD], [], ["stream N", "N A", "A +", "stream N", "N F", "F +"]),
    "post": ([ATTENTION, NORM, FEEDFORWARD, NORM], [1, 3], ["stream A", "A +", "stream F", "F +"]),
    "both": ([NORM, ATTENTION, NORM, NORM, FEEDFORWARD, NORM], [],
             ["stream N", "N A", "A N", "N +", "stream N", "N F", "F N", "N +"]),
    "output": ([ATTENTION, NORM, FEEDFORWARD, NORM], [], ["stream A", "A N", "N +", "stream F", "F N", "N +"]),
}


@pytest.mark.parametrize("place", ORDERS)
def test_a_block_has_its_norms_where_they_belong(place):
    ax = redrawn(draw_decoder_block, norm_place=place, **LABELS).axes[0]
    order, on_stream, joined = ORDERS[place]
    stream = the_stream(ax)
    assert [name for name, _ in parts(ax)] == order
    assert [index for index, (_, each) in enumerate(parts(ax)) if each.x == stream] == on_stream
    assert {number for _, each in parts(ax) for number in numbers([each.x - stream]) if number} == {1.11}
    assert [" ".join(pair) for pair in links(ax, stream)] == joined
    assert [sign for sign, *_ in signs(ax)] == ["+", "+"] and {x for _, x, _ in signs(ax)} == {stream}
    heights = [each.y for name, each in parts(ax) if name in (ATTENTION, FEEDFORWARD)]
    assert heights[0] < signs(ax)[0][2] < heights[1] < signs(ax)[1][2], "each is added before the next begins"


def test_both_sublayers_of_a_parallel_block_read_one_norm():
    ax = redrawn(draw_decoder_block, parallel=True, **LABELS).axes[0]
    stream = the_stream(ax)
    assert [name for name, _ in parts(ax)] == [NORM, ATTENTION, FEEDFORWARD]
    norm, attention, feedforward = (each for _, each in parts(ax))
    assert norm.x == attention.x < feedforward.x and attention.y == feedforward.y > norm.y
    assert links(ax, stream) == [("stream", "N"), ("N", "A"), ("wire", "F"), ("A", "+"), ("F", "+")]
    assert [(sign, x) for sign, x, _ in signs(ax)] == [("+", stream)] * 2


def decoder(**changes):
    return redrawn(draw_decoder, SimpleNamespace(**CONFIG | changes)).axes[0]


def notes(ax):
    """Words that stand in no box, from the bottom up."""
    inside = {(each.x, each.y) for each in boxes(ax)}
    found = sorted(words(ax), key=lambda word: (word.y, word.x))
    return [word.text for word in found if (word.x, word.y) not in inside and word.text]


def test_a_decoder_goes_from_ids_to_logits():
    ax = decoder()
    assert [name for name, _ in parts(ax)] == [
        ("embedding", "green"), ("RMSNorm", "gray"), ("attention", "blue"), ("RMSNorm", "gray"),
        ("GeGLU", "vermillion"), ("RMSNorm", "gray"), ("output", "green")]
    assert [sign for sign, *_ in signs(ax)] == ["x", "+", "+"]
    assert notes(ax) == [
        "token ids", "T numbers", "256,000 rows of 3,072", "times the root of 3,072",
        "28 blocks", "16 query heads\n8 key-value heads\nof size 256", "3,072 → 24,576\n→ 3,072", "with gain 1 + w",
        "the embedding's matrix again", "logits", "T rows of 256,000"]
    stream = the_stream(ax)
    on_stream = [name[0] for name, each in parts(ax) if each.x == stream]
    assert on_stream == ["embedding", "RMSNorm", "output"], "the blocks' parts stand beside"


def test_notes_of_a_decoder_stand_beside_what_they_are_about():
    ax = decoder()
    height = {name[0]: each.y for name, each in parts(ax)}
    noted = {word.text.partition(" ")[0]: word.y for word in words(ax)}
    assert noted["16"] == height["attention"] and noted["3,072"] == height["GeGLU"]
    assert noted["256,000"] == height["embedding"] and noted["the"] == height["output"]
    (frame,) = [each for each in boxes(ax) if each.color == "#868f9c"]
    inside = [name[0] for name, each in parts(ax) if abs(each.y - frame.y) < frame.height / 2]
    assert inside == ["RMSNorm", "attention", "RMSNorm", "GeGLU"]


def test_a_decoder_says_what_its_config_says():
    ax = decoder(tie_embeddings=False, scale_embedding=False, kv_heads=1, gated=False, norm="layer_free", layers=3,
                 norm_place="post")
    assert [name[0] for name, _ in parts(ax)] == ["embedding", "attention", "LayerNorm", "feed-forward", "LayerNorm",
                                                  "LayerNorm", "output"]
    assert [sign for sign, *_ in signs(ax)] == ["+", "+"], "no factor"
    assert {"3 blocks", "16 query heads\n1 key-value head\nof size 256", "without gain and bias",
            "3,072 → 256,000"} <= set(notes(ax))
    noted = {word.text.partition(" ")[0]: word.y for word in words(ax)}
    height = {name[0]: each.y for name, each in parts(ax)}
    assert noted["16"] == height["attention"] and height["feed-forward"] in [word.y for word in words(ax)]


def sized(width, height, ax=None):
    return canvas(ax, width, height)[0]


def test_drawings_side_by_side_keep_their_size_and_have_their_title_above():
    drawings = [partial(sized, 1.0, 2.0), partial(sized, 3.0, 1.0), partial(sized, 2.0, 1.5)]
    figure = redrawn(draw_side_by_side, drawings, titles=["a", "b", "c"], columns=2)
    assert figure.get_size_inches().tolist() == pytest.approx([4, 2.35 + 1.85])
    inches = [numbers(ax.get_position().bounds * figure.get_size_inches().repeat(2).reshape(2, 2).T.ravel())
              for ax in figure.axes]
    assert inches == [(0, 1.85, 1, 2), (1, 1.85, 3, 1), (0, 0, 2, 1.5)]
    assert [(word.text, *numbers((word.x * 4, word.y * 4.2))) for word in words(figure)] == [
        ("a", 0.5, 4.02), ("b", 2.5, 3.02), ("c", 1, 1.67)]
    plain = redrawn(draw_side_by_side, drawings)
    assert plain.get_size_inches().tolist() == [6, 2] and isinstance(plain, BookFigure)


def test_the_readers_see_a_wire_that_goes_elsewhere_and_another_sign():
    _, ax = canvas(None, 3, 3)
    box(ax, 1, 1, "A", width=0.5)
    node(ax, 1, 2, "+")
    node(ax, 2, 2, "x")
    for end in ((1, 1.88), (2, 1.88), (2.5, 2.5)):
        wire(ax, (1, 1.2), end)
    assert links(ax) == [("A", "+"), ("A", "x"), ("A", "wire")] and [sign for sign, *_ in signs(ax)] == ["+", "x"]
