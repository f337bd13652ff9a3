"""The architecture drawings: which part stands where, in which color, and what each wire joins."""

from functools import partial
from types import SimpleNamespace

import pytest
from drawing import arrows, boxes, circles, curves, numbers, redrawn, words

from llmbook.plots.architecture import (
    draw_decoder,
    draw_decoder_block,
    draw_glu,
    draw_head_sharing,
    draw_heads,
    draw_norm_places,
)
from llmbook.plots.diagram import BookFigure, box, canvas, draw_side_by_side, node, wire

NORM, ATTENTION, FEEDFORWARD = ("N", "gray"), ("A", "blue"), ("F", "vermillion")
LABELS = {"norm": "N", "attention": "A", "feedforward": "F"}
CONFIG = {"vocab_size": 256000, "width": 3072, "layers": 28, "heads": 16, "kv_heads": 8, "head_size": 256,
          "feedforward_width": 24576, "activation": "gelu_tanh", "gated": True, "norm": "rms_unit",
          "norm_place": "pre", "tie_embeddings": True, "scale_embedding": True}


def parts(ax):
    """Every box with the word in it: (word, color), from the bottom up, with the places."""
    said = {(word.x, word.y): word.text for word in words(ax)}
    found = [((said.get((each.x, each.y), "").partition("\n")[0], each.color), each) for each in boxes(ax)
             if (each.x, each.y) in said or each.color != "#9aa3af"]
    return sorted(found, key=lambda part: (part[1].y, part[1].x))


def signs(ax):
    """The signs in the circles from the bottom up, by the strokes: upright is "+", slanted "x"."""
    strokes = [curve for curve in curves(ax) if len(curve.x) == 2]
    found = [(y, x, "+" if any(curve.x[0] == curve.x[1] == x and min(curve.y) < y < max(curve.y) for curve in strokes)
              else "x") for x, y, *_ in circles(ax)]
    return [(sign, x, y) for y, x, sign in sorted(found)]


def at(ax, point, stream):
    """What is at a point: the sign of a circle, the word in a box, "stream", or else "wire"."""
    for sign, x, y in signs(ax):
        if ((point[0] - x) ** 2 + (point[1] - y) ** 2) ** 0.5 < 0.16:
            return sign
    for (word, _), each in parts(ax):
        if abs(point[0] - each.x) <= each.width / 2 and abs(point[1] - each.y) <= each.height / 2 + 0.015:
            return word
    return "stream" if point[0] == stream else "wire"


def links(ax, stream=None):
    """What every wire joins, without the stream itself, and in which direction."""
    return [(at(ax, wire.start, stream), at(ax, wire.end, stream)) for wire in arrows(ax) if wire.width < 2]


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


@pytest.mark.parametrize(("kind", "bend"), [("GeGLU", "GELU"), ("SwiGLU", "SiLU"), ("ReGLU", "ReLU"),
                                            ("GLU", "sigmoid"), ("bilinear", "identity")])
def test_a_gated_layer_has_three_matrices_and_a_product(kind, bend):
    ax = redrawn(draw_glu, kind).axes[0]
    plain, gated = ([(name, each) for name, each in parts(ax) if (each.x < 2) == left] for left in (True, False))
    matrix = "vermillion"
    assert [name for name, _ in plain] == [("up", matrix), ("GELU" if kind == "bilinear" else bend, "purple"),
                                           ("down", matrix)]
    assert [name for name, _ in gated] == [("gate", matrix), ("up", matrix), (bend, "purple"), ("down", matrix)]
    (gate, up, activation, down) = (each for _, each in gated)
    assert gate.x == activation.x < down.x < up.x and gate.y == up.y
    ((sign, x, y),) = signs(ax)
    assert sign == "x" and x == down.x and activation.y < y < down.y
    drawn, bent = links(ax), plain[1][0][0]
    assert drawn[:4] == [("wire", "up"), ("up", bent), (bent, "down"), ("down", "wire")]
    assert drawn[4:] == [("wire", "gate"), ("wire", "up"), ("gate", bend), (bend, "x"), ("up", "x"), ("x", "down"),
                         ("down", "wire")]
    shown = {word.text: (word.x, word.y) for word in words(ax)}
    assert shown["plain"][0] == plain[0][1].x and shown[f"gated: {kind}"][0] == down.x
    assert [word.x for word in words(ax) if word.text == "x"] == [plain[0][1].x, down.x]
    assert y > shown["value by value"][1] > activation.y


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
    (frame,) = [each for each in boxes(ax) if each.color == "#9aa3af"]
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


@pytest.mark.parametrize(("heads", "kv_heads", "title"), [
    (8, 8, "multi-head: 8 query heads, 8 key-value heads"), (8, 2, "grouped-query: 8 query heads, 2 key-value heads"),
    (4, 1, "multi-query: 4 query heads, 1 key-value head")])
def test_query_heads_are_wired_to_the_keys_of_their_group(heads, kv_heads, title):
    ax = redrawn(draw_heads, heads, kv_heads).axes[0]
    step, group = 4 / heads, heads // kv_heads
    queries = [0.95 + step * (head + 0.5) for head in range(heads)]
    shared = [sum(queries[start:start + group]) / group for start in range(0, heads, group)]
    wide = numbers([0.72 * step])[0]
    expected = {("blue", 1.45, x) for x in numbers(queries)} | {
        ("orange", y, x) for y in (0.62, 0.24) for x in numbers(shared)}
    assert {(each.color, each.y, each.x) for each in boxes(ax)} == expected and len(boxes(ax)) == len(expected)
    assert {(each.width, each.height) for each in boxes(ax)} == {(wide, 0.3)}
    assert [(wire.start, wire.end, wire.head) for wire in arrows(ax)] == [
        (numbers((x, 1.32)), numbers((shared[head // group], 0.76)), False) for head, x in enumerate(queries)]
    assert {word.text: word.y for word in words(ax) if word.text} == {
        title: 2.02, "queries": 1.45, "keys": 0.62, "values": 0.24}


def test_kinds_of_norms_and_of_heads_stand_in_their_order():
    figure = redrawn(draw_norm_places, **LABELS)
    drawn = [[name for name, _ in parts(ax)] for ax in figure.axes]
    assert drawn == [ORDERS[place][0] for place in ("pre", "post", "both")]
    lefts = [ax.get_position().x0 for ax in figure.axes]
    assert lefts == sorted(lefts) and [word.text for word in words(figure)] == ["pre-norm", "post-norm", "both"]
    figure = redrawn(draw_head_sharing, 8, (8, 2, 1))
    assert [sum(each.color == "orange" for each in boxes(ax)) for ax in figure.axes] == [16, 4, 2]
    bottoms = [ax.get_position().y0 for ax in figure.axes]
    assert bottoms == sorted(bottoms, reverse=True)


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
