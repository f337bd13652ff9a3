"""What our extensions add to a written page or take from it: scripts, exits, links to files, badges, folded cells."""

import gzip
import json
import re
import sys
from functools import cache
from types import SimpleNamespace

import nbformat
import pytest
from book_build import ROOT
from docutils import nodes

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import badges
import checkout_files
import exits
import folded_cells
import lean_pages
import page_heads

PAGE = """<html data-content_root="../">
<script data-cfasync="false">first();</script>
<script>let second = 2;</script>
<script src="../_static/doctools.js"></script>
<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>
<script defer="defer" src="../_static/mathjax/startup.js"></script>
<script src="../_static/searchtools.js"></script>
<script src="../searchindex.js"></script>
<script type="application/vnd.jupyter.widget-state+json">{"a": "</b>"}</script>
<script type="application/json" class="explorer-frames">{}</script>
<button onclick="toggleFullScreen()" class="btn">x</button>
"""


def leaned(page):
    """A page made lean, and the scripts that it left."""
    kept = {}

    def keep(code):
        name = f"_static/inline/{len(kept)}.js"
        kept[name] = code
        return name

    return lean_pages.lean(page, keep), kept


def test_scripts_move_out_and_what_no_page_needs_goes():
    page, kept = leaned(PAGE)
    assert kept == {"_static/inline/0.js": "first();\nlet second = 2;"}
    assert re.findall(r'src="([^"]*)"', page) == ["../_static/inline/0.js", "../_static/doctools.js"]
    assert 'class="explorer-frames">{}' in page and "onclick" not in page and "widget-state" not in page


def test_the_page_of_the_search_keeps_its_index():
    page, _ = leaned(PAGE + '<div id="search-results"></div>')
    assert "searchtools.js" in page and "searchindex.js" in page


def test_formulas_keep_their_script():
    page, _ = leaned(PAGE + '<span class="math notranslate">x</span>')
    assert "mathjax/startup.js" in page


@cache
def compressed(path):
    """Bytes of a file as a server sends it."""
    return len(gzip.compress(path.read_bytes()))


def test_no_built_page_has_a_script_of_its_own_or_a_large_one(built_book):
    pages = [path for path in built_book.rglob("*.html") if "_static" not in path.parts]
    assert len(pages) > 40
    for path in pages:
        html = path.read_text("utf-8")
        assert not lean_pages.INLINE.search(html) and not re.search(r'\son[a-z]+="', html), path
        for address in re.findall(r'<script(?:[^>]*\s)?src="([^"?]*)', html):
            assert compressed(path.parent / address) < 160_000, f"{path}: {address}"


@pytest.mark.parametrize(("page", "notebook"), [
    ("chapters/gemma/04-norms", "gemma/04-norms.ipynb"), ("chapters/gemma/index", "gemma/00-overview.ipynb"),
    ("book/setup", "start-here/setup.ipynb"), ("book/index", "start-here/index.ipynb"),
])  # fmt: skip
def test_the_notebook_of_a_page(page, notebook):
    assert exits.notebook_of(page).as_posix() == notebook


def settings(repository="", hub=""):
    """The configuration of a book, as far as exits look at it."""
    return SimpleNamespace(book_repository=repository, book_branch="main", book_hub=hub)


def test_without_an_address_only_what_the_site_has():
    found = exits.buttons(settings(), "chapters/gemma/04-norms", "chapters/gemma/04-norms.ipynb", "Norms", True)
    assert found == [("Download the notebook", "/notebooks/gemma/04-norms.ipynb"),
                     ("Source of the package", "/files/index.html")]  # fmt: skip


def test_one_address_opens_every_door():
    config = settings("https://github.com/a/b.git/", "https://hub.school.edu/")
    found = dict(exits.buttons(config, "chapters/gemma/04-norms", "chapters/gemma/04-norms.ipynb", "A & B", True))
    assert found["Open in Colab"] == (
        "https://colab.research.google.com/github/a/b/blob/main/book/notebooks/gemma/04-norms.ipynb")  # fmt: skip
    assert found["Open in Binder"].endswith("/gh/a/b/main?labpath=book%2Fnotebooks%2Fgemma%2F04-norms.ipynb")
    assert "hub.school.edu/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fa%2Fb&" in found[
        "Open in the class's JupyterHub"]  # fmt: skip
    assert found["Edit this page"] == "https://github.com/a/b/edit/main/chapters/gemma/04-norms.ipynb"
    assert found["Report a mistake"].startswith("https://github.com/a/b/issues/new?title=Mistake%20on%3A%20A%20%26%20B&")


def test_every_page_of_the_book_has_its_way_out(built_book):
    for path in [built_book / "book/index.html", *built_book.glob("chapters/*/*.html")]:
        html = path.read_text("utf-8")
        links = re.findall(r'href="([^"]*(?:\.ipynb|files/index\.html))"', html)
        assert links and all((path.parent / link).resolve().is_file() for link in links), path


def test_files_are_linked_where_they_are_named(built_book):
    page = (built_book / "chapters/gemma/04-norms.html").read_text("utf-8")
    assert 'class="source-link" href="../../files/code/llmbook/chapters/gemma/norms/plots.py.html"' in page
    assert 'class="source-link" href="../../book/api/layers.html#module-llmbook.layers"' in page
    for html in ((path, path.read_text("utf-8")) for path in built_book.glob("chapters/*/*.html")):
        named = {text for text in re.findall(r'<span class="pre">([^<]*)</span></code>', html[1])
                 if checkout_files.FILE.fullmatch(text) and (ROOT / text).is_file()}  # fmt: skip
        for text in named:
            assert f"files/{text}.html" in html[1], f"{html[0]}: {text}"
            assert (built_book / f"files/{text}.html").is_file() and (built_book / f"files/{text}").is_file()


def test_a_table_has_an_address_for_each_row(built_book):
    page = (built_book / "files/data/llm_configs.csv.html").read_text("utf-8")
    rows = len((ROOT / "data/llm_configs.csv").read_text("utf-8").splitlines()) - 1
    assert f'id="row-{rows}"' in page and f'id="row-{rows + 1}"' not in page
    made = checkout_files.table('a,b\n"1\n2",<3>\n')
    assert made.count("<td>") == 2 and "&lt;3&gt;" in made


KNOWN = dict.fromkeys(badges.CLASSES, "x")


@pytest.mark.parametrize(("words", "classes"), [
    ("exact.", ["exact"]), ("line 2: to one digit; the rest: exact.", ["exact", "to one, two, three or four digits"]),
    ("to 0.02.", ["to 0.02; to 2 %"]), ("to 2 %.", ["to 0.02; to 2 %"]), ("illustrative.", ["illustrative"]),
    ("rounding, below <span>10</span>", ["rounding, below"]), ("up to the seed, to the printed digits.",
                                                               ["to the printed digits", "up to the seed"]),
])  # fmt: skip
def test_a_badge_says_what_each_class_of_its_line_means(words, classes):
    assert badges.said_of(words, {name: name for name in KNOWN}) == " ".join(
        f"{name[0].upper()}{name[1:]}: {name}." for name in classes)  # fmt: skip


def test_every_line_of_the_book_is_a_badge(built_book):
    for path in built_book.glob("chapters/*/*.html"):
        html = path.read_text("utf-8")
        assert "<em>Reproduces" not in html.replace('<p class="reproduces">', ""), path
        assert html.count('class="badge-link"') == html.count('role="tooltip" id="promise-')


def test_a_table_without_a_class_is_refused():
    """The twin: a class of promises whose meaning no reader could find."""
    with pytest.raises(ValueError, match="no row"):
        badges.meanings(nodes.document(None, None))


def folded(*sources):
    """The titles of the cells of a page that fold."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    made = json.loads(folded_cells.fold(nbformat.writes(nbformat.v4.new_notebook(cells=cells))))
    return [cell["metadata"].get("mystnb", {}).get("code_prompt_show", "") for cell in made["cells"]]


def test_cells_that_only_prepare_or_draw_fold():
    imports = "import torch\nfrom llmbook.chapters.gemma.norms import plots\ntorch.set_num_threads(1)"
    assert folded(imports, "plots.plot_vectors({'x': [1]}, top=-2)", "limits = (1, 2)\nplots.draw(limits)",
                  "named = {k: v.tolist() for k, v in rows.items()}\nplots.draw(named)") == [
        "Imports and settings", *["The code of the figure"] * 3]  # fmt: skip


@pytest.mark.parametrize("work", [
    "x = torch.ones(3)", "plots.draw(1)\nprint(2)", "y = compute(3)\nplots.draw(y)", "draw(1)", "1 +",
    "from a import b\nb.train()", "def f():\n    return 1", "for x in y:\n    plots.draw(x)",
])  # fmt: skip
def test_cells_that_work_stay_open(work):
    assert folded("from llmbook.chapters.gemma.norms import plots", work)[1] == ""


def test_a_page_says_what_it_is(built_book):
    for path in built_book.glob("chapters/*/*.html"):
        found = re.search('<meta name="description" content="([^"]*)"', path.read_text("utf-8"))
        assert found and 20 < len(found[1]) < 300, path
    assert "There is no such page" in (built_book / "404.html").read_text("utf-8")


def test_addresses_and_pictures_only_of_a_published_book():
    assert not re.search("og:(url|image)", page_heads.metatags("T", "x", "", ""))
    assert 'content="https://b.org/a?b=1&amp;c"' in page_heads.metatags("T", "x", "https://b.org/a?b=1&c", "p.svg")
    long = nodes.paragraph("", "word " * 100)
    assert page_heads.description(nodes.section("", long)).endswith("word ...")
