"""Every number that a page states is found in an output, in data, or given with a reason; a changed one is noticed."""

import inspect
import json
from pathlib import Path

import pytest
from prose_anchors import dumped, proposals, write
from prose_check import ROOT, book_pages, examine, problems, read_page, share_caught
from prose_match import output_text
from prose_numbers import LEVEL, Page
from prose_text import prose_numbers

NAMES = [path.relative_to(ROOT).as_posix() for path in book_pages()]


@pytest.fixture(scope="module")
def examined(built_book):
    """{page: it and the verdicts on its numbers}, with the outputs of the build."""
    pages = {name: read_page(ROOT / name) for name in NAMES}
    return {name: (page, examine(page)) for name, page in pages.items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_page_is_found(examined, name):
    """In an output, in data, or given with a reason; where a change of a digit would be noticed."""
    lines = problems(*examined[name])
    assert not lines, "\n".join(lines)


def test_a_changed_digit_is_noticed(examined):
    """The twin of the whole book: each number with each of its digits changed to each other one."""
    share = share_caught([verdict for _, verdicts in examined.values() for verdict in verdicts])
    assert share >= 0.95, f"only {share:.1%} of the changed digits would be noticed"


def test_the_level_of_intervals_is_the_default():
    """The one number that no page has to print."""
    from llmbook.metrics import intervals as statistics

    levels = [inspect.signature(each).parameters["level"].default
              for each in (statistics.mean_interval, statistics.paired_interval)]  # fmt: skip
    assert [f"{100 * level:g}" for level in levels] == [LEVEL, LEVEL]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("It falls from 0.31 to 31 %, by 8.5 billion.", ["0.31", "31", "8.5"]),
        (
            "Gemma has $256{,}000$ entries, 2,048 of them $1.6 \\times 10^{-5}$.",
            ["256{,}000", "2,048", "1.6 \\times 10^{-5}"],
        ),
        ("64 of 100 rows, 20 columns, 1 norm, 0.5 s, $10^{-5}$, 10,000.", ["64", "20"]),
        ("T5, bf16, GPT-3.5, Llama 2, OLMo 7B, 8x7B, Python 3.11, 3.12 or 3.13, 2.13.0.", []),
        ("In February 2024, on 29 February 2024, since 2019, 64-bit numbers, page 4.32.", []),
        ("`64` and {doc}`64-bits`, [64 rows](page-65), https://a.org/66, {cite:p}`b2019`, #539.", ["64"]),
        ("# Heading 64\n\n*Reproduces: to 0.25.*\n\n12. An item.\n\n```\n65\n```\n\n$$\n66\n$$ (eq-67)\n", []),
        ("```{table} Of 64 rows\n:name: t65\n\n| 66 |\n| --- |\n| 67 |\n```", ["66", "67"]),
        ("$x_{12}^{34} = 56$, $\\tfrac12$, $\\frac{1}{32}$.", ["56", "32"]),
    ],
)
def test_what_is_a_number_of_the_text(text, read):
    """Results are read; code, references, names, dates, powers of ten and displayed equations are not."""
    assert [each.text for each in prose_numbers(text)] == read


def code(name, printed="", source="", **metadata):
    """A code cell that printed something."""
    output = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return {"cell_type": "code", "id": name, "source": source, "outputs": output, "metadata": metadata}


def text(source, **numbers):
    """A Markdown cell, with places for its numbers."""
    metadata = {"numbers": {key.strip("_").replace("_", "."): place for key, place in numbers.items()}}
    return {"cell_type": "markdown", "id": "text", "source": source, "metadata": metadata if numbers else {}}


def faults(*cells):
    """What the check says of a page."""
    page = Page("page", list(cells))
    return "\n".join(problems(page, examine(page)))


@pytest.mark.parametrize(
    ("printed", "stated"),
    [
        ("0.3127", "0.31"), ("0.3127", "31 %"), ("31.27 %", "0.313"), ("8,537,680,896", "8.54 billion"),
        ("17090000", "16.3 MiB"),
        ("1.6e-05", "$1.6 \\times 10^{-5}$"), ("-0.25", "$-0.25$"), ("-0.25", "0.25"),
        ("14.7", "more than 14"), ("14.7", "below 15"), ("2689", "about 2,700"), ("256000", "$256{,}000$"),
    ],
)  # fmt: skip
def test_a_printed_number_supports_its_rounding(printed, stated):
    """In its own unit and in that of the sentence."""
    assert not faults(code("run", printed), text(f"It is {stated}."))


@pytest.mark.parametrize(
    ("printed", "stated"),
    [
        ("0.3127", "0.32"), ("0.31", "0.312"), ("0.3127", "32 %"), ("8,537,680,896", "8.55 billion"),
        ("0.25", "$-0.25$"), ("14.7", "14"), ("14.7", "more than 15"), ("2689", "2,700"),
        ("", "64"), ("16.3", "16.3 MiB and 64"), ("1.6e-05", "$1.6 \\times 10^{-4}$"),
    ],
)  # fmt: skip
def test_a_number_that_has_drifted_is_reported(printed, stated):
    """The twin: another digit, more digits than printed, another sign or power, or nothing printed at all."""
    assert "is found nowhere" in faults(code("run", printed), text(f"It is {stated}."))


def test_pieces_of_a_line_are_one_line():
    """However the kernel cuts what a cell prints; and the twin, in which the second piece is another stream's."""
    whole = [{"output_type": "stream", "name": "stdout", "text": text} for text in ("a 1,", " b 64\n", "c 3\n")]
    assert output_text({"outputs": whole})[0] == "a 1, b 64\nc 3"
    whole[1] = {**whole[1], "name": "stderr"}
    assert output_text({"outputs": whole})[0] == "a 1,\n b 64\nc 3"


def test_captions_and_alt_texts_are_read():
    """And reported by the cell that shows the figure."""
    shown = {"figure": {"caption": "A line of 64 points."}, "image": {"alt": "It ends at 0.71."}}
    assert not faults(code("draw", "64 points, 0.712", mystnb=shown))
    reported = faults(code("draw", "63 points, 0.722", mystnb=shown))
    assert "draw (caption): 64" in reported and "draw (alt): 0.71" in reported


def test_a_number_is_looked_for_near_its_text():
    """Two digits beside it, three in its section, four on the page, a setting in the code; more is named."""
    far = [code("far", "64 and 0.123 and 4,096"), text("So."), code("near", source="steps = 72"), text("{}")]
    stated = "It is 72, 0.123 and 4,096."
    assert not faults(*far[:3], text(stated))
    assert "64 in" in faults(*far[:3], text("It is 64."))
    assert not faults(*far[:3], text("It is 64.", _64="far"))
    assert "0.123 in" in faults(*far[:3], text(f"## Next\n\n{stated}"))
    assert "72 in" in faults(*far[:2], code("near", source="steps = 73"), text(stated))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("run", ""), ("run: second", ""), ("run line 2", ""), ("run line 2, number 2", ""), ("code of run", ""),
        ("given: a reason", ""),
        ("data/olmo_sizes.csv: 1B", "selects nothing"), ("run: first", "found nowhere"),
        ("run line 2, number 1", "found nowhere"),
        ("run line 9", "beyond the last line"), ("gone", "no code cell"), ("data/gone.csv: a", "does not exist"),
        ("data/olmo_sizes.csv", "name the row"), ("code of run: second", "no line there"),
    ],
)  # fmt: skip
def test_places_are_named(place, said):
    """A cell, lines by their words or number, one number of a line, code, data, a reason; the twin: none of these."""
    cells = code("run", "first 11\nsecond 12 64", source="steps = 64"), text("So."), text("It is 64.", _64=place)
    reported = faults(*cells)
    assert said in reported and bool(said) == bool(reported)


def test_a_row_of_data_supports_its_numbers():
    """By a value of the row and a column; another row does not."""
    place = "data/gemma_architecture.csv: d_model; Gemma 7B"
    assert not faults(text("It is 3,072.", **{"_3,072": place}))
    assert "found nowhere" in faults(text("It is 3,073.", **{"_3,073": place}))
    assert "found nowhere" in faults(text("It is 3,072.", **{"_3,072": place.replace("7B", "2B")}))


def test_shown_arithmetic_is_checked():
    """A product that the sentence shows needs no cell; a wrong one does."""
    run = code("run", "0.02 and 64")
    assert not faults(run, text("At 64 it is $0.02 \\cdot 64 = 1.28$."))
    assert "1.38 in" in faults(run, text("At 64 it is $0.02 \\cdot 64 = 1.38$."))


def test_an_output_that_every_machine_prints_anew_supports_nothing():
    """A time of this run may equal a stated number by chance, or a changed one; a setting of its cell is no chance."""
    clock = code("clock", "It took 31 ms", "tokens = 64")
    said = "It takes 31 ms for 64 tokens."
    assert not faults(clock, text(f"*Reproduces: exact.*\n\n{said}"))
    for label in ("illustrative.", "line 1: illustrative; the rest: exact."):
        labeled = f"*Reproduces: {label}*\n\n{said}"
        assert "31 in" in faults(clock, text(labeled)) and "64 in" not in faults(clock, text(labeled))
        assert not faults(clock, text(labeled, _31="clock"))


def test_given_numbers_are_few_and_used():
    """Three with reasons; a fourth, and one that stands nowhere, are reported."""
    given = {f"_{n}": "given: a reason" for n in (61, 62, 63, 64)}
    assert not faults(text("61, 62, 63.", **dict(list(given.items())[:3])))
    assert "4 given numbers" in faults(text("61, 62, 63, 64.", **given))
    assert "which is not stated there" in faults(text("61.", **dict(list(given.items())[:2])))


def test_a_place_that_would_notice_nothing_is_loose():
    """The twin of the twin: among all numbers of two digits, any drift is found; one line of them is enough."""
    many = "\n".join(f"row {n}: {n}" for n in range(11, 99))
    reported = faults(code("run", many), text("It is 64."))
    assert "64 in" in reported and "could drift unseen" in reported
    assert not faults(code("run", many), text("It is 64.", _64="run: row 64"))


def test_sure_anchors_are_written_and_nothing_else(tmp_path: Path):
    """A loose number is sent to its line; the file is the same but for the new metadata."""
    rows = "\n".join(f"width {n}: {n}" for n in range(11, 99))
    cells = [code("run", rows), text("The value is 0.712 — there."), code("late", "loss 0.7123"), text("So 64 it is.")]
    page = Page("page", [cells[0], text("The width 64 fits.")])
    assert proposals(page, examine(page)) == {1: {"64": "run line 54"}}
    path = tmp_path / "page.ipynb"
    path.write_text(dumped({"cells": cells, "metadata": {}}), encoding="utf-8")
    before = json.loads(path.read_text(encoding="utf-8"))
    assert write(path, {3: {"64": "run line 54"}}) == 1
    before["cells"][3]["metadata"]["numbers"] = {"64": "run line 54"}
    assert path.read_text(encoding="utf-8") == dumped(before)
    path.write_text(json.dumps(before), encoding="utf-8")
    with pytest.raises(ValueError, match="nothing is written"):
        write(path, {3: {"64": "run line 54"}})
