"""The style of figures: repeatable bytes, no leaked settings, and colors that stay apart for every reader."""

import itertools

import matplotlib
import matplotlib.style
import numpy as np
import pytest
from drawing import words
from matplotlib.colors import to_rgb

from llmbook.plots import style
from llmbook.plots.style import (
    CYCLE,
    PALETTE,
    STYLE,
    contrast,
    figure_for,
    label_line,
    new_figure,
    styled,
    text_color,
    to_svg,
)

# What a reader may have in a matplotlibrc, beside the classic style: none of it is set by the book's own style.
HOSTILE = {
    "axes.formatter.limits": [-1, 1], "axes.formatter.use_mathtext": True, "axes.titley": 0.5, "axes.xmargin": 0.3,
    "axes.spines.left": False, "figure.constrained_layout.h_pad": 0.4, "figure.dpi": 37, "font.weight": "bold",
    "hatch.linewidth": 4, "legend.loc": "lower left", "lines.solid_capstyle": "round", "path.sketch": (3, 100, 20),
    "scatter.marker": "x", "text.parse_math": False, "xtick.direction": "in", "xtick.minor.visible": True,
}

LIGHT_PAPER, DARK_PAPER = "#fdfcfa", "#1b1f26"

# Linear-light matrices of complete dichromacy: Machado, Oliveira and Fernandes (2009), "A Physiologically-based
# Model for Simulation of Color Vision Deficiency", severity 1.0.
VISION = {
    "common": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def curve():
    figure, ax = new_figure()
    (line,) = ax.plot([0, 1, 2], [0, 1, 4], label="square")
    label_line(line, "square")
    ax.set_title("A title")
    return figure


def dark_page(color):
    """What llmbook.css makes of a color on a dark page: invert(1) hue-rotate(180deg) brightness(1.2)."""
    turn = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])
    return np.clip(1.2 * np.clip(turn @ (1 - np.array(to_rgb(color))), 0, 1), 0, 1)


def lightness_and_hue(color, vision):
    """CIELAB of a color as this vision sees it."""
    color = np.asarray(color)
    light = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = to_xyz @ np.clip(np.array(VISION[vision]) @ light, 0, 1) / [0.9505, 1.0, 1.089]
    x, y, z = (np.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def closest(colors, vision):
    seen = [lightness_and_hue(color, vision) for color in colors]
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))


@pytest.mark.parametrize("vision", VISION)
def test_line_colors_stay_apart_for_every_reader(vision):
    light = [to_rgb(PALETTE[name]) for name in CYCLE]
    assert closest(light, vision) > 15
    assert closest([dark_page(color) for color in light], vision) > 10


def test_the_distance_would_notice_red_beside_green():
    assert closest([to_rgb("#d62728"), to_rgb("#8c7a1a")], "deuteranopia") < 10


@pytest.mark.parametrize("name", PALETTE)
def test_colors_show_on_light_and_on_dark_paper(name):
    assert contrast(PALETTE[name], LIGHT_PAPER) >= 3
    assert contrast(dark_page(PALETTE[name]), DARK_PAPER) > 3


@pytest.mark.parametrize("color", ["#E69F00", "#56B4E9"])
def test_the_contrast_would_notice_the_colors_of_the_original_palette(color):
    assert contrast(color, LIGHT_PAPER) < 2.5


@pytest.mark.parametrize("name", PALETTE)
def test_labels_can_be_read(name):
    assert contrast(text_color(name), LIGHT_PAPER) >= 4.5
    assert contrast(dark_page(text_color(name)), DARK_PAPER) >= 4.5


def test_contrast_of_black_on_white_is_the_definition():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_drawing_again_gives_the_same_bytes():
    assert to_svg(curve()) == to_svg(curve())
    other = curve()
    other.axes[0].set_title("Another title")
    assert to_svg(other) != to_svg(curve())


def drawings():
    """The bytes of one figure with many kinds of marks."""
    figure, ax = new_figure(1, 2)
    ax[0].plot([0, 1000], [0, 0.25], "-o", label="$x^2$ or more")
    ax[0].bar([0, 500], [0.1, 0.2], hatch="//", label="bars")
    ax[0].scatter([0, 250], [0.1, 0.2])
    ax[0].legend()
    figure.colorbar(ax[1].imshow(np.arange(6).reshape(2, 3)))
    ax[0].set_title("A title")
    ax[1].annotate("here", (1, 1), arrowprops={"arrowstyle": "->"})
    return to_svg(figure)


@pytest.mark.parametrize("settings", [HOSTILE, matplotlib.style.library["classic"]])
def test_a_matplotlibrc_changes_no_figure(settings):
    plain = drawings()
    with matplotlib.rc_context(settings):
        before = dict(matplotlib.rcParams)
        assert drawings() == plain
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("key", HOSTILE)
def test_every_hostile_setting_would_change_a_figure(monkeypatch, key):
    """The twin: where the style alone is set, each of these settings shows."""
    plain = drawings()
    monkeypatch.setattr(style, "book_settings", lambda: STYLE)
    with matplotlib.rc_context({key: HOSTILE[key]}):
        assert drawings() != plain


def test_the_background_is_left_out_on_request():
    """A figure of this style has a white background; without it the same marks are drawn."""
    figure = curve()
    bare, white = to_svg(figure, transparent=True), to_svg(curve(), transparent=False)
    assert white == to_svg(curve()) and "fill: #ffffff" in white and "fill: #ffffff" not in bare
    assert {matplotlib.colors.to_hex(each.patch.get_facecolor()) for each in (figure, *figure.axes)} == {"#ffffff"}


def test_nothing_of_the_day_or_the_machine_is_in_the_picture():
    svg = to_svg(curve())
    assert svg.startswith("<svg") and "<dc:date>" not in svg and "font-family" not in svg


def test_the_background_leaves_only_while_the_book_is_built(monkeypatch):
    monkeypatch.delenv("LLMBOOK_STATIC", raising=False)
    assert "fill: #ffffff" in curve()._repr_mimebundle_()["image/svg+xml"]
    monkeypatch.setenv("LLMBOOK_STATIC", "1")
    shown, about = curve()._repr_mimebundle_()
    assert "fill: #ffffff" not in shown["image/svg+xml"]
    assert "narrow" in about["image/svg+xml"]["forms"]


def test_a_figure_leaves_no_trace_in_matplotlib():
    before = dict(matplotlib.rcParams)
    curve()
    assert dict(matplotlib.rcParams) == before


def test_styled_uses_the_style_and_gives_it_back():
    size = matplotlib.rcParams["axes.titlesize"]
    inside = styled(lambda: matplotlib.rcParams["axes.titlesize"])()
    assert inside == STYLE["axes.titlesize"] != size == matplotlib.rcParams["axes.titlesize"]


def test_lines_differ_without_color():
    _, ax = new_figure()
    dashes = [str(ax.plot([0, 1])[0]._unscaled_dash_pattern) for _ in CYCLE]
    assert len(set(dashes)) == len(CYCLE)


def test_a_title_set_in_a_cell_is_in_the_style():
    assert curve().axes[0].get_title(loc="left") == "A title"


def test_figure_for_draws_where_it_is_told():
    figure, ax = new_figure(1, 2)
    assert figure_for(ax[1]) == (figure, ax[1])
    assert figure_for(None)[0] is not figure


def test_a_name_stands_at_the_right_end_of_its_line():
    _, ax = new_figure()
    (line,) = ax.plot([1, 5, 3], [7, 8, 9], color=PALETTE["sky"])
    label_line(line, "a")
    label_line(line, "b", offset=(2, 4))
    (first, second) = words(ax)
    assert (first.text, first.x, first.y, first.offset) == ("a", 3, 9, (6, 0)) and second.offset == (2, 4)
    assert first.color == text_color("sky").lower() != PALETTE["sky"].lower(), "dark enough to be read"


def test_a_new_figure_has_the_rows_columns_and_size_asked_for():
    figure, axes = new_figure(2, 3, sharey="row")
    assert axes.shape == (2, 3) and figure.get_size_inches().tolist() == [6.0, 7.2]
    axes[0, 0].set_ylim(3, 4)
    assert axes[0, 2].get_ylim() == (3, 4) != axes[1, 0].get_ylim()
    assert new_figure(size=(2, 1))[0].get_size_inches().tolist() == [2, 1]
