"""The whole book as one page for paper: contents, every page in order with its links, and the solutions at the end."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from bs4 import BeautifulSoup, Tag
from built_pages import ROOT, files, from_folder, read_page, words
from handout import solutions, task
from paper import FOLDER

HEADINGS = ("h1", "h2", "h3", "h4", "h5")
LEFT_OUT = (
    "section:has(> .chapter-map), .toctree-wrapper, .explorer-controls, .explorer-skip, .explorer-told, .backrefs, "
    "script, noscript, div.solution, details"
)
LEFT_OUT_PAGES = "book/api/"
"""The pages of the package are for looking up on the site."""
LONG = 16
"""Lines of code that stay on one sheet; longer ones may go on the next."""
HEAD = """@page {name} {{ @top-right {{ content: "{title}"; font: 9pt "DejaVu Sans", Arial, sans-serif; }} }}
.of-{name} {{ page: {name}; }}
"""
NUMBER = '<span class="number" data-of="{key}">{number}</span>'
LINE = '<li class="{kind}"><a href="#{key}">{title}</a>' + NUMBER.replace("{number}", "") + "</li>"
TITLE_PAGE = "@page :first { @bottom-center { content: none; } }\n"
IN_SITE = re.compile(r"^(?!\w+:|//)")


@dataclass(frozen=True)
class Page:
    """A page of the book."""

    name: str
    """As the table of contents has it, "chapters/gemma/04-norms"."""
    article: Tag
    """What it says."""

    @property
    def key(self) -> str:
        """What its names begin with in the one page that holds all."""
        return self.name.replace("/", "-")

    @property
    def chapter(self) -> str:
        """The chapter it belongs to; "" if to none."""
        parts = self.name.split("/")
        return parts[1] if parts[0] == "chapters" else ""

    @property
    def is_below(self) -> bool:
        """Whether it stands under the title of a chapter."""
        return bool(self.chapter) and not self.name.endswith("/index")

    @property
    def title(self) -> str:
        """Its title with its number, HTML."""
        return self.article.h1.decode_contents().strip()


def read_book(html: Path) -> list[Page]:
    """Every page, in the order of the table of contents, the front page first; not those of the package."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    names = [name for name in [contents["root"], *files(contents)] if not name.startswith(LEFT_OUT_PAGES)]
    return [Page(name, read_page(name, html)) for name in names]


def whole_book(pages: list[Page]) -> str:
    """The book's body, HTML."""
    keys = {page.name: page.key for page in pages}
    answers = [solved(page) for page in pages if page.name.endswith("/exercises")]
    listed = contents_list(pages[1:])  # before headings are set lower
    shown = [set_page(page, keys) for page in pages]
    head = shown[0].find("h1").extract()
    return "\n".join([
        f'<section class="title-page"><p class="book-title">{head.decode_contents()}</p></section>',
        listed, *map(str, shown),
        '<section class="page-of-book solutions" id="solutions"><h1>Solutions</h1>', *answers, "</section>",
    ])  # fmt: skip


def contents_list(pages: list[Page]) -> str:
    """The contents, each title a link."""
    lines = [LINE.format(kind="below" if page.is_below else "top", key=page.key, title=page.title) for page in pages]
    lines.append(LINE.format(kind="top", key="solutions", title="Solutions"))
    return f'<section class="page-of-book contents"><h1>Contents</h1><ul>{"".join(lines)}</ul></section>'


def numbered(html: str, numbers: Mapping[str, int]) -> str:
    """A book whose contents say on which page each title stands.

    Args:
        html: the book's page.
        numbers: {key of a page: the number of the sheet it begins on}.
    """
    for key, number in numbers.items():
        html = html.replace(NUMBER.format(key=key, number=""), NUMBER.format(key=key, number=number))
    return html


def set_page(page: Page, keys: dict[str, str]) -> Tag:
    """A page as a part of the book: names and links are the book's, and nothing is left that needs a screen.

    Args:
        page: the page. What it says is changed in place.
        keys: {name of a page: its key}.
    """
    part = page.article
    for box in part.select("div.exercise"):
        task(box)
    for folded in part.select("details:not(.choice)"):
        for output in folded.select(".cell_output"):
            folded.insert_before(output)
    for extra in part.select(LEFT_OUT):
        extra.decompose()
    of_paper(part)
    rename(part, page)
    for link in part.select("a[href]"):
        link["href"] = address(link["href"], page, keys)
        if not link["href"]:
            link.unwrap()
    for picture in part.select("img"):
        picture["src"] = from_folder(picture["src"], page.name, FOLDER)
    if page.chapter:
        lower(part, keep_first=not page.is_below)
    part["id"], part["class"] = page.key, ["page-of-book", f"of-{page.chapter or 'book'}", "mathjax_ignore"]
    return part


def of_paper(part: Tag) -> None:
    """Answers to press become words, long code may break, and what reports on a reader's work or lists nothing goes."""
    for answer in part.select("button.explorer-answer"):
        answer.name, answer.attrs = "strong", {}
        answer.append(".")
    for code in part.select("div.cell_input"):
        if code.get_text().strip().count("\n") >= LONG:
            code["class"] = [*code["class"], "long"]
    for cell in part.select("div.cell"):
        if words(cell).startswith("progress("):
            cell.find_parent("section").decompose()
    for heading in part.select("section > h2, section > h3"):
        if words(heading.parent) == words(heading) and not heading.parent.select("img, svg"):
            heading.parent.decompose()


def rename(part: Tag, page: Page) -> None:
    """Put a page's key before every name on it, and point exercises to their solutions."""
    for inside in part.select("div.exercise > section[id]"):  # all of them have the same
        del inside["id"]
    if part.get("id"):  # links lead to the title's own name as well, and the page is about to get another
        part.insert(0, BeautifulSoup(f'<span id="{part["id"]}"></span>', "html.parser"))
    for tag in part.select("[id]"):
        if tag.find_parent("svg") is None:
            tag["id"] = f"{page.key}--{tag['id']}"
    for box in part.select("div.exercise[id]"):
        link = BeautifulSoup(f'<a class="to-solution" href="#{box["id"]}--solution">Solution</a>', "html.parser")
        box.select_one(".admonition-title").append(link)


def address(href: str, page: Page, keys: dict[str, str]) -> str:
    """A link of a page as one within the book; an address outside as it is; "" for what the book does not hold."""
    if not IN_SITE.match(href) or href.startswith(f"#{page.key}--"):
        return href
    file, _, anchor = href.partition("#")
    beside = posixpath.join(posixpath.dirname(page.name), file)
    name = posixpath.normpath(beside).removesuffix(".html") if file else page.name
    if name not in keys:
        return ""
    return f"#{keys[name]}--{anchor}" if anchor else f"#{keys[name]}"


def lower(part: Tag, keep_first: bool) -> None:
    """Set headings one level lower, below those of the chapter; the first only if it is not the chapter's own."""
    for heading in part.find_all(HEADINGS)[int(keep_first) :]:
        heading.name = f"h{int(heading.name[1]) + 1}"


def solved(page: Page) -> str:
    """The solutions of a page of exercises, each with the name that its exercise links to."""
    made = BeautifulSoup(solutions(page.name, page.article, page.chapter), "html.parser")
    made.h1.name = "h2"
    made.h2.string = page.article.h1.get_text().strip()
    for box, exercise in zip(made.select("div.exercise"), page.article.select("div.exercise"), strict=True):
        box["id"] = f"{page.key}--{exercise['id']}--solution"
    return str(made)


def running_heads(pages: list[Page]) -> str:
    """Rules that set each chapter's title above its pages, CSS."""
    opening = [page for page in pages if page.chapter and not page.is_below]
    return TITLE_PAGE + "".join(HEAD.format(name=page.chapter, title=words(page.article.h1)) for page in opening)
