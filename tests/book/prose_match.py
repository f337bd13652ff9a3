"""When a printed number supports a stated one, and which numbers a cell or a sentence shows."""

import re
from dataclasses import dataclass

from prose_text import numbers_in

SUM = re.compile(r"(?:[\d.,\s()+*/^-]|\\cdot|\\times|\\,|\{,\}|[·×−])+$")


@dataclass(frozen=True)
class Printed:
    """A number of a source: value, unit of the last digit, and whether only equality counts (a setting in code)."""

    value: float
    step: float
    exact: bool = False


def printed(text, exact=False):
    """The numbers of what a cell prints, or of its source, in order; after them percent as shares."""
    numbers = list(numbers_in(text))
    found = [Printed(each.value, each.step, exact) for each in numbers]
    shares = [Printed(each.value / 100, each.step / 100, exact) for each in numbers if each.scale == 100]
    return (*found, *shares)


def supports(source, number):
    """Whether a printed number rounds to a stated one, in its own unit or in that of the statement."""
    below, above = number.range
    for scale in {1.0, number.scale}:
        value, step = source.value * scale, source.step * scale
        difference = (value if number.value < 0 else abs(value)) - number.value
        error = 1e-9 * abs(number.value)
        if source.exact:
            is_near = abs(difference) <= error
        else:
            is_near = step <= 2.000001 * max(below, above) and -below - error <= difference <= above + error
        if is_near:
            return True
    return False


def output_text(cell):
    """What an executed cell prints, and the words of its figures, as two texts."""
    texts, figures = [], []
    for output in joined(cell.get("outputs", [])):
        data = output.get("data", {})
        html, svg = "".join(data.get("text/html", "")), "".join(data.get("image/svg+xml", ""))
        if 'class="explorer' in html:
            continue  # hundreds of frames: nearly any number stands in one of them
        texts.append("".join(output.get("text", "")))
        if 'class="dataframe results"' in html:
            html = ""  # a table of llmbook.widgets: its text has the same rows, a line each
        texts.append(re.sub(r"<[^>]+>", " ", html))
        figures += re.findall(r"<!--(.*?)-->", svg)  # matplotlib draws glyphs, and writes their words beside them
        texts.append("" if html or svg else "".join(data.get("text/plain", "")))
    return "\n".join(text.strip("\n") for text in texts if text), "\n".join(figures)


def joined(outputs):
    """Outputs with the pieces of what was printed put together: where a kernel cuts them, and so a line, is chance."""
    found = []
    for output in outputs:
        piece = "".join(output.get("text", ""))
        if found and piece and found[-1].get("text") and found[-1].get("name") == output.get("name"):
            found[-1] = {**found[-1], "text": found[-1]["text"] + piece}
        else:
            found.append({**output, "text": piece} if piece else output)
    return found


def is_computed(text, number):
    """Whether a number is the result of arithmetic that its sentence shows: `2 \\cdot 11{,}008 = 22{,}016`."""
    paragraph = text[: number.start].rpartition("\n\n")[2]
    before = re.match(r"(.*?)(?:=|\\approx|≈)[\s$&*]*$", paragraph, re.S)
    shown = SUM.search(before[1].rstrip("$ ")) if before else None
    if not shown:
        return False
    try:
        value = compute(shown[0])
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError):
        return False
    return value is not None and supports(Printed(value, 0.0), number)


def compute(written):
    """The value of written arithmetic with two numbers or more, or None."""
    plain = re.sub(r"\{,\}|\\,|(?<=\d),(?=\d{3})", "", written)
    plain = re.sub(r"\\cdot|\\times|[·×]", "*", plain).replace("^", "**").replace("−", "-").strip(" ,.-+\n")
    if len(re.findall(r"\d+(?:\.\d+)?", plain)) < 2 or not re.fullmatch(r"[\d.\s()+*/-]+", plain) or len(plain) > 80:
        return None
    if re.search(r"\*\*\s*\d{3}|\*\*.*\*\*", plain):
        return None
    return float(eval(plain, {"__builtins__": {}}))  # digits and operators only, see above
