"""Explorers over values that do not compare: None, arrays, True beside 1. All are found by their places."""

from html.parser import HTMLParser

import ipywidgets
import numpy as np
import pytest
import torch
from traitlets import TraitError

from llmbook.plots.style import new_figure, styled
from llmbook.widgets import Choice, Slider, explore, explorer, live, static
from llmbook.widgets.controls import Text, grid

AWKWARD = [None, True, 1, 1.0, float("nan"), [1], np.zeros(2), np.zeros(2), torch.ones(2), {"a": None}, "", "1"]


@styled
def blank(sentence):
    figure, _ = new_figure(size=(1, 1))
    return figure, sentence


def start_tags(html, tag):
    """The attributes of every start tag of one kind."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda name, attributes: found.append(dict(attributes)) if name == tag else None
    parser.feed(html)
    return found


def assert_arrives(kind, first):
    """Every awkward value, chosen by its place, reaches the drawing function as the very object that was given."""
    def draw(*, value):
        received.append(value)
        return blank("chosen")

    received = []
    control = kind("Value", AWKWARD, AWKWARD[first], format=lambda value: f"{type(value).__name__} {value!r}")
    box, view = explore(draw, caption="c", value=control).widget().children
    order = [place for place in range(len(AWKWARD)) if place != first] + [first]
    for place in order:
        box.index = place
    assert [id(value) for value in received] == [id(AWKWARD[place]) for place in [first, *order]]
    assert "<img" in view.value and box.label == control.text(AWKWARD[first])


@pytest.mark.parametrize("kind", [Slider, Choice])
@pytest.mark.parametrize("first", range(len(AWKWARD)))
def test_any_value_can_be_chosen_and_arrives_as_it_was_given(kind, first):
    assert_arrives(kind, first)


@pytest.mark.parametrize("kind", [Slider, Choice])
@pytest.mark.parametrize("first", range(len(AWKWARD)))
def test_twin_a_widget_that_holds_the_values_is_caught(kind, first, monkeypatch):
    def holding(control):
        widget = ipywidgets.Dropdown if isinstance(control, Choice) else ipywidgets.SelectionSlider
        return widget(options=[(control.text(value), value) for value in control.values], value=control.default)

    monkeypatch.setattr(live, "_input", holding)
    with pytest.raises((TraitError, TypeError, ValueError, RuntimeError, AssertionError)):
        assert_arrives(kind, first)


def assert_starts_at_its_place(kind, first):
    """The built page starts at the default's own place: its control, its picture and its sentence."""
    def draw(*, sign, value):
        return blank(f"{sign}, {place[id(value)]}")

    place = {id(value): index for index, value in enumerate(AWKWARD)}
    control = kind("Value", AWKWARD, AWKWARD[first], format=lambda value: f"text {place[id(value)]}")
    page = explore(draw, caption="c", sign=Choice("Sign", [1, -1], -1), value=control).html()
    chosen = [option["value"] for option in start_tags(page, "option") if "selected" in option]
    sliders = [(each["value"], each["aria-valuetext"]) for each in start_tags(page, "input")]
    assert chosen == (["1", f"{first}"] if kind is Choice else ["1"])
    assert sliders == ([] if kind is Choice else [(f"{first}", f"text {first}")])
    assert start_tags(page, "img")[0]["alt"] == f"-1, {first}"


@pytest.mark.parametrize("kind", [Slider, Choice])
@pytest.mark.parametrize("first", range(len(AWKWARD)))
def test_a_built_page_starts_at_the_place_of_its_default(kind, first):
    assert_starts_at_its_place(kind, first)


def option_by_value(index, control):
    chosen = " selected" if control.drawn[index] == control.default else ""
    return f'<option value="{index}"{chosen}></option>'


def range_by_value(place, control):
    start = list(control.drawn).index(control.default)
    return f'<input id="{place}" value="{start}" aria-valuetext="{control.text(control.drawn[start])}">'


def frame_by_value(controls):
    return grid(controls).index({key: control.default for key, control in controls.items()})


@pytest.mark.parametrize("first", [2, 3, 6, 7, 8])
@pytest.mark.parametrize(("kind", "module", "name", "fault"), [
    (Choice, static, "_option", option_by_value), (Slider, static, "_range", range_by_value),
    (Slider, explorer, "start_frame", frame_by_value)])
def test_twin_a_default_found_by_equality_is_caught(kind, module, name, fault, first, monkeypatch):
    monkeypatch.setattr(module, name, fault)
    with pytest.raises((AssertionError, ValueError, RuntimeError)):
        assert_starts_at_its_place(kind, first)


def test_an_equal_value_of_another_type_or_another_array_is_no_default():
    assert Slider("x", [True, 1, 1.0], 1).start == 1 and Slider("x", [1.0, 2.0], 1).start == 0
    with pytest.raises(ValueError, match="is not among"):
        Slider("x", [np.zeros(2)], np.zeros(2))


def test_a_text_control_has_one_frame():
    assert grid({"text": Text("Summary", "We decided.")}) == [{"text": "We decided."}]
    assert Text("Summary", "{braces}").text("{braces}") == "{braces}"
