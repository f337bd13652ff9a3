"""The figures of the page "Low rank" draw the matrices, sums and curves that they are given."""

import numpy as np
import pytest
from drawing import (
    Band,
    Curve,
    Key,
    Rule,
    bands,
    bars,
    curves,
    legend,
    limits,
    lines,
    numbers,
    pictures,
    redrawn,
    rules,
    scales,
    ticks,
    titles,
    words,
)
from drawn import DASHED, DOTTED, T95

from llmbook.chapters.dora.low_rank import plots
from llmbook.plots.style import new_figure


def rows(ax):
    (picture,) = pictures(ax)
    return picture.rows


def test_a_matrix_is_a_picture_with_its_numbers_in_their_cells():
    figure, ax = new_figure()
    plots.show_matrix(ax, np.array([[1.0, -4.0], [3.0, 0.5], [-0.0, 2.0]]), title="t", numbers=True)
    (picture,) = pictures(ax)
    assert picture.rows == ((1, -4), (3, 0.5), (0, 2)) and picture.limits == (-4, 4), "white is zero"
    assert [(word.text, word.x, word.y, word.color) for word in words(ax)] == [
        ("1", 0, 0, "ink"), ("-4", 1, 0, "white"), ("3", 0, 1, "white"), ("0.5", 1, 1, "ink"), ("0", 0, 2, "ink"),
        ("2", 1, 2, "ink")]
    assert titles(ax)[0] == "t" and figure.axes == [ax]
    (low, middle, high) = (plots.SIGNED(value) for value in (0.0, 0.5, 1.0))
    assert low[0] > low[2] and high[2] > high[0] and middle[:3] == (1, 1, 1), "vermillion, white, blue"
    plots.show_matrix(new_figure()[1], np.zeros((2, 2)))


def test_a_limit_and_no_numbers():
    _, ax = new_figure()
    plots.show_matrix(ax, np.array([[1.0, -4.0]]), limit=2.5)
    assert pictures(ax)[0].limits == (-2.5, 2.5) and words(ax) == []


def test_an_outer_product_is_every_entry_of_the_column_times_every_one_of_the_row():
    empty, row, column, product = redrawn(plots.plot_outer, [1.0, -2.0], [3.0, 0.0, 5.0]).axes
    assert rows(row) == ((3, 0, 5),) and rows(column) == ((1,), (-2,))
    assert rows(product) == ((3, 0, 5), (-6, 0, -10)), "a product, no sum"
    assert [word.text for word in words(product)] == ["3", "0", "5", "-6", "0", "-10"]
    assert (titles(row)[0], titles(column)[0], titles(product)[1]) == (
        "the row", "the column", "every entry: column times row")
    assert not empty.axison and [len(words(ax)) for ax in (row, column)] == [3, 2]


def test_terms_and_their_sums_go_from_the_strongest_on():
    matrix = np.array([[0.0, 3.0], [-2.0, 0.0], [0.0, 0.0]])  # its terms are its two entries
    axes = redrawn(plots.plot_terms, matrix, count=2).axes
    one, two = ((0, 3), (0, 0), (0, 0)), ((0, 0), (-2, 0), (0, 0))
    both = ((0, 3), (-2, 0), (0, 0))
    assert [rows(axes[place]) for place in (0, 1, 3, 4, 5)] == [one, two, one, both, both]
    assert {pictures(axes[place])[0].limits for place in (0, 1, 3, 4, 5)} == {(-3, 3)}
    assert [(bar.x + bar.width / 2, bar.y, bar.height, bar.color) for bar in bars(axes[2])] == [
        (1, 0, 3, "blue"), (2, 0, 2, "blue")]
    assert [titles(ax)[0] for ax in axes] == ["term 1", "term 2", "strengths", "first 1", "first 2", "the picture"]


def test_competitors_stand_around_their_rank_and_the_best_on_a_line():
    others = {"x": np.array([[3.0, 2.0], [4.0, 2.5]]), "y": np.array([[5.0, 1.0]])}
    figure = redrawn(plots.plot_competitors, [1, 4], [1.0, 0.5], others, ylabel="error")
    ax = figure.axes[0]
    assert lines(ax) == {"first terms of the SVD": Curve((1, 4), (1, 0.5), "ink", "-", ".", "ink"),
                         "x": Curve((0.92, 3.92, 0.92, 3.92), (3, 2, 4, 2.5), "vermillion", "", "o", "none"),
                         "y": Curve((1.08, 4.08), (5, 1), "blue", "", "s", "none")}
    assert limits(ax)[1][0] == 0 and list(ticks(ax.xaxis)) == [1, 4] and titles(ax) == ("", "rank", "error")
    assert legend(figure) == {"first terms of the SVD": Key("ink", "-", "."), "x": Key("vermillion", "", "o"),
                              "y": Key("blue", "", "s")}


def test_ranks_of_several_texts_have_their_median_in_a_band_beside_the_bounds():
    measured = {"several": np.array([[1, 2, 4], [1, 4, 4], [1, 3, 3]]), "one": np.array([1, 1, 2])}
    ax = redrawn(plots.plot_token_ranks, [1, 2, 8], measured, limit=4).axes[0]
    assert lines(ax) == {
        "several": Curve((1, 2, 8), (1, 3, 4), "vermillion", "-", "o", "vermillion"),
        "one": Curve((1, 2, 8), (1, 1, 2), "blue", DASHED, "s", "blue"),
        "as many as tokens, at most the side": Curve((1, 2, 8), (1, 2, 4), "ink", DOTTED, "", "")}
    assert bands(ax) == [Band((1, 2, 8), (1, 2, 3), (1, 4, 4), "vermillion"),
                         Band((1, 2, 8), (1, 1, 2), (1, 1, 2), "blue")]
    assert scales(ax) == ("log", "log") and titles(ax) == ("", "tokens in the batch", "rank")
    assert (ticks(ax.xaxis), ticks(ax.yaxis)) == ({1: "1", 2: "2", 8: "8"}, {1: "1", 2: "2"})
    assert list(legend(ax)) == list(lines(ax))


def test_spectra_are_values_by_number_with_the_interval_over_seeds():
    panels = {"s": {"w": np.array([4.0, 2.0, 1.0]), "d": np.array([[9.0, 5.0, 2.0], [11.0, 7.0, 2.0]])},
              "t": {"w": np.array([7.0, 3.0])}}
    figure = redrawn(plots.plot_spectra, panels, ylabels=("y", "z"), marks={"edge": 0.5, "b": 2}, logarithmic=True)
    first, second = figure.axes
    assert lines(first) == {"w": Curve((1, 2, 3), (4, 2, 1), "vermillion", "-", "", ""),
                            "d": Curve((1, 2, 3), (10, 6, 2), "blue", DASHED, "", "")}
    assert bands(first) == [Band((1, 2, 3), numbers((10 - T95, 6 - T95, 2)), numbers((10 + T95, 6 + T95, 2)), "blue")]
    assert lines(second)["w"][:2] == ((1, 2), (7, 3))
    assert rules(first) == [Rule("y", 0.5, "ink", DOTTED), Rule("y", 2, "ink", DOTTED)] and rules(second) == []
    assert [(word.text, word.x, word.y) for word in words(first)] == [("edge", 1, 0.5), ("b", 1, 2)]
    assert [scales(ax) for ax in figure.axes] == [("log", "linear")] * 2 and limits(second)[1][0] == 0
    assert (titles(first), titles(second)) == (("s", "number of the singular value", "y"),
                                               ("t", "number of the singular value", "z"))
    assert legend(figure) == {"w": Key("vermillion", "-"), "d": Key("blue", DASHED)}
    assert scales(plots.plot_spectra(panels, ylabels=("y", "z")).axes[0])[0] == "linear"


def test_losses_by_rank_leave_out_what_is_not_there():
    nan = np.nan
    by_rank = {"f": np.array([[3.0, 2, 1], [5, 2, 3]]), "l": np.array([[nan, 6, 4], [nan, 6, 8]]),
               "g": np.array([9, 8, nan])}
    levels = {"base": 12.0, "all": 1.5}
    figure = redrawn(plots.plot_by_rank, [0, 1, 8], by_rank, levels=levels, ylabel="loss")
    ax = figure.axes[0]
    assert lines(ax) == {"f": Curve((0, 1, 2), (4, 2, 2), "vermillion", "-", "o", "vermillion"),
                         "l": Curve((1, 2), (6, 6), "blue", DASHED, "s", "blue"),
                         "g": Curve((0, 1), (9, 8), "gray", DOTTED, "^", "gray")}
    assert [(band.x, band.high, band.color) for band in bands(ax)] == [
        ((0, 1, 2), numbers((4 + T95, 2, 2 + T95)), "vermillion"), ((1, 2), numbers((6, 6 + 2 * T95)), "blue")]
    assert rules(ax) == [Rule("y", 12, "ink", DOTTED), Rule("y", 1.5, "ink", DOTTED)]
    assert [(word.text, word.y, word.offset) for word in words(ax)] == [("base", 12, (0, 4)), ("all", 1.5, (0, -4))]
    assert [text.get_va() for text in ax.texts] == ["bottom", "top"]
    assert ticks(ax.xaxis) == {0: "0", 1: "1", 2: "8"} and limits(ax)[1][0] == 0
    assert titles(ax) == ("", "rank", "loss")
    assert legend(figure) == {"f": Key("vermillion", "-", "o"), "l": Key("blue", DASHED, "s"),
                              "g": Key("gray", DOTTED, "^")}


def test_shares_are_the_numbers_of_two_thin_matrices_over_those_of_the_full_one():
    ax = redrawn(plots.plot_shares, {"a": (4, 3), "b": (64, 16)}, ranks=[1, 2, 4, 16, 64]).axes[0]
    assert lines(ax) == {
        "a": Curve((1, 2), numbers((700 / 12, 1400 / 12)), "vermillion", "-", "o", "vermillion"),
        "b": Curve((1, 2, 4, 16), (7.8125, 15.625, 31.25, 125), "blue", DASHED, "s", "blue")}
    assert [(rule.axis, rule.at) for rule in rules(ax)] == [("y", 100)] and scales(ax) == ("log", "log")
    assert [(word.text, word.x, word.y) for word in words(ax)] == [("nothing saved above", 1, 100)]
    assert ticks(ax.xaxis) == {1: "1", 4: "4", 64: "64"}
    assert ticks(ax.yaxis) == {0.1: "0.1 %", 1: "1 %", 10: "10 %", 100: "100 %"}
    assert titles(ax) == ("", "rank", "share of the matrix's numbers") and list(legend(ax)) == ["a", "b"]


@pytest.mark.parametrize(("rank", "title", "at"), [(2, "its first 2 terms", (2, 0.25)), (0, "nothing", (0, 1))])
def test_a_truncated_matrix_stands_beside_the_whole_over_its_error(rank, title, at):
    matrix, kept = np.arange(6.0).reshape(3, 2), np.arange(6.0)[::-1].reshape(3, 2)
    whole, part, errors = redrawn(plots.plot_truncated, matrix, kept, {0: 1.0, 1: 0.75, 2: 0.25}, rank=rank).axes
    assert rows(whole) == ((0, 1), (2, 3), (4, 5)) and rows(part) == ((5, 4), (3, 2), (1, 0))
    assert pictures(whole)[0].limits == pictures(part)[0].limits == (-4.95, 4.95), "99 % of the sizes"
    assert (titles(whole)[0], titles(part)[0]) == ("the matrix", title)
    line, mark = curves(errors)
    assert line[:4] == ((0, 1, 2), (1, 0.75, 0.25), "gray", "-")
    assert (mark.x, mark.y, mark.color, mark.marker) == ((at[0],), (at[1],), "vermillion", "o")
    assert limits(errors)[1] == (0, 1.08) and titles(errors) == ("", "rank", "error that is left")
