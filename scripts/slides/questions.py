"""The questions of a chapter's exercises: a slide that asks, and behind it what each choice reveals."""

import posixpath
import re
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag
from built_pages import moved, words
from lesson import FOLDER, inner
from sentences import sentences, text_length
from slide import Slide, dealt, in_parts

NAMED = re.compile(r"wrong answers?\b[^.:;]*? (?:is|are)\b[^.:;]*?(?: ([A-Z])\b| the (first|second|third|fourth)\b)")
PLACES = {"first": 0, "second": 1, "third": 2, "fourth": 3}
LETTERS_OF_AN_ANSWER, LETTERS_OF_THE_EXPECTED = 800, 330


@dataclass(frozen=True)
class Choice:
    """One answer to pick."""

    line: str
    """Its letter and its text, HTML."""
    reveals: str
    """What picking it reveals, HTML."""
    is_right: bool

    @property
    def letter(self) -> str:
        """The letter it is called by."""
        return re.sub(r"<[^>]+>", "", self.line).strip()[:1]


@dataclass(frozen=True)
class Question:
    """An exercise whose answers are choices."""

    page: str
    """The page that it belongs to, as "chapters/gemma/04-norms"; "" if it names none."""
    name: str
    """Its label in the exercises."""
    title: str
    """What it is called, HTML."""
    asked: list[str]
    """What it asks, HTML of its blocks."""
    choices: list[Choice]
    """In their order."""
    expected: str
    """What its solution says of the wrong answer to expect, HTML; "" if nothing."""


def read_questions(name: str, article: Tag) -> list[Question]:
    """The questions of a page of exercises, in its order."""
    return [read_question(name, each) for each in article.select("div.exercise") if each.select("details.choice")]


def read_question(name: str, exercise: Tag) -> Question:
    """A question from its box, and from that of its solution."""
    own = moved(exercise, name, FOLDER)
    choices = [read_choice(each) for each in own.select("details.choice")]
    blocks = [each for each in own.find("section").find_all(True, recursive=False) if is_asked(each)]
    bold = blocks[0].find("strong")
    title = inner(bold.extract()).removesuffix(".") if bold is not None else "A question"
    return Question(page_of(name, exercise), exercise.get("id", ""), title, list(map(str, blocks)), choices,
                    expected(name, exercise))  # fmt: skip


def is_asked(block: Tag) -> bool:
    """Whether a block of an exercise asks: no choice, no hint, and not the name of its page."""
    folded = block.name == "details" or block.find("details") is not None
    return not folded and bool(words(block)) and not words(block).startswith("From the page")


def page_of(name: str, exercise: Tag) -> str:
    """The page that an exercise says it is from."""
    lines = [each for each in exercise.find_all("p") if words(each).startswith("From the page") and each.a]
    if not lines:
        return ""
    file = lines[-1].a["href"].split("#")[0].removesuffix(".html")
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), file))


def read_choice(box: Tag) -> Choice:
    """A choice from its folded box."""
    line = inner(box.summary.extract())
    return Choice(line, inner(box), "choice-right" in box.get("class", []))


def expected(name: str, exercise: Tag) -> str:
    """What the solution of a question says of the wrong answer to expect: from the sentence on that names it."""
    after = exercise.find_next_sibling(["div", "section"])
    if after is None or "solution" not in after.get("class", []):
        return ""
    for each in after.find_all("p"):
        said = sentences(moved(each, name, FOLDER))
        begin = next((place for place, sentence in enumerate(said) if "wrong answer" in sentence), None)
        if begin is not None:
            return f"<p>{beginning(said[begin:])}</p>"
    return ""


def beginning(said: list[str]) -> str:
    """The first of these sentences, and the next as far as there is room."""
    chosen = said[0]
    for each in said[1:]:
        if text_length(chosen + each) > LETTERS_OF_THE_EXPECTED:
            break
        chosen += f" {each}"
    return chosen


def question_slides(question: Question, place: str) -> list[Slide]:
    """The slide that asks, with every choice closed, and those that answer."""
    page = f"exercises.html#{question.name}"
    lines = "".join(f"<li>{choice.line}</li>" for choice in question.choices)
    body = f'{"".join(question.asked)}<ul class="choices">{lines}</ul>'
    asks = Slide("question", question.title, body, "Question", page, place)
    recalled = last_question(question)

    def answers(boxes, which):
        return Slide("answer", question.title + which, recalled + "".join(boxes), "Answer", page, place)

    return [asks, *in_parts(dealt(answer_boxes(question), LETTERS_OF_AN_ANSWER), answers)]


def answer_boxes(question: Question) -> list[str]:
    """Each choice opened, HTML: the right one, what is said of the wrong one to expect, and the others."""
    wrong = [each for each in question.choices if not each.is_right]
    named = expected_choice(question)
    right = "".join(box(each) for each in question.choices if each.is_right)
    if named is None:
        first = right + (f'<div class="revealed expected">{question.expected}</div>' if question.expected else "")
        return [first, *map(box, wrong)]
    return [right, box(named, question.expected), *(box(each) for each in wrong if each is not named)]


def expected_choice(question: Question) -> Choice | None:
    """The wrong choice that the solution names by its letter or by its place, if it names one."""
    found = NAMED.search(re.sub(r"<[^>]+>", "", question.expected))
    if not found:
        return None
    letter, place = found.groups()
    number = PLACES.get(place)
    named = [each for at, each in enumerate(question.choices) if each.letter == letter or at == number]
    return named[0] if named and not named[0].is_right else None


def box(choice: Choice, more: str = "") -> str:
    """A choice, opened."""
    kind = "right" if choice.is_right else "wrong"
    return f'<div class="revealed {kind}"><p>{choice.line}</p>{choice.reveals}{more}</div>'


def last_question(question: Question) -> str:
    """The sentence that asks, so that an answer makes sense without the slide before it."""
    blocks = [BeautifulSoup(block, "html.parser").find("p") for block in question.asked]
    asking = [each for block in blocks if block is not None for each in sentences(block) if "?" in each[-3:]]
    short = [each for each in asking if text_length(each) < LETTERS_OF_AN_ANSWER / 4]
    return f'<p class="recalled">{short[-1]}</p>' if short else ""
