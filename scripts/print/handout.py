"""The exercises of a chapter for paper: tasks alone, and the solutions apart."""

from bs4 import BeautifulSoup, Tag
from built_pages import moved, words
from paper import FOLDER

NAME_LINE = '<p class="name-line">Name <span></span> Date <span></span></p>'
WHY_LINE = '<p class="why-line">Why? <span></span></p>'


def exercises(name: str, article: Tag, chapter: str) -> str:
    """The tasks of a page of exercises, HTML, without solutions, hints and answers.

    Args:
        name: of the page, as the table of contents has it.
        article: what it says.
        chapter: the chapter's title, HTML.
    """
    parts = [NAME_LINE, f"<h1>{chapter}: exercises</h1>"]
    for part in article.select("section > h2, div.exercise"):
        if part.name == "h2":
            parts += section_head(name, part)
        else:
            parts.append(str(task(moved(part, name, FOLDER))))
    return "\n".join(parts)


def solutions(name: str, article: Tag, chapter: str) -> str:
    """The solutions of the same, HTML, each under the title of its exercise."""
    parts = [f"<h1>{chapter}: solutions</h1>"]
    for exercise in article.select("div.exercise"):
        box = moved(exercise, name, FOLDER)
        answers = "".join(answer(each) for each in box.select("details.choice"))
        after = exercise.find_next_sibling(["div", "section"])
        if after is not None and "solution" in after.get("class", []):
            answers += solved(moved(after, name, FOLDER))
        parts.append(f'<div class="exercise">{title(box)}{answers}</div>')
    return "\n".join(parts)


def section_head(name: str, head: Tag) -> list[str]:
    """The title of a section that has exercises of its own, with the line below it."""
    section = head.parent
    if not section.select("div.exercise"):
        return []
    line = head.find_next_sibling()
    shown = [head, line] if line is not None and line.name == "p" else [head]
    return [str(moved(each, name, FOLDER)) for each in shown]


def task(box: Tag) -> Tag:
    """An exercise without what helps, checks or answers. Choices become lines with a box to mark."""
    drop_checks(box)
    choices = box.select("details.choice")
    if choices:
        choices[-1].insert_after(BeautifulSoup(WHY_LINE, "html.parser"))
    for choice in choices:
        line = choice.summary.extract()
        line.name, line["class"] = "p", "choice-line"
        choice.replace_with(line)
    for folded in box.select("details, div.solution"):
        folded.decompose()
    return box


def title(box: Tag) -> str:
    """The number of an exercise and what it is called."""
    number = words(box.select_one(".admonition-title"))
    called = box.select_one("section > p > strong")
    return f'<p class="admonition-title">{number} {called.decode_contents() if called is not None else ""}</p>'


def answer(choice: Tag) -> str:
    """A choice with what it reveals."""
    line = choice.summary.extract()
    kind = "right" if "choice-right" in choice.get("class", []) else "wrong"
    return f'<div class="revealed {kind}"><p>{line.decode_contents()}</p>{choice.decode_contents()}</div>'


def solved(box: Tag) -> str:
    """What a solution says: its words, its code and what that prints, without the report of the check."""
    drop_checks(box)
    box.select_one(".admonition-title").decompose()
    return box.decode_contents()


def drop_checks(box: Tag) -> None:
    """Take out the cells that only check an answer, which paper cannot."""
    for cell in box.select("div.cell"):
        if words(cell).startswith("check("):
            cell.decompose()
