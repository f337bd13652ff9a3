"""A chapter's slides as one page of the site."""

from html import escape

from bs4 import BeautifulSoup, Tag
from built_pages import moved
from lesson import FOLDER, LONG_QUESTION, Lesson, inner, lesson_slides
from questions import Question, question_slides, read_questions
from sentences import sentences, text_length
from slide import Slide

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: slides</title>
<link rel="icon" href="../_static/favicon.svg">
<link rel="stylesheet" href="../_static/pygments.css">
<link rel="stylesheet" href="../_static/llmbook.css">
<link rel="stylesheet" href="../_static/slides.css">
<script src="../_static/slides.js"></script>
<script src="../_static/explorer.js"></script>
<script defer src="../_static/mathjax/startup.js"></script>
</head>
<body>
<main>
{slides}
</main>
<nav class="deck-keys" aria-label="Slides">
<button type="button" data-go="-1" aria-label="Slide before">&#8592;</button>
<button type="button" data-go="1" aria-label="Next slide">&#8594;</button>
</nav>
</body>
</html>
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)
"""What a deck may load and run: the same as a page of the book."""
SLIDE = """<section class="slide slide-{kind}" id="{number}" aria-label="Slide {number} of {count}">
<header>{above}<{level}>{head}</{level}></header>
<div class="slide-body">{body}</div>
<footer><span>{place}</span><span>{number}&#8201;/&#8201;{count}</span></footer>
</section>"""


def chapter_slides(pages: dict[str, Tag]) -> list[Slide]:
    """The slides of a chapter, from its built pages: its opening, its exercises, and the lessons between them.

    Args:
        pages: {its pages, in order: what each says}.
    """
    front, *lessons = [name for name in pages if not name.endswith("/exercises")]
    questions = [each for name in pages if name.endswith("/exercises") for each in read_questions(name, pages[name])]
    about = descriptions(front, pages[front])
    read = [Lesson(name, pages[name], about.get(name.split("/")[-1] + ".html", "")) for name in lessons]
    decks = [lesson_slides(lesson, asked_of(lesson, questions)) for lesson in read]
    begin = chapter_opening(front, pages[front])
    starts = [len(begin) + 2 + sum(map(len, decks[:number])) for number in range(len(decks))]
    return [*begin, contents(read, starts, begin[0].head), *(slide for deck in decks for slide in deck)]


def asked_of(lesson: Lesson, questions: list[Question]) -> list[Slide]:
    """The slides of the questions that belong to a lesson."""
    return [slide for each in questions if each.page == lesson.name for slide in question_slides(each, lesson.title)]


def descriptions(name: str, article: Tag) -> dict[str, str]:
    """{file of a lesson: what the chapter's opening says of it}. There each stands in a list, after its link."""
    found = {}
    for line in article.select("li > p:has(> a)"):
        title, colon, said = inner(moved(line, name, FOLDER)).partition(inner(moved(line.a, name, FOLDER)) + ":")
        if colon and not title:
            said = said.strip()
            found.setdefault(line.a["href"], said[:1].upper() + said[1:])
    return found


def chapter_opening(name: str, article: Tag) -> list[Slide]:
    """The chapter's title, and the sentences it opens with."""
    said = sentences(moved(article.find("p", recursive=False), name, FOLDER))
    chosen = ""
    for each in said:
        if text_length(chosen + each) > LONG_QUESTION:
            break
        chosen += f"{each} "
    title = inner(moved(article.find("h1"), name, FOLDER))
    return [Slide("chapter", title, f'<p class="question">{chosen}</p>', "Open LLMs from Scratch", "index.html", title)]


def contents(lessons: list[Lesson], starts: list[int], title: str) -> Slide:
    """The lessons, each a link to its first slide."""
    begun = zip(lessons, starts, strict=True)
    items = "".join(f'<li><a href="#{start}">{lesson.title}</a></li>' for lesson, start in begun)
    return Slide("contents", "The lessons", f"<ul>{items}</ul>", title, "index.html", title)


def deck(slides: list[Slide], chapter: str) -> str:
    """The page that shows slides, as HTML."""
    title = BeautifulSoup(slides[0].head, "html.parser").get_text()
    shown = "\n".join(shown_slide(slide, number, len(slides), chapter) for number, slide in enumerate(slides, 1))
    return PAGE.format(title=escape(title), slides=shown, policy=POLICY)


def shown_slide(slide: Slide, number: int, count: int, chapter: str) -> str:
    """One slide as HTML, with a link to what it is from."""
    above = f'<p class="above">{slide.above}</p>' if slide.above else ""
    level = "h1" if slide.kind in ("chapter", "lesson") else "h2"
    place = f'<a href="../chapters/{chapter}/{slide.page}">{slide.place}</a>'
    return SLIDE.format(kind=slide.kind, number=number, count=count, above=above, level=level, head=slide.head,
                        body=slide.body, place=place)  # fmt: skip
