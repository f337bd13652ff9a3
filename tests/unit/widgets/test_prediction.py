"""A figure that asks first: its words, its order, and its buttons in a live kernel."""

import re

import ipywidgets
import pytest

from llmbook.plots.style import new_figure
from llmbook.widgets import Prediction, Slider, explore

ANSWERS = {"It <rises>": "Then more would be better.", "It falls": "Then less would be."}
ASKED = Prediction("What does the curve do?", ANSWERS)


def draw_line(*, slope):
    figure, ax = new_figure(size=(2, 2))
    ax.plot([0, slope])
    return figure, f"It rises by {slope}."


def line(predict=ASKED):
    """An explorer, which may ask first."""
    return explore(draw_line, caption="A line.", predict=predict, slope=Slider("Slope", [1, 2, 3, 4], 2))


def test_the_question_stands_before_the_figure_with_what_each_answer_would_have_meant():
    html = line().html()
    assert html.index("What does the curve do?") < html.index('class="explorer-controls"')
    found = re.findall(r'explorer-answer" disabled>([^<]*)</button> <span class="explorer-meaning">([^<]*)<', html)
    assert found == [("It &lt;rises&gt;", ANSWERS["It <rises>"]), ("It falls", ANSWERS["It falls"])]


def test_without_a_question_nothing_stands_before_it():
    assert "explorer-ask" not in line(None).html() and isinstance(line(None).widget().children[-1], ipywidgets.HTML)


def test_live_a_button_opens_the_figure_and_says_what_its_answer_would_have_meant():
    question, rises, falls, skip, told, shown = line().widget().children
    assert "What does the curve do?" in question.value and shown.layout.display == "none" and not told.value
    falls.click()
    assert shown.layout.display == "" and ANSWERS["It falls"] in told.value
    rises.click()
    assert ANSWERS["It <rises>"] in told.value, "the other answers can be read, too"
    assert (rises.description, skip.description) == ("It <rises>", "Just show me")


def test_live_the_question_can_be_skipped():
    *_, skip, told, shown = line().widget().children
    skip.click()
    assert shown.layout.display == "" and "line-height" in told.value and "Then" not in told.value


@pytest.mark.parametrize(("question", "answers", "said"), [
    ("Q", {"one": "x"}, "2 to 4"), ("Q", {str(n): "x" for n in range(5)}, "2 to 4"),
    (" ", ANSWERS, "say something"), ("Q", {"a": "", "b": "x"}, "say something"), ("Q", {"": "y", "b": "x"}, "say"),
])  # fmt: skip
def test_a_question_that_says_nothing_is_refused(question, answers, said):
    with pytest.raises(ValueError, match=said):
        Prediction(question, answers)
