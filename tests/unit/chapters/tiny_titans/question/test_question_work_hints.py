"""Wrong audits of the models' names fail with a hint that names the misconception; right ones in other forms pass."""

import math
import re

import numpy as np
import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.question.checks_work import INVENTED, models, ranked, size_of

PREFIX = "tt-ex-question-"


def names(**parts):
    """The right answer with some of its parts exchanged."""
    return lambda rows, share: ranked(rows, share, **parts)


def by_formula(rows, share):
    """Another parser, another way to sort, and arrays."""
    def number(text):
        factors = [float(part) for part in re.findall(r"[\d.]+", text)]
        return np.prod(factors) * (1e6 if text.endswith("M") else 1e9)

    known = [row for row in rows if None not in row]
    off = np.array([abs(number(reported) / counted - 1) for _, reported, counted in known])
    order = [place for place in np.argsort(-off) if off[place] > share]
    return np.array([known[place][0] for place in order])


def with_tuples(table, limit):
    """Other names of the parameters, and a tuple."""
    off = {}
    for name, size, count in table:
        if size is not None and count is not None:
            off[name] = abs(count - size_of(size)) / count
    return tuple(name for name in sorted(off, key=off.get, reverse=True) if off[name] > limit)


def in_place(rows, share):
    """Rows are taken out of the list that came in."""
    rows[:] = [row for row in rows if row[1] and row[2]]
    rows.sort(key=lambda row: -abs(size_of(row[1]) - row[2]) / row[2])
    while rows and abs(size_of(rows[-1][1]) - rows[-1][2]) <= share * rows[-1][2]:
        rows.pop()
    return [row[0] for row in rows]


WRONG = [("names", answer, phrases) for answer, phrases in (
    (names(off=lambda size, counted: abs(size - counted) / size), "a share of what was counted"),
    (names(off=lambda size, counted: (size - counted) / counted), "promise too little"),
    (names(off=lambda size, counted: (counted - size) / counted), "promise too much"),
    (names(key=lambda off, size, counted: abs(size - counted)), "the order is that of the shares"),
    (names(is_over=lambda off, share: off >= share), "more than the share, not as much"),
    (names(read=lambda name: size_of(name.rpartition("x")[2])), "8x7B is a product"),
    (names(key=lambda off, size, counted: -off), "the farthest off comes first"),
    (names(is_over=lambda off, share: off > share / 100), "no percentage"),
    (lambda rows, share: [row[0] for row in rows if row[0] in ranked(rows, share)], "sort them"),
    (lambda rows, share: [row[0] for row in rows if row[0] not in ranked(rows, share)], "not the good ones"),
    (names(off=lambda size, counted: round(abs(size - counted) / counted, 1)), "expected ["),
    (lambda rows, share: len(ranked(rows, share)), "a list of names"),
    (lambda rows, share: ["Mixtral 8x7B", "Llama 2 70B", "FLAN-T5 small", "Llama 2 7B"], "expected ["),
    (lambda rows, share: [row[0] for row in rows if abs(size_of(row[1]) - row[2]) / row[2] > share], "raised"),
    (names(read=lambda name: size_of(name) if "x" not in name else 0), "expected ["),
    (names(off=lambda size, counted: abs(math.log(size / counted))), "expected ["),
    (names(off=lambda size, counted: max(size, counted) / min(size, counted) - 1), "expected ["),
    (names(read=lambda name: float(name.replace("x", ".")[:-1]) * (1e6 if name[-1] == "M" else 1e9)), "expected ["),
    (lambda rows, share: sorted(ranked(rows, share)), "expected ["),
    (lambda rows, share: {*ranked(rows, share)}, "a list of names"),
    (lambda rows, share: [(name, 0.1) for name in ranked(rows, share)], "a list of names"),
)]  # fmt: skip
RIGHT = [("names", by_formula), ("names", with_tuples), ("names", in_place), ("names", names())]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_the_page_and_the_invented_rows_have_something_to_find():
    assert 0 < len(ranked(models(), 0.01)) < 9 and len(ranked(INVENTED, 0.2)) == 3
    assert size_of("8x7B") == 56e9 and size_of("780M") == 780e6
