"""The drawings of a figure: letters of ten pixels on a narrow screen, a heat map with its colors on dark paper."""

import pickle
from functools import partial

import numpy as np
import pytest
from drawing import curves, legend, titles, words
from matplotlib.text import Text

from llmbook.plots.architecture import draw_decoder_block
from llmbook.plots.dark import dark, turned
from llmbook.plots.diagram import canvas, draw_side_by_side, note
from llmbook.plots.forms import forms, one_form
from llmbook.plots.phone import SMALLEST, arrange, for_phone, smallest
from llmbook.plots.phone_drawings import WIDTH
from llmbook.plots.style import BookAxes, BookFigure, new_figure, to_svg


def panels(rows=1, columns=2, **options):
    """Panels beside each other that share their vertical axis, with a legend below."""
    figure, axes = new_figure(rows, columns, size=(6.4, 3.0 * rows), squeeze=False, sharey=True, **options)
    for place, ax in enumerate(axes.flat):
        ax.plot([0, 1], [0, place + 1], marker="o", label="a name")
        ax.plot([0, 1], [1, 1], label="the longer one of the two names of lines")
        ax.set(title=f"panel {place}", xlabel="step")
    axes[0, 0].set_ylabel("loss")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def heat_map(**options):
    """A heat map with a mark on it and its scale beside it."""
    figure, ax = new_figure()
    image = ax.imshow(np.arange(6).reshape(2, 3), **options)
    ax.plot([0, 1], [0, 1], "x", markeredgecolor="#1b2330")
    figure.colorbar(image, ax=ax, label="score")
    return figure


def boxes(figure):
    figure.draw_without_rendering()
    return [ax.get_window_extent() for ax in figure.axes]


def drawn_letters(figure):
    """CSS pixels of every text that is drawn, numbers of the axes included, on a screen that gives a point a pixel."""
    figure.draw_without_rendering()
    seen = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text.get_fontsize() * min(4 / 3, WIDTH / figure.get_figwidth()) for text in seen]


def test_panels_go_below_each_other_and_each_names_its_axes():
    figure = panels()
    narrow = for_phone(figure)
    first, second = boxes(narrow)
    assert second.y1 < first.y0 and abs(first.x0 - second.x0) < 2
    assert [titles(ax) for ax in narrow.axes] == [("panel 0", "step", "loss"), ("panel 1", "step", "loss")]
    assert all(ax.yaxis.get_tick_params()["labelleft"] for ax in narrow.axes)
    assert [curves(ax) for ax in narrow.axes] == [curves(ax) for ax in figure.axes]


def test_letters_have_ten_pixels_and_would_not_have_them_otherwise():
    figure = panels()
    figure.axes[0].tick_params(labelsize=7)
    assert min(drawn_letters(figure)) < 6 and smallest(figure) < 6
    narrow = for_phone(figure)
    assert min(drawn_letters(narrow)) >= SMALLEST and smallest(narrow) >= SMALLEST
    assert for_phone(narrow) is None, "what fits is left as it is"


def test_the_figure_itself_stays_as_it_is():
    figure, other = panels(), panels()
    forms(figure)
    to_svg(other)  # a layout moves a little when it is made again
    assert to_svg(figure) == to_svg(other)


def test_an_axis_whose_scale_is_a_lambda_is_copied_as_well():
    """Twin: pickle, by which a figure could be copied too, refuses it."""
    figure, ax = new_figure(size=(6.4, 3))
    ax.plot([1, 2], [3, 5])
    ax.secondary_xaxis("top", functions=(lambda step: 4 * step, lambda tokens: tokens / 4)).set_xlabel("tokens")
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(figure)
    narrow = for_phone(figure)
    assert (figure.get_figwidth(), narrow.get_figwidth()) == pytest.approx((6.4, WIDTH))
    assert curves(narrow.axes[0]) == curves(figure.axes[0]) and narrow.axes[0] is not figure.axes[0]


def test_the_same_numbers_give_the_same_drawings():
    assert forms(panels()) == forms(panels())


def test_legends_and_titles_break_where_they_would_be_cut_off():
    figure = panels()
    figure.axes[0].set_title("a title that is longer than a narrow screen is wide, much longer")
    narrow = for_phone(figure)
    narrow.draw_without_rendering()
    box = narrow.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= narrow.bbox.x1 and legend(narrow) == legend(figure)
    assert narrow.axes[0].get_title("left").count("\n") == 1
    assert narrow.axes[0]._left_title.get_window_extent().x1 <= narrow.bbox.x1


def test_the_twin_a_legend_of_two_columns_would_be_cut_off(monkeypatch):
    monkeypatch.setattr("llmbook.plots.phone._narrow_legends", lambda figure: None)
    narrow = for_phone(panels())
    narrow.draw_without_rendering()
    assert narrow.legends[0].get_window_extent().width > narrow.bbox.width * 0.97


def beside():
    """A square panel with a legend to its right."""
    figure, ax = new_figure(size=(6.0, 3.4))
    ax.plot([0, 1], [0, 1], label="a name that is long\nlength 13.00")
    ax.plot([0, 1], [1, 0], label="another one of these\nlength 6.50")
    ax.set(aspect="equal", xlim=(0, 9), ylim=(0, 13))
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=10.5)
    ax.tick_params(labelsize=7)
    return figure


def test_a_legend_that_would_be_cut_off_beside_its_panel_goes_below(monkeypatch):
    narrow = for_phone(beside())
    narrow.draw_without_rendering()
    box, panel = narrow.legends[0].get_window_extent(), narrow.axes[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= narrow.bbox.x1 and box.y0 >= 0 and box.y1 < panel.y0
    assert legend(narrow) == legend(beside().axes[0]) and narrow.axes[0].get_legend() is None
    monkeypatch.setattr("llmbook.plots.phone._legend_below", lambda figure: None)
    cut = for_phone(beside())
    cut.draw_without_rendering()
    assert cut.axes[0].get_legend().get_window_extent().x1 > cut.bbox.x1, "the twin"


def test_a_table_of_panels_keeps_its_columns():
    figure, axes = new_figure(2, 3, size=(7, 4), sharex=True, sharey=True)
    for ax, name in zip(axes[0], "abc", strict=True):
        ax.set_title(name)
    first, second, _, fourth, *_ = boxes(for_phone(figure))
    assert second.x0 > first.x1 and abs(fourth.x0 - first.x0) < 2


def test_drawings_beside_each_other_go_below_each_other_at_their_size():
    figure = draw_side_by_side([partial(draw_decoder_block, norm_place=place) for place in ("pre", "post", "both")],
                               titles=("one", "two", "three"))
    before, narrow = boxes(figure), for_phone(figure)
    after = boxes(narrow)
    assert narrow.get_figwidth() <= WIDTH and after[2].y1 <= after[0].y0
    assert [(round(each.width), round(each.height)) for each in after] == [
        (round(each.width), round(each.height)) for each in before]
    for ax, text in zip(narrow.axes, narrow.texts, strict=True):
        x, y = text.get_position()
        assert ax.get_position().x0 < x < ax.get_position().x1 and y > ax.get_position().y1


def test_panels_in_inches_keep_their_margins():
    figure = BookFigure(figsize=(6, 3))
    for left, right in ((0.1, 0.5), (0.7, 0.95)):
        figure.add_axes((left, 0.2, right - left, 0.7), axes_class=BookAxes)
    arrange(figure)
    first, second = (ax.get_position() for ax in figure.axes)
    margins = np.array([first.x0, second.x0 - first.x1, 1 - second.x1]) * WIDTH
    assert figure.get_figwidth() == WIDTH and margins == pytest.approx([0.6, 1.2, 0.3])


def test_a_drawing_in_one_piece_scrolls():
    figure, ax = canvas(None, 6, 2)
    note(ax, 1, 1, "words", fontsize=10)
    assert (forms(figure).least, forms(figure).others) == (432, {}), "six inches, one pixel a point"
    assert one_form(pickle.loads(pickle.dumps(figure))).least == 432


def test_a_heat_map_keeps_its_colors_on_dark_paper(monkeypatch):
    monkeypatch.setenv("LLMBOOK_STATIC", "1")
    drawn = forms(heat_map())
    assert set(drawn.others) == {"narrow", "dark", "narrow-dark"}
    light, other = drawn.wide, drawn.others["dark"]
    images = [[line for line in svg.splitlines() if "<image" in line] for svg in (light, other)]
    assert images[0] and images[0] == images[1]
    mark = light[light.index('id="on-a-map'):].split("on-a-map-0-1", 1)[1].split("</g>")[0]
    assert "#1b2330" in mark and mark in other, "a mark on the map stays"
    outside = other[other.index('id="matplotlib.axis_1"'):].split('id="on-a-map', 1)[0]
    assert "#1b2330" not in outside and turned("#1b2330") in outside
    frame = other.rpartition('id="on-a-map-1-0"')[2]
    assert "#1b2330" not in frame and turned("#1b2330") in frame, "nor the frame of the scale beside the map"
    assert len(light.splitlines()) == len(other.splitlines())


def test_a_map_that_begins_at_paper_and_a_figure_without_map_are_left_to_the_page():
    assert set(forms(heat_map(cmap="Blues")).others) == {"narrow"} == set(forms(panels()).others)


def test_turning_a_color_twice_shows_that_it_was_turned():
    assert dark('<g style="fill: #1b2330">') == f'<g style="fill: {turned("#1b2330")}">'
    assert turned("#ffffff") == "#000000" and turned("#000000") == "#ffffff"


def test_words_stay():
    assert words(for_phone(panels()).axes[0]) == words(panels().axes[0])
