"""Keep the place of each formula free until it is set, so that nothing on the page moves when it is.

MathJax sets formulas when the page is shown already. How wide and high one will be is estimated here: matplotlib knows
letters of the same design, Computer Modern, and reads most of TeX. theme-fixes.css keeps that much room.
"""

import html
import re
from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

INLINE = re.compile(r'<span class="math notranslate nohighlight">\\\((.*?)\\\)</span>', re.DOTALL)
DISPLAYED = re.compile(r'<div class="math notranslate nohighlight"([^>]*)>(.*?)\\\[(.*?)\\\]\s*</div>', re.DOTALL)
SCALE = 1.148
"""How much larger MathJax sets its letters than those around them, so that small letters are equally high."""
PLAINER = [
    (r"\\(?:t|d)frac(?![a-zA-Z])", r"\\frac"),
    (r"\\(sqrt|frac|mathcal|mathbf|mathbb|mathrm)\s*(\w|\\[a-z]+)", r"\\\1{\2}"),
    (r"\\frac(\{[^{}]*\})\s*(\w)", r"\\frac\1{\2}"),
    (r"\\[lr]?Vert(?![a-zA-Z])", r"\\|"),
    (r"\\[lr]vert(?![a-zA-Z])", "|"),
    (r"\\(le|ge)(?![a-zA-Z])", r"\\\1q"),
    (r"\\square(?![a-zA-Z])", r"\\cdot"),
    (r"\\text(?:bf|it)?(?![a-zA-Z])", r"\\mathrm"),
    (r"\\(?:operatorname|mathsf|mathtt)\*?", r"\\mathrm"),
    (r"\\(?:bigl|bigr|Bigl|Bigr|big|Big|left|right|displaystyle|textstyle)(?![a-zA-Z])\.?", ""),
    (r"\\(?:tag|label)\{[^{}]*\}", ""),
]
"""TeX that matplotlib does not read, and what is about as wide."""
ROWS = re.compile(r"\\\\(?:\[[^\]]*\])?")
FRAME = re.compile(r"\\(?:begin|end)\{[a-z*]+\}(?:\{[^{}]*\})?")
ROW, MARGIN = 1.49, 0.19
"""How high a row is, and what comes once."""
TALL = {re.compile(r"\\[dt]?frac|\\sum|\\prod|\\int|\\binom"): 1.25, re.compile(r"\\underbrace"): 1.7}
"""What makes a row higher, and by how much."""


@cache
def parser():
    """Reads formulas into boxes."""
    return MathTextParser("path"), FontProperties(size=100, math_fontfamily="cm")


@cache
def width(tex):
    """How wide a formula is, in the size of the letters around it; estimated by its letters where it cannot be read."""
    plain = tex
    for pattern, made in PLAINER:
        plain = re.sub(pattern, made, plain)
    read, font = parser()
    try:
        return read.parse(f"${plain.strip()}$", 72, font).width / 100 * SCALE
    except ValueError:
        return 0.55 * SCALE * len(re.sub(r"\\[a-zA-Z]+|[{}\\\s^_]", "", tex))


@cache
def height(tex):
    """How high a formula on a line of its own is, in the size of the letters around it."""
    rows = [row for row in ROWS.split(FRAME.sub("", tex)) if row.strip()]
    return MARGIN + sum(ROW + sum(more for part, more in TALL.items() if part.search(row)) for row in rows)


def with_space(body):
    """The HTML of a page whose formulas say how much room they need."""

    def inline(found):
        return found[0].replace(">", f' style="--wide: {width(html.unescape(found[1])):.2f}em">', 1)

    def displayed(found):
        return found[0].replace(">", f' style="--high: {height(html.unescape(found[3])):.2f}em">', 1)

    return DISPLAYED.sub(displayed, INLINE.sub(inline, body))


def keep_space(app, pagename, templatename, context, doctree):
    """Change the text of a page with formulas."""
    if 'class="math' in context.get("body", ""):
        context["body"] = with_space(context["body"])


def setup(app):
    """Register the extension with Sphinx."""
    app.connect("html-page-context", keep_space)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
