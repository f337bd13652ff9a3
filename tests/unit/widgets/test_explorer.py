"""The explorer without Jupyter: its grid, its HTML, its frames, and the live widgets."""

import json
import re
from html.parser import HTMLParser

import pytest

from llmbook.plots.style import new_figure, styled, to_svg
from llmbook.widgets import Choice, Slider, explore
from llmbook.widgets.controls import grid
from llmbook.widgets.static import Frame, explorer_html, pack, picture_address, script_json, unpack


@styled
def draw_power(*, exponent, sign):
    figure, ax = new_figure(size=(3, 2))
    ax.plot([0, 1, 2], [sign * x**exponent for x in (0, 1, 2)])
    return figure, f"x<2 & \"sign\" {sign}: at 2 the curve of exponent {exponent} is {sign * 2**exponent}."


def power_explorer(**changes):
    exponent = Slider("Exponent", [1, 2, 3, 4], 2, "n = {}")
    controls = {"exponent": exponent, "sign": Choice("Sign <±>", [1, -1], 1)} | changes
    return explore(draw_power, caption="Powers & signs", **controls)


class Collector(HTMLParser):
    """Every start tag with its attributes, and the text of the script."""

    def __init__(self, html):
        super().__init__()
        self.html, self.tags, self.script, self.inside = html, [], "", False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.script += data if self.inside else ""

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page():
    return Collector(power_explorer().html())


def test_grid_varies_the_last_control_fastest():
    combinations = grid(power_explorer().controls)
    assert [tuple(each.values()) for each in combinations] == [
        (1, 1), (1, -1), (2, 1), (2, -1), (3, 1), (3, -1), (4, 1), (4, -1)]


def test_grid_draws_only_the_frames_of_a_slider():
    few = power_explorer(exponent=Slider("Exponent", range(10), 4, frames=[2, 4, 8]))
    assert len(few.frames()) == 6
    assert len(few.controls["exponent"].values) == 10


def test_a_grid_too_large_for_a_page_says_what_to_do():
    with pytest.raises(ValueError, match=r"101 x 2 = 202 frames .* fewer frames="):
        power_explorer(exponent=Slider("Exponent", range(101), 4))
    assert len(grid({"exponent": Slider("Exponent", range(200), 4)})) == 200


@pytest.mark.parametrize(("changes", "message"), [
    ({"default": 7}, "default 7 is not among"),
    ({"frames": [1, 9]}, r"frames \[9\] are not among"),
    ({"frames": [1, 3]}, "add the default 2 to frames"),
])
def test_a_control_that_cannot_work_is_refused(changes, message):
    arguments = {"label": "Exponent", "values": [1, 2, 3], "default": 2} | changes
    with pytest.raises(ValueError, match=message):
        Slider(**arguments)


def test_an_explorer_needs_a_control():
    with pytest.raises(ValueError, match="needs a control"):
        explore(draw_power, caption="none")


def test_every_control_has_a_label_of_its_own(page):
    named = {attributes["for"] for attributes in page.of("label")}
    inputs = {attributes["id"] for attributes in page.of("input") + page.of("select")}
    assert named == inputs and len(inputs) == 2
    assert len({attributes["id"] for _, attributes in page.tags if "id" in attributes}) == 4


def test_the_page_starts_at_the_default(page):
    (slider,) = page.of("input")
    assert (slider["value"], slider["max"], slider["aria-valuetext"]) == ("1", "3", "n = 2")
    assert json.loads(slider["data-texts"]) == ["n = 1", "n = 2", "n = 3", "n = 4"]
    (image,) = page.of("img")
    assert image["alt"] == 'x<2 & "sign" 1: at 2 the curve of exponent 2 is 4.'
    assert image["src"].startswith("data:image/svg+xml,%3Csvg")


def test_controls_stay_hidden_until_the_script_runs(page):
    (group,) = [each for each in page.of("div") if each.get("class") == "explorer-controls"]
    assert "hidden" in group


def test_text_of_the_author_is_escaped():
    html = power_explorer().html()
    assert "Powers &amp; signs</figcaption>" in html and "Sign &lt;±&gt;</label>" in html
    assert 'x&lt;2 &amp; &quot;sign&quot; 1' in html and '"sign"' not in html


def test_nothing_can_end_the_script_early():
    hostile = "</script><!-- & \u2028"
    text = script_json({"sentences": [hostile]})
    assert not re.search(r"[<>&\u2028]", text)
    assert json.loads(text) == {"sentences": [hostile]}


def test_the_script_holds_every_frame(page):
    content, drawn = json.loads(page.script), power_explorer().frames()
    assert content["sentences"] == [frame.sentence for frame in drawn]
    for index, frame in enumerate(drawn):
        assert unpack(content, index) == frame.svg.rstrip("\n")


def shown_at(page, place, other):
    """What a page tells and shows when its slider and its choice stand at these places: texts, sentence, picture."""
    (slider,) = page.of("input")
    options = re.findall(r"<option[^>]*>([^<]*)</option>", page.html)
    content = json.loads(page.script)
    frame = place * len(options) + other
    return json.loads(slider["data-texts"])[place], options[other], content["sentences"][frame], unpack(content, frame)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
@pytest.mark.parametrize("other", [0, 1])
def test_the_frame_at_the_places_of_the_controls_is_the_drawing_of_their_values(place, other):
    """As the script on the page finds it: the last control changes fastest."""
    values, signs = [8, 2, 5, 3], [1, -1]
    page = Collector(power_explorer(exponent=Slider("Exponent", range(10), 2, "n = {}", frames=values)).html())
    figure, sentence = draw_power(exponent=values[place], sign=signs[other])
    expected = (f"n = {values[place]}", str(signs[other]), sentence, to_svg(figure).rstrip("\n"))
    assert shown_at(page, place, other) == expected
    assert shown_at(page, place, 1 - other)[2:] != expected[2:] != shown_at(page, (place + 1) % 4, other)[2:]


def test_packing_restores_what_it_was_given():
    pictures = ["a\nb\na\nc", "a\nb\na\nd", "d\nc", "a\nb\na\nc"]
    packed = pack(pictures)
    assert [unpack(packed, index) for index in range(4)] == pictures
    assert packed["lines"] == ["a", "b", "c", "d"]
    assert packed["runs"][0] == packed["runs"][3]


def test_alike_frames_share_their_lines():
    frames = power_explorer().frames()
    html = explorer_html("p", "c", power_explorer().controls, frames, default=0)
    assert len(html) < 0.7 * sum(len(frame.svg) for frame in frames)
    assert all(isinstance(frame, Frame) for frame in frames)


def test_a_book_build_gets_html_and_a_plain_text(monkeypatch):
    monkeypatch.setenv("LLMBOOK_STATIC", "1")
    bundle = power_explorer()._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/html"] == power_explorer()._repr_mimebundle_()["text/html"]
    assert bundle["text/plain"].startswith("Explorer 'power' (Exponent: n = 2, Sign <±>: 1)")


def test_live_widgets_redraw_on_any_value(monkeypatch):
    monkeypatch.delenv("LLMBOOK_STATIC", raising=False)
    exponent, sign, view = power_explorer(exponent=Slider("Exponent", range(9), 2, frames=[2])).widget().children
    before = view.value
    assert "exponent 2 is 4." in before
    exponent.index = 7
    assert "exponent 7 is 128." in view.value and exponent.label == "7"
    figure, _ = draw_power(exponent=7, sign=1)
    assert picture_address(to_svg(figure)) in view.value, "the picture is that of the value, too"
    sign.index = 1
    assert "exponent 7 is -128." in view.value
    exponent.index, sign.index = 2, 0
    assert view.value == before


def test_an_error_in_a_live_draw_is_shown_and_can_be_left():
    def draw(*, x):
        return draw_power(exponent=1 / x, sign=1)

    slider, view = explore(draw, caption="c", x=Slider("x", [0, 1], 1)).widget().children
    slider.index = 0
    assert "Nothing to draw for x = 0" in view.value and "ZeroDivisionError" in view.value
    slider.index = 1
    assert "<img" in view.value


def test_a_live_notebook_gets_the_widget(monkeypatch):
    monkeypatch.delenv("LLMBOOK_STATIC", raising=False)
    assert "application/vnd.jupyter.widget-view+json" in power_explorer()._repr_mimebundle_()
