"""A tiny book with a map: times of core, whole and exercises, paths that add up, the map of the book and of a chapter.

And the real one: no core over 25 minutes, a tour of two hours, every page on the map.
"""

import json
import re

import pytest
import yaml
from book_build import ROOT
from bs4 import BeautifulSoup
from tiny_book import TinyBook

NEEDS = """
needs:
  book/start: {}
  book/read: {}
  chapters/one/page:
    core: [start-here]
    deeper: [read-here]
  chapters/one/other:
    core: [page-deep]
paths:
  - {name: Short, for: A look., core: [book/start, chapters/one/page]}
  - {name: Long, for: More., core: [chapters/one/other]}
  - {name: All, for: Everything., everything: true}
"""
PAGE = """{core}

## Going deeper

{deeper}

(page-deep)=
### Deep

## What to remember

{end}

## Exercises

{end}"""
EXERCISES = """# Exercises

```{exercise-start} core, 50 min
:label: ex-a
```
Task.
```{exercise-end}
```

```{exercise-start} warm-up, 15 min
:label: ex-b
```
Task.
```{exercise-end}
```
"""
MAPS = "# Tiny\n\n```{book-map}\n```\n\n```{reading-paths}\n```\n\n```{chapter-map}\n```\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The tiny book, built: 400 words of core, 600 that go deeper, 200 to remember and 200 behind them."""
    book = TinyBook(tmp_path_factory.mktemp("maps"))
    book.write("book/needs.yml", NEEDS)
    book.write("book/index.md", MAPS)
    for name in ("start", "read"):
        book.write(f"book/{name}.md", f"# The {name}: how\n\n({name}-here)=\n## Here\n\n" + "word " * 300)
    book.write("chapters/one/index.md", "# One\n\n```{book-map}\n```\n")
    book.write("chapters/one/exercises.md", EXERCISES)
    words = {"core": "word " * 400, "deeper": "word " * 600, "end": "word " * 200}
    book.write_page(PAGE.format(**words), cells=("1 + 1",))
    book.write_page("Words.", cells=("2 + 2",), name="other")
    names = ("page", "other", "exercises")
    chapter = {"file": "chapters/one/index", "sections": [{"file": f"chapters/one/{name}"} for name in names]}
    contents = {**book.contents(), "chapters": [{"file": "book/start"}, {"file": "book/read"}, chapter]}
    book.write("_toc.yml", yaml.safe_dump(contents))
    status, printed = book.build()
    assert status == 0, printed[-3000:]
    return book


def soup(built, name):
    """A built page."""
    return BeautifulSoup(built.html(name), "html.parser")


def test_core_and_whole_are_measured(built):
    """The core is what stands before "Going deeper" and what is to remember; the whole is all."""
    times = json.loads((built.folder / "_build" / "page-times.json").read_text())
    page = times["chapters/one/page"]
    assert (page["core_minutes"], page["read_minutes"]) == (4, 8)  # 602 words, and 1406 with the headings, and a line
    assert times["chapters/one/other"]["core_minutes"] == times["chapters/one/other"]["read_minutes"] == 1
    assert times["chapters/one/exercises"]["exercise_minutes"] == [50, 15]
    assert 'class="page-times">Core: 4 min; whole: 8 min; its code ran in ' in built.html("chapters/one/page.html")
    assert 'class="page-times">About 1 min to read. Its code ran in ' in built.html("chapters/one/other.html")


def test_paths_add_up(built):
    """Each has what its pages need: "other" needs a section of the deeper part, so the whole of that page."""
    short, long, everything = soup(built, "book/index.html").select(".reading-path")
    steps = [[line.get_text().strip() for line in path.select("li")] for path in (short, long, everything)]
    assert steps[0] == ["The start 2 min", "Page 4 min (core)"]
    assert steps[1] == ["The start 2 min", "The read 2 min", "Page 8 min", "Page 1 min"]
    assert [path.select_one(".path-total").get_text() for path in (short, long, everything)] == [
        "6 min to read.", "13 min to read.", "13 min to read, and 1 h 5 min to do the exercises.",
    ]  # fmt: skip
    assert short.select_one("a")["href"] == "start.html"


def test_the_list_says_what_comes_before(built):
    chapter = soup(built, "book/index.html").select_one(".chapter-map-chapter")
    page, other, exercises = (line.get_text().strip() for line in chapter.select("li"))
    assert re.fullmatch(r"Page 4 min core, 8 min whole, \d+ s to run after The start; deeper after The read", page)
    assert re.fullmatch(r"Page 1 min to read, \d+ s to run after Page", other)
    assert exercises == "Exercises 1 h 5 min of exercises"
    summed = r"3 pages\. 6 min core, 10 min whole, 1 h 5 min of exercises, \d+ s to run\."
    assert re.search(summed, chapter.get_text())


def test_the_map_links_and_names_its_boxes(built):
    """On the front page all of the book, in the index of a chapter that chapter; addresses as seen from there."""
    names = ("book/index.html", "chapters/one/index.html")
    front, chapter = (soup(built, name).select_one("figure.map") for name in names)
    assert "map-of-book" in front["class"] and "map-of-chapter" in chapter["class"]
    links = {link["href"]: link["aria-label"] for link in front.select("a")}
    said = "Page. 4 min core, 8 min whole. Needs: The start: how; The read: how."
    assert links["../chapters/one/page.html"] == said
    assert [link["href"] for link in chapter.select("a")] == [
        "../../book/start.html", "../../book/read.html", "page.html", "other.html", "exercises.html",
    ]  # fmt: skip
    assert "“The start: how”; a square: it needs “The read: how”" in front.figcaption.get_text()
    assert [(path["data-from"], path["data-to"]) for path in chapter.select("path[data-from]")] == [
        ("chapters/one/page", "chapters/one/other"),
    ]  # fmt: skip


@pytest.fixture
def times(built_book):
    """What the real book takes, by page."""
    return json.loads(built_book.with_name("page-times.json").read_text())


def test_a_core_is_a_lesson(times):
    """At most 25 minutes, by the book's own measure."""
    lessons = {name: page["core_minutes"] for name, page in times.items() if re.match(r"chapters/.*/\d", name)}
    assert len(lessons) > 25 and {name: core for name, core in lessons.items() if core > 25} == {}


def test_the_tour_takes_two_hours(built_book):
    """What is printed, added up again."""
    front = BeautifulSoup((built_book / "book" / "index.html").read_text("utf-8"), "html.parser")
    paths = front.select(".reading-path")
    for path in paths[:2]:
        minutes = [int(re.search(r"(\d+) min", line.get_text())[1]) for line in path.select(".chapter-map-times")]
        total = re.match(r"(?:(\d+) h ?)?(?:(\d+) min)?", path.select_one(".path-total").get_text())
        assert 60 * int(total[1] or 0) + int(total[2] or 0) == sum(minutes)
        assert path is not paths[0] or (len(minutes) < 8 and 90 <= sum(minutes) <= 120)


def test_every_page_is_on_the_map(built_book):
    """The lessons, the exercises, the chapters and the two pages that open the book; each chapter's map has its own."""
    needs = yaml.safe_load((ROOT / "book" / "needs.yml").read_text("utf-8"))["needs"]
    front = BeautifulSoup((built_book / "book" / "index.html").read_text("utf-8"), "html.parser")
    shown = {link["href"] for link in front.select("figure.map a")}
    wanted = {page.removeprefix("book/") if page.startswith("book/") else f"../{page}" for page in needs}
    assert {f"{page}.html" for page in wanted} <= shown and len(shown) == len(wanted) + 8
