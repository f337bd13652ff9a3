"""The text of a page in plain Markdown: no role, no directive and no label is left, and every link leads somewhere."""

from pathlib import PurePosixPath

import pytest

from llmbook.notebooks.citations import read_references
from llmbook.notebooks.contents import BookError, read_pages
from llmbook.notebooks.labels import find_targets
from llmbook.notebooks.render import Book, Renderer, fragment, slug


@pytest.fixture
def renderer(book):
    """Of the lesson."""
    pages = read_pages(book)
    return Renderer(Book(pages, find_targets(pages), read_references(book / "book" / "references.bib")), pages[2],
                    PurePosixPath("tea/01-water.ipynb"))  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [
    ("{term}`tea`, {term}`pots <pot>`", "tea, pots"),
    ("{cite:t}`wu2001pots`", "Wu and Li (2001)"),
    ("{doc}`index`, {doc}`it </book/words>`", "[Tea](00-overview.ipynb), [it](../start-here/words.ipynb)"),
    ("{ref}`tea-heat`, {ref}`there <tea-heat>`", "[How hot](#How-hot), [there](#How-hot)"),
    ("{ref}`tea-ex-cups`", "[Exercise 1.1](exercises.ipynb#Exercise-1.1%3A-Count-the-cups)"),
    ("{numref}`fig-tea-curve`, {numref}`tab-tea`, {eq}`eq-tea-heat`", "Figure 1.1, Table 1.1, (1.1)"),
    ("# Water", "# 1.1 Water"),
    ("(tea-x)=\n## Sub", "## Sub"),
    ("$$\nx\n$$ (eq-tea-heat)", "$$\nx\n\\tag{1.1}\n$$"),
    ("```{math}\n:label: eq-tea-heat\nx\n```", "$$\nx\n\\tag{1.1}\n$$"),
    ("```{note}\nMind.\n\n- a\n```", "> **Note**\n>\n> Mind.\n>\n> - a"),
    ("```{admonition} So\n:class: dropdown\nHot {term}`tea`.\n```",
     "<details><summary>So</summary>\n\nHot tea.\n\n</details>"),
    (":::{table} Of {term}`tea`.\n:name: tab-tea\n\n| a |\n| --- |\n:::", "**Table 1.1.** Of tea.\n\n| a |\n| --- |"),
    ("[x](../../data/tea.csv), [y](https://a.b/c#d)", "[x](../../../data/tea.csv), [y](https://a.b/c#d)"),
    ("[x](exercises.ipynb#tea-ex-cups), [y](exercises.ipynb)",
     "[x](exercises.ipynb#Exercise-1.1%3A-Count-the-cups), [y](exercises.ipynb)"),
    ("[x](#to-remember), [y](#tea-heat)", "[x](#To-remember), [y](#How-hot)"),
    ("```{book-map}\n```", ""),
])  # fmt: skip
def test_each_form_of_the_pages_in_plain_markdown(renderer, text, said):
    assert renderer.markdown(text) == said


def test_a_number_of_another_page_is_a_link_to_it(book):
    pages = read_pages(book)
    other = Renderer(Book(pages, find_targets(pages), read_references(book / "book" / "references.bib")), pages[0],
                     PurePosixPath("start-here/words.ipynb"))  # fmt: skip
    assert other.inline("{numref}`fig-tea-curve`") == "[Figure 1.1](../tea/01-water.ipynb)"


def test_works_are_listed_once_and_only_if_cited(renderer):
    renderer.markdown("{cite:p}`wu2001pots` {cite:t}`wu2001pots`")
    assert renderer.keys == ["wu2001pots"]
    assert renderer.markdown("```{bibliography}\n```") == "- Lan Wu and Bo Li. Pots. *Cups*, 2001."


@pytest.mark.parametrize(("text", "said"), [
    ("{abbr}`x`", "the role abbr"), ("```{figure} x\n```", "the directive figure"),
    ("{ref}`gone`", "nothing in the book is called gone"),
    ("{doc}`gone`", "called chapters/tea/gone"), ("{cite:p}`gone`", "no reference is called gone"),
])  # fmt: skip
def test_what_no_notebook_can_show_is_refused(renderer, text, said):
    with pytest.raises(BookError, match=said):
        renderer.markdown(text)


def test_headings_are_found_by_the_addresses_of_jupyterlab_and_of_the_site():
    assert fragment("How *far* is `x`, {term}`tea`?") == "#How-far-is-x%2C-tea%3F"
    assert fragment("The $1 + w$") == ""
    assert slug("What to remember?") == "what-to-remember"
