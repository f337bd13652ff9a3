"""A book of four pages in a folder: one before the chapters, a chapter's first, a lesson, and exercises."""

import json
import re

import pytest

CONTENTS = """format: jb-book
root: book/index
parts:
  - caption: Start here
    chapters:
      - file: book/words
  - caption: Chapters
    numbered: 2
    chapters:
      - file: chapters/tea/index
        sections:
          - file: chapters/tea/01-water
          - file: chapters/tea/exercises
"""
WORDS = """% a remark
# Words

```{glossary}
pot
  Holds {term}`tea`.
  And lid.

tea
  A drink.
```
"""
OVERVIEW = """# Tea

::::{container} opening
See {doc}`01-water` and {doc}`/book/words`.
::::
<!-- numbers: {} -->
"""
REFERENCES = """@article{ito1999tea, author = {Ito, Aki and Ono, Ken and Mori, Rin}, title = {Tea: a story},
  journal = {Cups}, year = {1999}}
@article{wu2001pots, author = {Wu, Lan and Li, Bo}, title = {Pots}, journal = {Cups}, year = {2001}}
"""
LESSON = """%% markdown title
# Water

It {term}`boils <boiling>`, says {cite:t}`ito1999tea` {cite:p}`ito1999tea, wu2001pots`.
%% markdown heat
(tea-heat)=
## How hot

$$
Q = m c T
$$ (eq-tea-heat)

{numref}`fig-tea-curve`, {eq}`eq-tea-heat`: `{term}`, [a file](../../data/tea.csv), [below](#to-remember).
%% code curve
draw()
%% markdown kinds
```{list-table} Kinds of {term}`tea`.
:name: tab-tea
:header-rows: 1

* - kind
  - a|b
* - green
  - 80
```
%% markdown end
## To remember

See {ref}`tea-heat`, {ref}`tea-ex-cups`.

## References

```{bibliography}
```
"""
TASKS = """%% markdown title
# Exercises

[Cups](#tea-ex-cups)
%% code imports
from llmbook.chapters import check
%% markdown cups-start
```{exercise-start} core, 5 min
:label: tea-ex-cups
```
%% markdown cups-task
**Count the cups.** Return how many.
%% code cups-starter
def cups():
    raise NotImplementedError
%% markdown cups-end
```{exercise-end}
```
%% markdown cups-solution
```{solution-start} tea-ex-cups
:class: dropdown
```
%% code cups-answer
def cups_solution():
    return 3
%% markdown cups-why
Three.
%% markdown cups-done
```{solution-end}
```
"""
FIGURE = {"name": "fig-tea-curve", "caption": "It rises to $100$ ({eq}`eq-tea-heat`)."}
METADATA = {
    "curve": {"mystnb": {"figure": FIGURE, "image": {"alt": "A curve."}}, "numbers": {"100": "given"}},
    "cups-starter": {"exercise": {"id": "tea-ex-cups"}},
    "cups-answer": {"tags": ["solution"]},
}


def notebook(text):
    """A page as the text of its file; its cells begin with "%% KIND NAME"."""
    cells = []
    for kind, name, source in re.findall(r"%% (\w+) ([\w-]+)\n(.*?)(?=\n%% |\n\Z)", text, re.DOTALL):
        run = {"outputs": [], "execution_count": None} if kind == "code" else {}
        lines, metadata = source.splitlines(keepends=True), METADATA.get(name, {})
        cells.append({"cell_type": kind, "id": name, "metadata": metadata, "source": lines} | run)
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def book(tmp_path):
    """The folder of the book."""
    files = {
        "_toc.yml": CONTENTS,
        "book/words.md": WORDS,
        "book/references.bib": REFERENCES,
        "chapters/tea/index.md": OVERVIEW,
        "chapters/tea/01-water.ipynb": notebook(LESSON),
        "chapters/tea/exercises.ipynb": notebook(TASKS),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def change(book):
    """Change the text of a file of the book."""

    def put(name, old, new):
        path = book / name
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")

    return put
