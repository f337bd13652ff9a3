"""An explorer in a live kernel: ipywidgets that draw again on every change."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets

from llmbook.widgets.controls import Choice, Control, Text
from llmbook.widgets.static import FEW, Frame, picture_address

WIDE = ipywidgets.Layout(width="min(100%, 36rem)")


def live_widget(draw_frame: Callable[..., Frame], caption: str, controls: Mapping[str, Control]) -> ipywidgets.VBox:
    """Controls above a figure that follows them.

    Args:
        draw_frame: From control values to a frame.
        caption: Shown under the figure.
        controls: By argument name.
    """
    inputs = {key: _input(control) for key, control in controls.items()}
    view = ipywidgets.HTML()

    def redraw(_change: Any = None) -> None:
        values = {key: _chosen(control, inputs[key]) for key, control in controls.items()}
        view.value = frame_html(draw_frame, caption, values)

    for box in inputs.values():
        box.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*inputs.values(), view])


def frame_html(draw_frame: Callable[..., Frame], caption: str, values: Mapping[str, Any]) -> str:
    """The figure with its sentence and caption, or a readable message where it cannot be drawn."""
    try:
        frame = draw_frame(**values)
    except Exception as error:  # the reader moved a slider: say what happened, and leave the other controls alive
        chosen = ", ".join(f"{key} = {value!r}" for key, value in values.items())
        return (f'<p role="alert"><strong>Nothing to draw for {escape(chosen)}.</strong> '
                f"{escape(type(error).__name__)}: {escape(str(error))}</p>")
    return (f'<img src="{picture_address(frame.svg)}" alt="{escape(frame.sentence)}" style="max-width: 100%">'
            f'<p style="line-height: 1.4">{escape(frame.sentence)}</p>'
            f'<p style="line-height: 1.4"><em>{escape(caption)}</em></p>')


def _input(control: Control) -> ipywidgets.DOMWidget:
    if isinstance(control, Text):
        return ipywidgets.Textarea(value=control.default, description=control.label, rows=4, layout=WIDE,
                                   style={"description_width": "initial"})
    slider = ipywidgets.RadioButtons if len(control.values) <= FEW else ipywidgets.SelectionSlider
    kind = ipywidgets.Dropdown if isinstance(control, Choice) else slider
    # A widget that held the values themselves would look them up by equality, and refuses None: it holds their places.
    options = [(control.text(value), place) for place, value in enumerate(control.values)]
    return kind(options=options, value=control.start, description=control.label, layout=WIDE,
                style={"description_width": "initial"})


def _chosen(control: Control, box: ipywidgets.DOMWidget) -> Any:
    return box.value if isinstance(control, Text) else control.values[box.index]
