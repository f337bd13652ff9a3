"""The built pages of a chapter, without what only a page on the screen needs, and moved to another folder."""

import posixpath
from copy import copy
from pathlib import Path

import yaml
from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
OF_THE_SCREEN = ".drawn-narrow, .drawn-dark, .headerlink, .term-definition, .toggle-button, button.copybtn"


def chapters(root: Path = ROOT) -> dict[str, list[str]]:
    """{name of a chapter: its pages in the order of the table of contents, as "chapters/gemma/index"}."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for name in files(contents):
        parts = name.split("/")
        if parts[0] == "chapters":
            found.setdefault(parts[1], []).append(name)
    return found


def files(contents: object) -> list[str]:
    """Every page that a part of the table of contents names, in order."""
    if isinstance(contents, list):
        return [name for each in contents for name in files(each)]
    if not isinstance(contents, dict):
        return []
    here = [contents["file"]] if "file" in contents else []
    return here + [name for each in contents.values() if isinstance(each, list) for name in files(each)]


def read_page(name: str, html: Path = HTML) -> Tag:
    """What a page says, without navigation: its outermost section."""
    soup = BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    return cleaned(soup.select_one("article.bd-article > section"))


def cleaned(part: Tag) -> Tag:
    """Take out links to headings, buttons, and definitions that would show over a word."""
    for extra in part.select(OF_THE_SCREEN):
        extra.decompose()
    for picture in part.select("img[loading]"):
        del picture["loading"]  # paper waits for no reader who scrolls to it
    for box in part.select(".drawing-scrolls"):
        box.unwrap()  # nor does it scroll
    return part


def moved(part: Tag, page: str, folder: str) -> Tag:
    """A copy of a part of a page for a file in another folder: pictures and frames are found, links are plain words."""
    made = copy(part)
    for picture in made.select("img"):
        picture["src"] = from_folder(picture["src"], page, folder)
    for frames in made.select("[data-src]"):
        frames["data-src"] = from_folder(frames["data-src"], page, folder)
    for link in made.select("a"):
        link.unwrap()
    for tag in [made, *made.find_all(True)]:
        if not (is_explorer(tag) or tag.find_parent(class_="explorer")):
            tag.attrs.pop("id", None)
    return made


def is_explorer(tag: Tag) -> bool:
    """Whether it is a figure with controls, whose names hang together by their ids."""
    return "explorer" in tag.get("class", [])


def from_folder(address: str, page: str, folder: str) -> str:
    """An address on a page, as a file in another folder writes it."""
    if address.startswith("data:") or "://" in address:
        return address
    return posixpath.relpath(posixpath.join(posixpath.dirname(page), address), folder)


def words(part: Tag) -> str:
    """The text of a part, with single spaces."""
    return " ".join(part.get_text().split())
