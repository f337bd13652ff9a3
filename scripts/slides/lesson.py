"""The slides of a lesson: its question, its figures, formulas and tables, and what to remember of it."""

from dataclasses import dataclass

from bs4 import Tag
from built_pages import is_explorer, moved, words
from sentences import sentences, text_length
from slide import Slide, bullets, dealt, in_parts

FOLDER = "slides"
LONG_HEADLINE, LONGEST_HEADLINE = 90, 150
LONG_QUESTION = 420
LONG_LEAD = 260
LETTERS_OF_A_TABLE = 900
GOALS = "What you will be able to do"
REMEMBER = "What to remember"


@dataclass(frozen=True)
class Lesson:
    """A page of a chapter."""

    name: str
    """As the table of contents names it, "chapters/gemma/04-norms"."""
    article: Tag
    """What it says."""
    about: str = ""
    """What the chapter's opening says of it, HTML."""

    @property
    def file(self) -> str:
        """The page's file."""
        return self.name.split("/")[-1] + ".html"

    @property
    def title(self) -> str:
        """Its title with its number, HTML."""
        return inner(moved(self.article.find("h1"), self.name, FOLDER))

    def slide(self, kind: str, head: str, body: str, part: Tag | None = None, above: str = "") -> Slide:
        """A slide of this lesson that speaks of a part of it."""
        anchor = f"#{part['id']}" if part is not None and part.get("id") else ""
        return Slide(kind, head, body, above, self.file + anchor, self.title)

    def moved(self, part: Tag) -> Tag:
        """A part of this page, as a deck shows it."""
        return moved(part, self.name, FOLDER)


def lesson_slides(lesson: Lesson, questions: list[Slide]) -> list[Slide]:
    """All slides of a lesson. Its questions come before what to remember."""
    made = [opening(lesson)]
    for part in lesson.article.select("figure, div.math[id], table"):
        if part.name == "figure":
            made += figure_slide(lesson, part)
        elif part.name == "table":
            made += table_slides(lesson, part)
        else:
            made += formula_slide(lesson, part)
    return [*made, *questions, *remember(lesson)]


def opening(lesson: Lesson) -> Slide:
    """The lesson's title, the question it opens with, and what one can do after it."""
    goals = next((each.find_next_sibling("ul") for each in paragraphs(lesson.article)
                  if words(each).startswith(GOALS)), None)  # fmt: skip
    body = f'<p class="question">{first_words(lesson)}</p>'
    if goals is not None:
        items = [inner(unwrapped(lesson.moved(each))).rstrip(".,;") for each in goals.find_all("li", recursive=False)]
        body += f'<p class="small-head">{GOALS}</p><div class="goals">{bullets(items)}</div>'
    return lesson.slide("lesson", lesson.title, body)


def first_words(lesson: Lesson) -> str:
    """How a lesson opens: its own first paragraph, or what the chapter's opening says of it."""
    before = []
    for each in paragraphs(lesson.article):
        if words(each).startswith(GOALS):
            break
        if "page-times" not in each.get("class", []):
            before += sentences(lesson.moved(each))
    chosen = ""
    for each in before:
        if text_length(chosen + each) > LONG_QUESTION:
            break
        chosen += f"{each} "
    return chosen.strip() or lesson.about


def paragraphs(article: Tag) -> list[Tag]:
    """The paragraphs before the first section."""
    return article.find_all("p", recursive=False)


def figure_slide(lesson: Lesson, figure: Tag) -> list[Slide]:
    """A figure under what its caption says first. An explorer stays alive, and prints as its first frame."""
    caption = figure.find("figcaption")
    if caption is None or figure.find("img") is None:
        return []
    own = lesson.moved(figure)
    own.find("figcaption").decompose()
    for question in own.select(".explorer-ask"):  # asked by who teaches; there is no room for it beside the controls
        question.decompose()
    head, rest = headline(lesson, figure, caption)
    picture = str(own) if is_explorer(own) else str(own.find("img"))
    below = f'<p class="caption">{rest}</p>' if rest else ""
    return [lesson.slide("figure", head, picture + below, figure, above(figure))]


def headline(lesson: Lesson, part: Tag, caption: Tag) -> tuple[str, str]:
    """The first sentence of a caption, and the others. Of a long one, what stands before its colon, if it has one.

    If that is still too long: the title of the section, and the whole caption.
    """
    said = sentences(lesson.moved(caption.select_one(".caption-text") or caption))
    before, colon, after = said[0].partition(": ")
    if text_length(said[0]) > LONG_HEADLINE and colon and "<" not in before:
        said[:1] = [before, after[0].upper() + after[1:]]
    if text_length(said[0]) > LONGEST_HEADLINE:
        return heading(part), " ".join(said)
    return said[0].removesuffix("."), " ".join(said[1:])


def table_slides(lesson: Lesson, table: Tag) -> list[Slide]:
    """A table with a caption, on as many slides as its rows need."""
    if table.caption is None:
        return []
    head, rest = headline(lesson, table, table.caption)
    own = lesson.moved(table)
    top = str(own.thead or "")
    rows = (own.tbody or own).find_all("tr", recursive=False)
    groups = dealt(map(str, rows), LETTERS_OF_A_TABLE)
    below = f'<p class="caption">{rest}</p>' if rest else ""

    def made(rows, which):
        body = f"<table>{top}<tbody>{''.join(rows)}</tbody></table>{below}"
        return lesson.slide("table", head + which, body, table, above(table))

    return in_parts(groups, made)


def formula_slide(lesson: Lesson, formula: Tag) -> list[Slide]:
    """Formulas that follow each other, with the sentence before them, and the one after if it goes on with theirs."""
    before = formula.find_previous_sibling(is_seen)
    if before is not None and is_formula(before):
        return []  # it stands on the slide of the one before
    chain, after = [formula], formula.find_next_sibling(is_seen)
    while after is not None and is_formula(after):
        chain.append(after)
        after = after.find_next_sibling(is_seen)
    body = paragraph(lead(lesson, before)) + "".join(str(lesson.moved(each)) for each in chain)
    body += paragraph(trail(lesson, after))
    return [lesson.slide("formula", heading(formula), body, formula, above(formula, 1))]


def lead(lesson: Lesson, before: Tag | None) -> str:
    """The last sentence of the paragraph before a formula, and those before it as far as there is room."""
    if before is None or before.name != "p":
        return ""
    *earlier, chosen = sentences(lesson.moved(before))
    while earlier and text_length(earlier[-1] + chosen) < LONG_LEAD:
        chosen = f"{earlier.pop()} {chosen}"
    return chosen


def trail(lesson: Lesson, after: Tag | None) -> str:
    """The first sentence after a formula, if it goes on with the formula's, or explains its letters."""
    if after is None or after.name != "p":
        return ""
    said = sentences(lesson.moved(after))[0]
    return said if words(after)[:1].islower() or words(after).startswith(("Here ", "It ", "The letters")) else ""


def remember(lesson: Lesson) -> list[Slide]:
    """What to remember, as bullets."""
    title = next((each for each in lesson.article.find_all("h2") if words(each) == REMEMBER), None)
    points = title and title.find_next_sibling("ul")
    if not points:
        return []
    items = [inner(unwrapped(lesson.moved(each))) for each in points.find_all("li", recursive=False)]
    return in_parts(dealt(items), lambda part, which: lesson.slide(
        "remember", REMEMBER + which, bullets(part), title.parent, lesson.title))  # fmt: skip


def heading(part: Tag) -> str:
    """The title of the section that a part stands in, HTML."""
    return inner(moved(part.find_parent("section").find(["h1", "h2", "h3", "h4"]), "", FOLDER))


def above(part: Tag, skipped: int = 0) -> str:
    """The titles of the sections that a part stands in, outermost first, below the page's own."""
    sections = [each for each in part.find_parents("section") if each.find(["h1", "h2", "h3", "h4"], recursive=False)]
    titles = [inner(moved(each.find(["h1", "h2", "h3", "h4"]), "", FOLDER)) for each in sections[skipped:-1]]
    return " · ".join(reversed(titles))


def is_seen(tag: Tag) -> bool:
    """Whether it is more than the empty mark of an anchor."""
    return tag.name != "span"


def is_formula(tag: Tag) -> bool:
    """Whether it is a formula with a line to itself."""
    return tag.name == "div" and "math" in tag.get("class", [])


def paragraph(html: str) -> str:
    """A paragraph, or nothing."""
    return f"<p>{html}</p>" if html else ""


def unwrapped(item: Tag) -> Tag:
    """A point of a list without the paragraph that Sphinx puts around its words."""
    for each in item.find_all("p", recursive=False):
        each.unwrap()
    return item


def inner(tag: Tag) -> str:
    """The HTML within a tag."""
    return tag.decode_contents().strip()
