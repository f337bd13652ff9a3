"""The readers of drawings: what they read is what was drawn, and each sees a drawing that is wrong."""

import drawing
import numpy as np
import pytest
from drawing import Band, Bar, Curve, Key, Rule
from drawn import color, number, same_dash

from llmbook.plots.diagram import box, canvas, wire
from llmbook.plots.style import DASHES, PALETTE, figure_for, new_figure, styled

X, Y = [1.0, 2.0, 4.0], [3.0, 7.0, 5.0]
BLUE, GREEN = PALETTE["blue"], PALETTE["green"]
DRAWN = {  # reader: (what is drawn, the same drawn wrongly in one way or another)
    "curves": (lambda ax, x=X, y=Y, **look: ax.plot(x, y, **{"marker": "o", "linestyle": DASHES[1]} | look), [
        {"y": Y[::-1]}, {"x": X[::-1]}, {"x": Y, "y": X}, {"color": GREEN}, {"marker": "s"}, {"linestyle": DASHES[2]},
        {"markerfacecolor": "none"}]),
    "lines": (lambda ax, names=("a", "b"), y=Y: [ax.plot(X, values, label=name) for name, values in
                                                 zip(names, (y, X), strict=True)], [{"names": "ba"}, {"y": Y[::-1]}]),
    "rules": (lambda ax, at=3, draw="axhline", **look: getattr(ax, draw)(at, **look), [
        {"at": 4}, {"draw": "axvline"}, {"color": GREEN}, {"linestyle": DASHES[1]}]),
    "bars": (lambda ax, heights=Y, draw="bar", **look: getattr(ax, draw)(X, heights, **look), [
        {"heights": Y[::-1]}, {"draw": "barh"}, {"hatch": "//"}, {"color": [GREEN, BLUE, BLUE]}]),
    "spans": (lambda ax, low=1, draw="axhspan": getattr(ax, draw)(low, 3), [{"low": 2}, {"draw": "axvspan"}]),
    "bands": (lambda ax, low=X, high=Y, **look: ax.fill_between(X, low, high, **look), [
        {"low": Y, "high": Y}, {"low": X[::-1]}, {"color": GREEN}]),
    "segments": (lambda ax, low=0, draw="vlines": getattr(ax, draw)(X, low, Y), [{"low": 1}, {"draw": "hlines"}]),
    "dots": (lambda ax, x=X, y=Y, s=(1, 2, 3), **look: ax.scatter(x, y, s=s, **look), [
        {"x": Y, "y": X}, {"y": Y[::-1]}, {"s": (3, 2, 1)}, {"marker": "x"}, {"color": [GREEN, BLUE, BLUE]}]),
    "stairs": (lambda ax, heights=Y, first=0: ax.stairs(heights, [first, *X]), [{"heights": Y[::-1]}, {"first": 0.5}]),
    "words": (lambda ax, text="a", at=(1, 2), offset=(3, 4), **look: ax.annotate(
        text, at, offset, textcoords="offset points", **look), [
        {"text": "b"}, {"at": (2, 1)}, {"offset": (4, 3)}, {"color": GREEN}]),
    "titles": (lambda ax, x="a", y="b": ax.set(xlabel=x, ylabel=y), [{"x": "b", "y": "a"}]),
    "scales": (lambda ax, x="log", y="linear": ax.set(xscale=x, yscale=y), [{"x": "linear"}, {"y": "log"}]),
    "limits": (lambda ax, x=(0, 1), y=(3, 2): ax.set(xlim=x, ylim=y), [{"x": (1, 0)}, {"y": (2, 3)}]),
    "legend": (lambda ax, names="ab": ([ax.plot(X, Y, label=name) for name in names], ax.legend()), [{"names": "ba"}]),
    "pictures": (lambda ax, rows=(X, Y), **look: ax.imshow(rows, **look), [
        {"rows": (Y, X)}, {"rows": (X[::-1], Y[::-1])}, {"origin": "lower"}, {"vmin": 0}, {"cmap": "Blues"},
        {"extent": (0, 1, 0, 2)}]),
    "endless": (lambda ax, end=(1, 2): ax.axline((0, 0), end), [{"end": (2, 1)}]),
    "arrows": (lambda ax, points=((0, 0), (1, 0), (1, 2)), **look: wire(ax, *points, **look), [
        {"points": ((1, 2), (1, 0), (0, 0))}, {"arrow": False}, {"dashed": True}, {"stream": True}]),
    "pointers": (lambda ax, start=(0, 0), end=(1, 2), style="-|>", **look: ax.annotate(
        "", end, start, arrowprops={"arrowstyle": style} | look), [
        {"start": (1, 2), "end": (0, 0)}, {"style": "-"}, {"color": GREEN}, {"linestyle": "--"}, {"linewidth": 3}]),
    "errorbars": (lambda ax, y=Y, ends=(X, Y), **look: ax.errorbar(X, y, **({"yerr": ends, "label": "a"} | look)), [
        {"y": Y[::-1]}, {"ends": (Y, X)}, {"yerr": None, "xerr": (X, Y)}, {"label": "b"}, {"marker": "s"},
        {"color": GREEN}]),
    "boxes": (lambda ax, x=1, width=2, kind="norm": box(ax, x, 3, "", width=width, kind=kind), [
        {"x": 2}, {"width": 1}, {"kind": "attention"}]),
}
WRONG = [(name, changes) for name, (_, wrong) in DRAWN.items() for changes in wrong]


def read(name, **changes):
    """What the reader gives for axes with this one thing on them."""
    _, ax = new_figure()
    DRAWN[name][0](ax, **changes)
    return getattr(drawing, name)(ax)


@pytest.mark.parametrize(("name", "changes"), WRONG, ids=[f"{name}-{'-'.join(changes)}" for name, changes in WRONG])
def test_a_wrong_drawing_is_seen(name, changes):
    assert read(name) == read(name) != read(name, **changes)
    if name == "legend":
        assert list(read(name).values()) == list(read(name, **changes).values()), "only the names are exchanged"


def test_what_is_read_is_what_was_drawn():
    assert read("curves") == [Curve((1, 2, 4), (3, 7, 5), "blue", same_dash(DASHES[1]), "o", "blue")]
    assert read("rules", color=BLUE) == [Rule("y", 3, "blue", "-")]
    assert read("bars")[1] == Bar(1.6, 0, 0.8, 7, "blue", "", "none")
    assert read("bands") == [Band((1, 2, 4), (1, 2, 4), (3, 7, 5), "blue")]
    assert read("legend") == {"a": Key("blue", "-"), "b": Key("vermillion", same_dash(DASHES[1]))}
    assert read("pictures", origin="lower")[0].rows == ((3, 7, 5), (1, 2, 4)), "from the top down"
    assert read("dots")[0][:4] == ((1, 2, 4), (3, 7, 5), "o", (1, 2, 3))
    assert read("arrows")[0][:2] == ((0, 0), (1, 2))


def test_rules_are_no_curves_and_spans_no_bars():
    _, ax = new_figure()
    ax.axhline(1, label="rule")
    ax.axvspan(1, 2)
    assert (drawing.curves(ax), drawing.lines(ax), drawing.bars(ax)) == ([], {}, [])
    assert len(drawing.rules(ax)) == len(drawing.spans(ax)) == 1


def test_names_of_ticks_and_circles():
    _, ax = canvas(None, 3, 2)
    ax.set_xticks([1, 2], ["one", "two"])
    assert drawing.ticks(ax.xaxis) == {1: "one", 2: "two"}
    ax.add_patch(drawing.Circle((1, 2), 0.5, edgecolor=GREEN))
    assert drawing.circles(ax) == [(1, 2, 0.5, "green")]


def test_numbers_have_six_digits_and_colors_their_names():
    assert [number(value) for value in (0.1 + 0.2, 1e-17, 1234567, np.float32(1.5))] == [0.3, 0, 1234570, 1.5]
    assert [color(value) for value in (BLUE, "#0072b2", "w", "none", (0, 0, 0, 0), "#123456")] == [
        "blue", "blue", "white", "none", "none", "#123456"]


def test_a_figure_that_changes_from_call_to_call_is_seen():
    def plot(values):
        values.reverse()
        figure, ax = new_figure()
        ax.plot(values)
        return figure

    assert drawing.curves(drawing.redrawn(plot, [1, 2, 1]).axes[0])[0].y == (1, 2, 1)
    with pytest.raises(AssertionError, match="in two ways"):
        drawing.redrawn(plot, [1, 2, 3])


@styled
def on_given_axes(values, color=BLUE, other=BLUE, takes=True, ax=None):
    """A line on the axes that are given, on those of its own, or in another color."""
    figure, own = figure_for(ax if takes else None)
    own.plot(values, color=color if ax is None else other)
    return figure


def test_a_figure_that_takes_axes_draws_the_same_on_them():
    assert drawing.redrawn(on_given_axes, Y).axes


@pytest.mark.parametrize(("wrong", "said"), [({"takes": False}, "of its own"), ({"other": GREEN}, "something else")])
def test_a_figure_that_ignores_its_axes_or_draws_otherwise_on_them_is_seen(wrong, said):
    with pytest.raises(AssertionError, match=said):
        drawing.redrawn(on_given_axes, Y, **wrong)
