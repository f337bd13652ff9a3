"""The explorer: one pure function from settings to a figure, which the reader moves through.

``explore(draw, caption=..., size=Slider(...), kind=Choice(...))`` is live in Jupyter, where any value is drawn when
it is asked for. While the book is built (``LLMBOOK_STATIC=1``) it draws a modest grid beforehand and becomes a piece
of HTML that needs no kernel, works by keyboard, and says in words what it shows.
"""

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from llmbook.plots.forms import one_form
from llmbook.plots.style import is_static, to_svg
from llmbook.widgets.controls import Choice, Control, Slider, Text, grid, start_frame
from llmbook.widgets.live import live_widget
from llmbook.widgets.prediction import Prediction, ask_first, prediction_html
from llmbook.widgets.static import Frame, explorer_html, identifier

__all__ = ["Choice", "Explorer", "Prediction", "Slider", "Text", "explore"]

Draw = Callable[..., tuple[Figure, str]]


class Explorer:
    """What :func:`explore` returns; a notebook shows it as the last value of a cell."""

    def __init__(
        self, draw: Draw, caption: str, name: str, controls: dict[str, Control], predict: Prediction | None = None
    ) -> None:
        self.draw, self.caption, self.name, self.controls, self.predict = draw, caption, name, controls, predict

    def frame(self, **values: Any) -> Frame:
        """Draw one combination; for a page arranged so that a narrow screen can show it."""
        figure, sentence = self.draw(**values)
        if not is_static():
            return Frame(to_svg(figure), sentence)
        drawn = one_form(figure)
        return Frame(drawn.wide, sentence, drawn.others.get("dark"), drawn.least)

    def frames(self) -> list[Frame]:
        """Draw the whole grid of the page."""
        return [self.frame(**values) for values in grid(self.controls)]

    @property
    def defaults(self) -> dict[str, Any]:
        """The values shown first."""
        return {key: control.default for key, control in self.controls.items()}

    def html(self) -> str:
        """The explorer as a piece of a page, with every frame in it."""
        ask = prediction_html(identifier(self.name), self.predict) if self.predict else ""
        start = start_frame(self.controls)
        return explorer_html(self.name, self.caption, self.controls, self.frames(), default=start, ask=ask)

    def widget(self) -> Any:
        """The explorer as ipywidgets, for a live kernel."""
        shown = live_widget(self.frame, self.caption, self.controls)
        return ask_first(self.predict, shown) if self.predict else shown

    def __repr__(self) -> str:
        settings = ", ".join(f"{control.label}: {control.text(control.default)}"
                             for control in self.controls.values())
        return f"Explorer {self.name!r} ({settings}). {self.caption}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if is_static():
            return {"text/html": self.html(), "text/plain": repr(self)}
        return self.widget()._repr_mimebundle_(include=include, exclude=exclude)


def explore(
    draw: Draw, *, caption: str, name: str | None = None, predict: Prediction | None = None, **controls: Control
) -> Explorer:
    """Let the reader move through the figures of a function.

    Args:
        draw: A pure function of the controls' values, by keyword, that returns a figure and one sentence which
            says what this frame shows. The sentence is the picture's description, so it should differ wherever
            the picture does.
        caption: What to look for, in one or two plain sentences.
        name: Unique on its page, for the figure's address ``#explorer-<name>``; by default the function's name.
        predict: What the reader is asked before the figure opens; by default it stands open.
        **controls: One :class:`Slider`, :class:`Choice` or :class:`Text` for each argument of ``draw``.

    Returns:
        An object that shows itself, live in Jupyter and as HTML in the built book.

    Raises:
        ValueError: If there is no control, or more frames than a page should carry.
    """
    if not controls:
        raise ValueError("an explorer needs a control: explore(draw, caption=..., size=Slider(...))")
    grid(controls)
    return Explorer(draw, caption, name or getattr(draw, "__name__", "figure").removeprefix("draw_"), controls, predict)
