"""A small page with one explorer, and a reader who moves every control of a page by keyboard."""

import shutil
from pathlib import Path

from llmbook.plots.style import new_figure
from llmbook.widgets import Choice, Slider, explore

STATIC = Path(__file__).resolve().parents[2] / "book" / "_static"
SHOWN = """(figure) => {
  const image = figure.querySelector("img.explorer-frame");
  return {picture: decodeURIComponent(image.src), alt: image.alt,
          sentence: figure.querySelector(".explorer-sentence").textContent, drawn: image.naturalWidth > 0};
}"""
ARRIVED = """async (figure) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  while (figure.ariaBusy === "true") await frame();
}"""
VALUE = """(input) => input.type === "range"
  ? [input.getAttribute("aria-valuetext"), input.parentElement.querySelector("output").textContent]
  : input.type === "radio" ? [document.querySelector(`[name="${input.name}"]:checked`).parentElement.textContent]
  : [input.selectedOptions[0].text]"""
AT_END = """(input) => input.type === "range" ? input.value === input.max
  : input.type === "radio" ? input === [...document.getElementsByName(input.name)].at(-1)
  : input.selectedIndex === input.options.length - 1"""
CONTROLS = ".explorer-control :is(input[type='range'], input:checked, select)"
BACK = {"range": "ArrowLeft", "radio": "ArrowUp", None: "ArrowUp"}
ON = {"range": "ArrowRight", "radio": "ArrowDown", None: "ArrowDown"}


def draw_line(*, slope, kind):
    """A line or a curve through the origin."""
    figure, ax = new_figure(size=(4, 2.5))
    ax.plot([0, 1, 2], [0, slope, slope * (2 if kind == "line" else 4)])
    ax.set_ylim(-1, 13)
    return figure, f"The {kind} rises by {slope} in its first step."


def write_page(folder, *, script=True, draw=draw_line, predict=None, slopes=(1, 1.5, 2, 3)):
    """Write page.html with one explorer, its style and, if wanted, its script."""
    explorer = explore(draw, caption="A line & a curve", predict=predict, slope=Slider("Slope", slopes, slopes[-1]),
                       kind=Choice("Kind", ["line", "curve"], "line"))
    for name in ("llmbook.css", "questions.css", "explorer.js"):
        shutil.copy(STATIC / name, folder / name)
    loaded = '<script src="explorer.js"></script>' if script else ""
    (folder / "page.html").write_text(f"""<!doctype html><html lang="en" data-theme="light"><head><title>Lines</title>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="llmbook.css"><link rel="stylesheet" href="questions.css">{loaded}</head>
<body><main class="bd-article"><h1>Lines</h1>{explorer.html()}</main></body></html>""", encoding="utf-8")


def move_everything(page):
    """Move each control of each explorer of an open page by keyboard; returns what did not follow."""
    problems = []
    for figure in page.query_selector_all("figure.explorer"):
        problems += answered(figure)
        start = figure.evaluate(SHOWN)
        for control in figure.query_selector_all(CONTROLS):
            where = f"#{control.get_attribute('id') or control.get_attribute('name')}"
            if not control.is_visible():
                problems.append(f"{where}: cannot be seen")
                continue
            problems += [f"{where}: {problem}" for problem in _move(figure, control)]
            figure.query_selector(".explorer-reset").press("Enter")
            figure.evaluate(ARRIVED)
            if not same(figure.evaluate(SHOWN), start):
                problems.append(f"{where}: Reset does not bring the first frame back")
    return problems


def answered(figure):
    """Answer the question of an explorer that asks first, by keyboard; what is wrong with it."""
    buttons = figure.query_selector_all(".explorer-answer")
    if not buttons:
        return []
    shut = not figure.query_selector("img.explorer-frame").is_visible()
    buttons[0].press("Enter")
    opened = figure.query_selector("img.explorer-frame").is_visible()
    told = figure.query_selector(".explorer-told").inner_text()
    meant = buttons[0].evaluate("(button) => button.nextElementSibling.textContent")
    name = figure.get_attribute("id")
    return [] if shut and opened and told == meant else [f"#{name}: the question does not open the figure"]


def _move(figure, control):
    before, value = figure.evaluate(SHOWN), control.evaluate(VALUE)
    control.focus()
    control.press((BACK if control.evaluate(AT_END) else ON)[control.get_attribute("type")])
    figure.evaluate(ARRIVED)
    figure.evaluate("(figure) => figure.querySelector('img.explorer-frame').decode().catch(() => null)")
    after, problems = figure.evaluate(SHOWN), []
    for what in ("picture", "alt", "sentence"):
        if after[what] == before[what]:
            problems.append(f"the {what} does not change")
    if after["alt"] != after["sentence"] or not after["drawn"]:
        problems.append("the description is another frame's, or the picture cannot be shown")
    if any(a == b for a, b in zip(value, control.evaluate(VALUE), strict=True)):
        problems.append("the value that is shown does not change")
    return problems


def same(first, second):
    """Whether two states show the same picture and sentence."""
    return all(first[key].strip() == second[key].strip() for key in ("picture", "alt", "sentence"))
