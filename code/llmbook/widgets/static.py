"""An explorer as HTML for the built page: native controls, every frame drawn beforehand, and no kernel.

The frames of one explorer are alike: the same axes, ticks and letters, another curve. So the page stores each distinct
line of SVG once, and a frame is a list of ranges of lines, which makes a page of a hundred frames as small as one of
ten. ``book/_static/explorer.js`` puts a frame together when a control moves. Without the script the default frame and
its sentence stand alone and the controls stay hidden.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from llmbook.widgets.controls import Choice, Control, Text

FEW = 3
"""Values of a slider that stand side by side instead."""


@dataclass(frozen=True)
class Frame:
    """One drawn combination: the picture, and the sentence that says what it shows."""

    svg: str
    sentence: str
    dark: str | None = None
    """The same picture for dark paper, line by line, if it is not enough to turn its colors (``plots/dark.py``)."""
    least: int | None = None
    """CSS pixels across below which the page lets the picture scroll sideways (``plots/forms.py``)."""


def pack(pictures: Sequence[str], darks: Sequence[str | None] = ()) -> dict[str, Any]:
    """Store each distinct line once.

    Args:
        pictures: Texts that have many lines in common.
        darks: For each picture its drawing for dark paper, with as many lines, or None; none by default.

    Returns:
        ``lines``, and for each picture its ``runs``: pairs start, stop (flat) of ranges of ``lines``. ``dark`` has the
        lines that are others on dark paper, by their place.
    """
    places: dict[tuple[str, str], int] = {}
    frames = []
    for picture, dark in zip(pictures, darks or pictures, strict=True):
        pairs = zip(picture.splitlines(), (dark or picture).splitlines(), strict=True)
        frames.append(_runs([places.setdefault(pair, len(places)) for pair in pairs]))
    differ = {place: dark for (light, dark), place in places.items() if dark != light}
    return {"lines": [light for light, _ in places], "runs": frames} | ({"dark": differ} if differ else {})


def _runs(numbers: Sequence[int]) -> list[int]:
    """Consecutive numbers as flat pairs start, stop: 4 5 6 1 2 becomes 4 7 1 3."""
    runs: list[int] = []
    for number in numbers:
        if runs and runs[-1] == number:
            runs[-1] = number + 1
        else:
            runs += [number, number + 1]
    return runs


def unpack(packed: Mapping[str, Any], frame: int, *, dark: bool = False) -> str:
    """Put a picture together again, as the script on the page does."""
    runs, turned = packed["runs"][frame], packed.get("dark", {}) if dark else {}
    pairs = zip(runs[::2], runs[1::2], strict=True)
    places = [place for start, stop in pairs for place in range(start, stop)]
    return "\n".join(turned.get(place, packed["lines"][place]) for place in places)


def script_json(content: Any) -> str:
    """JSON that cannot end the ``<script>`` element around it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def picture_address(svg: str) -> str:
    """A picture as a ``data:`` address, which the browser shows without asking anyone for it."""
    return "data:image/svg+xml," + quote(svg, safe=" :/=;,.-()'!*")


def identifier(name: str) -> str:
    """A name as an HTML id: ``"Activation shapes"`` gives ``explorer-activation-shapes``."""
    return "explorer-" + (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "figure")


def explorer_html(name: str, caption: str, controls: Mapping[str, Control], frames: Sequence[Frame], *,
                  default: int, ask: str = "") -> str:
    """The ``<figure>`` of one explorer.

    Args:
        name: Unique on its page; the figure's id comes from it.
        caption: One or two plain sentences under the figure.
        controls: By argument name, in the order of the grid.
        frames: Every combination, the last control changing fastest.
        default: The frame shown first, and the one in print.
        ask: HTML that comes before the figure, such as a question.
    """
    place, first = identifier(name), frames[default]
    content = pack([frame.svg for frame in frames], [frame.dark for frame in frames])
    content["sentences"] = [frame.sentence for frame in frames]
    inputs = "\n".join(_control(f"{place}-{key}", control) for key, control in controls.items()
                       if not isinstance(control, Text))
    return f"""<figure class="explorer" id="{place}" aria-labelledby="{place}-caption">
{ask}<div class="explorer-controls" role="group" aria-label="Controls of the figure" hidden>
{inputs}
<button type="button" class="explorer-reset">Reset</button>
</div>
{_first(first)}
<p class="explorer-sentence" aria-live="polite">{escape(first.sentence)}</p>
<figcaption id="{place}-caption">{escape(caption)}</figcaption>
<script type="application/json" class="explorer-frames">{script_json(content)}</script>
</figure>"""


def _first(frame: Frame) -> str:
    """The frame that is shown first; the style of the page chooses between light and dark."""
    alt = escape(frame.sentence)
    shown = f'<img class="explorer-frame" src="{picture_address(frame.svg)}" alt="{alt}">'
    if frame.dark is not None:
        shown = (f'<img class="explorer-frame drawn-light" src="{picture_address(frame.svg)}" alt="{alt}">\n'
                 f'<img class="explorer-frame-dark drawn-dark" src="{picture_address(frame.dark)}" alt="{alt}">')
    if frame.least is not None:
        shown = f'<div class="drawing-scrolls" style="--least: {frame.least}px">{shown}</div>'
    return shown


def _control(place: str, control: Control) -> str:
    if isinstance(control, Choice):
        return _select(place, control)
    return (_stops if len(control.drawn) <= FEW else _range)(place, control)


def _stops(place: str, control: Control) -> str:
    """A slider with two or three stops would feel broken: its values stand side by side."""
    stops = "".join(
        f'<label><input type="radio" name="{place}" value="{index}" autocomplete="off"'
        f'{" checked" if index == control.drawn_start else ""}> {escape(control.text(value))}</label>'
        for index, value in enumerate(control.drawn)
    )
    return f"""<fieldset class="explorer-control explorer-stops" id="{place}"><legend>{escape(control.label)}</legend>
{stops}</fieldset>"""


def _select(place: str, control: Control) -> str:
    options = "".join(_option(index, control) for index in range(len(control.drawn)))
    return f"""<div class="explorer-control"><label for="{place}">{escape(control.label)}</label>
<select id="{place}" autocomplete="off">{options}</select></div>"""


def _option(index: int, control: Control) -> str:
    chosen = " selected" if index == control.drawn_start else ""
    return f'<option value="{index}"{chosen}>{escape(control.text(control.drawn[index]))}</option>'


def _range(place: str, control: Control) -> str:
    texts = [control.text(value) for value in control.drawn]
    start = control.drawn_start
    return f"""<div class="explorer-control"><label for="{place}">{escape(control.label)}</label>
<input type="range" id="{place}" min="0" max="{len(texts) - 1}" step="1" value="{start}" autocomplete="off"
 aria-valuetext="{escape(texts[start])}" data-texts="{escape(json.dumps(texts))}">
<output for="{place}" aria-live="off">{escape(texts[start])}</output></div>"""
