"""The table of what needs what: true to the pages, without a circle, and read rightly by what draws and lists it."""

import json
import re
import sys

import pytest
import yaml
from book_build import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from needs import Table, circles, goals_of, links, read_table, reduced, way

TABLE = read_table(ROOT / "book" / "needs.yml")
LABELED = re.compile(r"^\(([\w-]+)\)=\n#+ ", re.M)
REFERENCE = re.compile(r"\{ref\}`(?:[^`<]*<)?([\w-]+)>?`")
START = re.compile(r"^\*\*Before you start\.\*\* (.*?)(?:\n\n|\Z)", re.M | re.S)
DEEPER = "\n## Going deeper\n"
GATE = re.compile(r"^```\{exercise-start\} (.*)$", re.M)
TIMED = re.compile(r"(read|build|investigate), (\d+) min|question, 3 min")
BACKWARD = {("chapters/olmo/07-olmo-assembled", "chapters/gemma/06-gemma-assembled")}  # the one need of a later page


def text_of(page):
    """The Markdown of a page, a cell a paragraph."""
    cells = json.loads((ROOT / f"{page}.ipynb").read_text("utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def listed(contents):
    """The pages of a table of contents, in order."""
    if isinstance(contents, dict):
        return [contents[name] for name in ("file",) if name in contents] + listed(list(contents.values()))
    return [page for each in contents for page in listed(each)] if isinstance(contents, list) else []


ORDER = listed(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"])
LESSONS = [page for page in ORDER if re.match(r"chapters/.*/\d", page)]
TEXTS = {page: text_of(page) for page in TABLE.needs}
HOMES = {label: page for page, text in TEXTS.items() for label in LABELED.findall(text)}


def said(text):
    """{"core" and "deeper": labels} of the paragraph "Before you start"."""
    core, _, deeper = START.search(text)[1].partition("*Going deeper*")
    return {"core": REFERENCE.findall(core), "deeper": REFERENCE.findall(deeper)}


def untrue(needs, texts):
    """Pages whose "Before you start" names other sections than the table, and needs of a part that a page has not."""
    found = []
    for page, parts in needs.items():
        told = {part: parts.get(part, []) for part in ("core", "deeper")}
        if said(texts[page]) != told:
            found.append(f"{page}: the page says {said(texts[page])}, the table {told}")
        if told["deeper"] and DEEPER not in texts[page]:
            found.append(f'{page}: deeper needs, but no heading "Going deeper"')
    return found


def untimed(text):
    """Headings of exercises that do not say how long they take, in the one form, by fives up to an hour."""
    matches = {title: TIMED.fullmatch(title) for title in GATE.findall(text)}
    return [title for title, match in matches.items() if not match or int(match[2] or 5) not in range(5, 61, 5)]


def test_the_table_has_every_lesson_in_its_order():
    assert [page for page in TABLE.needs if page.startswith("chapters/")] == LESSONS


def test_every_label_names_one_section():
    every = [label for text in TEXTS.values() for label in LABELED.findall(text)]
    assert len(every) == len(set(every))
    assert {label for page in TABLE.needs for label in TABLE.labels(page, "whole")} - HOMES.keys() == set()


def test_each_page_opens_with_what_the_table_says():
    assert untrue({page: TABLE.needs[page] for page in LESSONS}, TEXTS) == []


def test_needs_run_forward_and_in_no_circle():
    found = links(TABLE, HOMES)
    order = list(TABLE.needs)
    assert circles(found) == []
    pairs = {(page, there) for page, needed in found.items() for there in needed}
    assert {(page, there) for page, there in pairs if order.index(there) > order.index(page)} == BACKWARD


def test_the_goals_of_the_paths_are_pages():
    goals = [page for path in TABLE.paths for page in goals_of(path, [])]
    assert goals and set(goals) <= TABLE.needs.keys()


@pytest.mark.parametrize("chapter", ["tiny-titans", "dora", "olmo", "gemma"])
def test_every_exercise_says_how_long_it_takes(chapter):
    text = text_of(f"chapters/{chapter}/exercises")
    assert len(GATE.findall(text)) > 10 and untimed(text) == []


# The twins, and the functions on a small table.

SMALL = Table({
    "a": {},
    "b": {"core": ["one"]},
    "c": {"core": ["one", "two"], "deeper": ["far"]},
    "d": {"core": ["three"]},
})  # fmt: skip
PLACES = {"one": "a", "far": "a", "two": "b", "three": "c"}


def test_links_are_by_page_and_the_core_counts_more():
    assert links(SMALL, PLACES) == {"a": {}, "b": {"a": "core"}, "c": {"a": "core", "b": "core"}, "d": {"c": "core"}}
    deeper = Table({"a": {}, "b": {"deeper": ["one", "own", "unknown"]}})
    assert links(deeper, PLACES | {"own": "b"}) == {"a": {}, "b": {"a": "deeper"}}


def test_what_a_chain_says_is_not_drawn_again():
    assert reduced(links(SMALL, PLACES)) == {"a": {}, "b": {"a": "core"}, "c": {"b": "core"}, "d": {"c": "core"}}
    core = {"a": {}, "b": {"a": "core"}, "c": {"a": "core", "b": "deeper"}}
    assert reduced(core) == core  # who reads the core of c is not told by b that it needs a
    assert reduced({**core, "c": {"a": "deeper", "b": "deeper"}})["c"] == {"b": "deeper"}


def test_circles_are_seen():
    assert circles(links(SMALL, PLACES)) == [] and circles({"a": {"b": "core"}, "b": {"a": "core"}}) == ["a", "b"]


@pytest.mark.parametrize(("goals", "deep", "steps"), [
    ({"d": "core"}, (), "a core, b core, c core, d core"),
    ({"d": "core"}, ("three",), "a core, b core, c whole, d core"),  # a section of the deeper part: all of its page
    ({"c": "whole"}, ("far",), "a whole, b core, c whole"),
    ({"c": "core"}, ("far",), "a core, b core, c core"),  # what only the deeper part needs does not count
    ({"b": "whole"}, (), "a core, b whole"),
])  # fmt: skip
def test_a_way_has_what_its_pages_need(goals, deep, steps):
    assert ", ".join(f"{page} {part}" for page, part in way(goals, SMALL, PLACES, deep)) == steps


def test_a_way_puts_what_is_needed_first():
    assert way({"a": "core"}, Table({"a": {"core": ["later"]}, "b": {}}), {"later": "b"}, ()) == [
        ("b", "core"), ("a", "core"),
    ]  # fmt: skip


def test_goals_are_those_of_the_file():
    assert goals_of({"core": ["b"], "whole": ["a"]}, ["a", "b", "c"]) == {"b": "core", "a": "whole"}
    assert goals_of({"everything": True}, ["a", "b"]) == {"a": "whole", "b": "whole"}


def test_a_book_without_a_table_has_an_empty_one(tmp_path):
    assert read_table(tmp_path / "needs.yml") == Table()


@pytest.mark.parametrize(("needs", "problems"), [
    ({"core": ["x-a"], "deeper": ["x-b"]}, 0),
    ({"core": ["x-a", "x-b"]}, 1),
    ({"core": [], "deeper": ["x-b"]}, 1),
])  # fmt: skip
def test_a_page_that_says_something_else_is_seen(needs, problems):
    text = "**Before you start.** You need {ref}`a word <x-a>`.\n*Going deeper* also needs {ref}`x-b`.\n\n{ref}`x-c`\n"
    assert len(untrue({"p": needs}, {"p": text + DEEPER})) == problems


def test_deeper_needs_without_a_deeper_part_are_seen():
    text = "**Before you start.** Nothing. *Going deeper* also needs {ref}`x-b`.\n"
    assert len(untrue({"p": {"deeper": ["x-b"]}}, {"p": text})) == 1


@pytest.mark.parametrize("title", ["build", "build 10 min", "build, 7 min", "build, 90 min", "hard, 10 min"])
def test_an_exercise_without_its_time_is_seen(title):
    assert untimed(f"```{{exercise-start}} {title}\n:label: a\n```") == [title]
    assert untimed("```{exercise-start} investigate, 30 min\n:label: a\n```") == []
