"""What every slider of the book offers: values from the smallest to the largest, none twice, and frames among them."""

import importlib
import inspect
from itertools import pairwise

import pytest
from package_imports import FILES

from llmbook.widgets import Slider
from llmbook.widgets.explorer import Explorer

MODULES = [f"llmbook.{name.removesuffix('.py').replace('/', '.')}" for name in FILES
           if name.startswith("chapters/") and name.endswith("/explorer.py")]  # fmt: skip


def explorers(module):
    """The explorers of a page that need nothing from it."""
    made = [each for each in vars(importlib.import_module(module)).values()
            if inspect.isfunction(each) and each.__module__ == module and each.__annotations__.get("return") is Explorer
            and all(given.default is not given.empty for given in inspect.signature(each).parameters.values())]
    return [make() for make in made]


def wrong_sliders(explorer):
    """Sliders that do not ascend."""
    sliders = {name: control for name, control in explorer.controls.items() if isinstance(control, Slider)}
    return [name for name, slider in sliders.items() for values in (slider.values, slider.drawn)
            if not all(one < other for one, other in pairwise(values))]  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_a_slider_ascends(module):
    assert [wrong_sliders(explorer) for explorer in explorers(module) if wrong_sliders(explorer)] == []


def test_the_explorers_are_found():
    found = sum(len(explorers(module)) for module in MODULES)
    assert found >= 18 and MODULES


@pytest.mark.parametrize("values", [[-1.0, 0.5, -0.25, 0.5], [0, 1, 1], [2, 1]])
def test_a_slider_that_does_not_ascend_is_seen(values):
    explorer = Explorer(None, "", "x", {"place": Slider("Place", values, values[0])})
    assert set(wrong_sliders(explorer)) == {"place"}
