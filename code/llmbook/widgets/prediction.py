"""Ask before showing: the reader predicts, the figure opens, and a sentence says what that prediction would have meant.

On the page the question stands open where there is no script, and in print. In a live kernel it is made of buttons.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

import ipywidgets

MOST_ANSWERS = 4


@dataclass(frozen=True)
class Prediction:
    """A question whose answer the figure shows.

    Raises:
        ValueError: There are too few or too many answers, or one says nothing.
    """

    question: str
    """What the reader is to predict, one sentence."""
    answers: Mapping[str, str]
    """Each prediction that somebody may make, and what it would have meant; two to four."""

    def __post_init__(self) -> None:
        if not 2 <= len(self.answers) <= MOST_ANSWERS:
            raise ValueError(f"a prediction is a choice of 2 to {MOST_ANSWERS} answers, not of {len(self.answers)}")
        if not all(text.strip() for text in (self.question, *self.answers, *self.answers.values())):
            raise ValueError("the question, each answer and what it would have meant must say something")


def prediction_html(place: str, prediction: Prediction) -> str:
    """The question for a page; ``explorer.js`` makes it come before the figure.

    Args:
        place: The id of the explorer's figure.
        prediction: What is asked.
    """
    items = "\n".join(
        f'<li><button type="button" class="explorer-answer" disabled>{escape(answer)}</button> '
        f'<span class="explorer-meaning">{escape(meaning)}</span></li>'
        for answer, meaning in prediction.answers.items()
    )
    return f"""<div class="explorer-ask" role="group" aria-labelledby="{place}-question">
<p class="explorer-question" id="{place}-question"><strong>Predict first.</strong> {escape(prediction.question)}</p>
<ul class="explorer-answers">
{items}
</ul>
<button type="button" class="explorer-skip" hidden>Just show me</button>
<p class="explorer-told" aria-live="polite"></p>
</div>
"""


def ask_first(prediction: Prediction, shown: ipywidgets.Box) -> ipywidgets.VBox:
    """The question above what is shown after an answer.

    Args:
        prediction: What is asked.
        shown: The explorer; it stays hidden until a button is pressed.
    """
    told = ipywidgets.HTML()
    shown.layout.display = "none"

    def answer(meaning: str) -> None:
        told.value = f'<p style="line-height: 1.4">{escape(meaning)}</p>'
        shown.layout.display = ""

    buttons = [_button(text, meaning, answer) for text, meaning in prediction.answers.items()]
    skip = _button("Just show me", "", answer)
    question = ipywidgets.HTML(f"<p><strong>Predict first.</strong> {escape(prediction.question)}</p>")
    return ipywidgets.VBox([question, *buttons, skip, told, shown])


def _button(text: str, meaning: str, answer: Callable[[str], None]) -> ipywidgets.Button:
    button = ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto"))
    button.on_click(lambda _: answer(meaning))
    return button
