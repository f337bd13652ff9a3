"""The drawings: what leads where in the decoder, which heads share, and what a cache spares."""

import pytest
from diagrams import faults, links, parts, signs
from drawing import arrows, bars, boxes, redrawn, words
from drawn import number

from llmbook.chapters.front.transformer.drawings import CELL, LANE, draw_cache, draw_groups, draw_transformer
from llmbook.chapters.front.transformer.example import CONFIG, SENTENCE, VOCABULARY
from llmbook.plots.diagram import tint


def test_the_decoder_reads_from_the_stream_and_adds_to_it():
    figure = redrawn(draw_transformer)
    (ax,) = figure.axes
    assert [part for part, _ in parts(ax)] == [
        ("1 tokens", "ink"), ("2 embedding", "green"), ("4 norm", "gray"), ("5 attention", "blue"), ("4 norm", "gray"),
        ("6 feed-forward", "vermillion"), ("4 norm", "gray"), ("7 output", "green"), ("8 softmax", "ink")]
    assert links(ax, stream=LANE) == [
        ("stream", "4 norm"), ("4 norm", "5 attention"), ("5 attention", "+"),
        ("stream", "4 norm"), ("4 norm", "6 feed-forward"), ("6 feed-forward", "+"), ("wire", "wire")]
    assert [sign for sign, *_ in signs(ax)] == ["+", "+"] and faults(figure) == []


def test_the_stream_runs_from_the_words_to_the_next_word_and_the_loop_leads_back():
    (ax,) = draw_transformer().axes
    said = {word.text: (word.x, word.y) for word in words(ax)}
    (stream,) = [wire for wire in arrows(ax) if wire.width > 2]
    assert stream.start[0] == stream.end[0] == LANE and stream.head
    assert said["words"][1] < stream.start[1] < stream.end[1] < said["next word"][1]
    (loop,) = [wire for wire in arrows(ax) if wire.dash != "-"]
    assert (loop.start[1], loop.end[1]) == (said["next word"][1], said["words"][1]) and loop.head
    beside = sorted(said["1 tokens"][1:] + said["8 softmax"][1:])
    assert beside[0] < said["12 whole numbers"][1] + 0.01 and said["10 again, with a cache"][1] > beside[1]


def test_numbers_of_the_drawing_are_those_of_the_list():
    (ax,) = draw_transformer().axes
    text = " ".join(word.text for word in words(ax))
    assert {f"{place} " in f" {text} " for place in range(1, 11) if place != 3} == {True} and "stream (3)" in text


def test_remarks_of_the_drawing_have_the_sizes_of_the_example():
    (ax,) = draw_transformer().axes
    boxed = {name for (name, _), _ in parts(ax)}
    count, width, entries = len(SENTENCE.split()), CONFIG.width, len(VOCABULARY)
    remarks = sorted((word.y, word.text) for word in words(ax) if word.text not in {*boxed, "+"})
    assert [text for _, text in remarks] == [
        "the keys to … old house", "words", f"{count} whole numbers",
        f"{count} rows of {width} numbers,\nthe residual stream (3)", "a block, repeated", "looks at the\nother words",
        "each word\nfor itself", f"a score for each of {entries} words",
        "a probability for each;\n9 in training: a loss", "10 again, with a cache", "next word"]
    assert SENTENCE.startswith("the keys to") and SENTENCE.endswith("old house")
    placed = {text: y for y, text in remarks} | {word.text: word.y for word in words(ax) if word.text in boxed}
    for remark, box in (("looks at the\nother words", "5 attention"), ("each word\nfor itself", "6 feed-forward")):
        assert placed[remark] == placed[box], "beside the layer that it is about"


@pytest.mark.parametrize(("row", "pairs"), [(0, 4), (1, 2), (2, 1)])
def test_heads_share_keys_and_values(row, pairs):
    figure = redrawn(draw_groups)
    (ax,) = figure.axes
    height = 3.0 - 1.4 * row
    here = [box for box in boxes(ax) if height - 0.1 < box.y < height + 1]
    queries, stores = ([box for box in here if box.color == color] for color in ("blue", "orange"))
    assert (len(queries), len(stores)) == (4, pairs)
    wires = [wire for wire in arrows(ax) if height < wire.start[1] < height + 1]
    assert {wire.start[0] for wire in wires} == {box.x for box in queries} and len(wires) == 4
    shared = [sum(wire.end[0] == box.x for wire in wires) for box in stores]
    assert shared == [4 // pairs] * pairs and faults(figure) == []
    name = {0: "multi-head", 1: "grouped-query", 2: "multi-query"}[row]
    assert f"{name}: {pairs} for 4 queries" in [word.text for word in words(ax) if height + 1 < word.y < height + 1.4]


def test_a_later_step_computes_one_row_and_finds_the_others():
    figure = redrawn(draw_cache, ["a", "b", "c", "d"], 2)
    (ax,) = figure.axes
    rows = {}
    for cell in bars(ax):
        rows.setdefault(cell.y, []).append((number(cell.x), cell.color))
    new, kept = tint("blue", 0.6), tint("orange", 0.25)
    cells = [[color for _, color in sorted(row)] for _, row in sorted(rows.items(), reverse=True)]
    assert cells == [[new, new], [kept, kept, new], [kept, kept, kept, new]]
    said = [word.text for word in words(ax)]
    assert said == ["2", "1", "1", "a", "b", "c", "d"] and faults(figure) == []
    assert [word.x for word in words(ax)[3:]] == [number(0.25 + CELL * (place + 0.5)) for place in range(4)]
