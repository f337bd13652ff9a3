"""The pages of the package: every public name, with its source and its lessons, and the way from a lesson."""

import importlib
import inspect
import pkgutil
import re
import sys
from types import SimpleNamespace

import pytest
import yaml
from book_build import ROOT
from docutils import nodes
from markdown_it import MarkdownIt

import llmbook
from llmbook.notebooks.contents import read_pages
from llmbook.notebooks.labels import find_targets

sys.path.append(str(ROOT / "book" / "_ext"))
import checkout_files
import package_links
import package_names
import package_pages

API = ROOT / "book" / "api"
PACKAGE = package_names.read_package(ROOT / "code")
SMALL = {
    "llmbook/__init__.py": "",
    "llmbook/room/__init__.py": 'from llmbook.room.desk import FEW, write\n__all__ = ["FEW", "write"]\n',
    "llmbook/room/desk.py": 'from llmbook.room.deep import write\nFEW = 3\nMANY = 9\n"""Nine."""\n_own = 1\n"""No."""\n'
    'class Desk:\n    """A desk."""\n    legs: int\n    """Four."""\n    color: str\n    def stand(self):\n'
    '        """Stand."""\n    def _fall(self):\n        """No."""\n',
    "llmbook/room/deep.py": 'def write():\n    """Write."""\n\n\ndef _hide():\n    """No."""\n',
    "llmbook/chapters/page.py": 'def draw():\n    """A page\'s own."""\n',
    "llmbook/room/__main__.py": 'def main():\n    """No."""\n',
}


@pytest.fixture
def small(tmp_path):
    """A package of one room."""
    for name, text in SMALL.items():
        path = tmp_path / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package_names.read_package(tmp_path / "code")


def library():
    """Every module of the library wing, imported."""
    for found in pkgutil.walk_packages(llmbook.__path__, "llmbook."):
        if not found.name.startswith("llmbook.chapters") and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def missing(package, modules):
    """Public names of some modules, as Python sees them, that have no entry: functions, classes, what rooms list."""
    entries = {each.whole for names in package.names.values() for each in names}
    found = set()
    for module in modules:
        own = {name for name, value in vars(module).items() if not name.startswith("_")
               and (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module.__name__
               and value.__qualname__ == name}  # fmt: skip
        found |= {f"{module.__name__}.{name}" for name in own} - entries
        listed = (f"{module.__name__}.{name}" for name in getattr(module, "__all__", ()))
        found |= {name for name in listed if package.find(name) is None}
    return found


def test_the_path_of_a_source_is_shown_as_it_is():
    """Markdown takes two underscores for bold; the twin is the path with plain ones."""
    pages = package_pages.Pages()
    pages.package = PACKAGE
    source, markdown = pages.source_of("llmbook.layers"), MarkdownIt()
    assert "Source: code/llmbook/layers/__init__.py</a>" in markdown.render(source)
    assert "<strong>init</strong>" in markdown.render(source.replace("&#95;", "_"))


def test_every_public_name_of_the_package_has_an_entry():
    assert not missing(PACKAGE, library())


def test_a_name_that_is_left_out_is_seen():
    """The twin: without the entries of one module, and without a name that a room lists."""
    names = {module: found for module, found in PACKAGE.names.items() if module != "llmbook.layers.norm"}
    less = package_names.Package(names, PACKAGE.exported, PACKAGE.places, PACKAGE.homes)
    lost = missing(less, [importlib.import_module(name) for name in ("llmbook.layers", "llmbook.layers.norm")])
    assert {"llmbook.layers.norm.rms_norm", "llmbook.layers.rms_norm", "llmbook.layers.RMSNorm"} <= lost


def test_every_module_stands_on_one_page():
    """Of each room, and of the modules beside them; all pages are in the table of contents."""
    rooms = [room for path in sorted(API.glob("*.md")) for room in package_pages.rooms_on(path)]
    shown = [module for room in rooms for module in PACKAGE.room(room)]
    assert sorted(shown) == sorted(PACKAGE.names.keys() - {"llmbook"})
    toc = (ROOT / "_toc.yml").read_text("utf-8")
    assert sorted(re.findall(r"book/api/([\w-]+)", toc)) == sorted(path.stem for path in API.glob("*.md"))


def test_what_is_public(small):
    """Not what has an underscore, is said nowhere, belongs to a page, or is a command; a room may say more."""
    shown = {each.whole: each.members for names in small.names.values() for each in names}
    assert shown == {"llmbook.room.desk.FEW": (), "llmbook.room.desk.MANY": (), "llmbook.room.deep.write": (),
                     "llmbook.room.desk.Desk": ("legs", "stand")}  # fmt: skip
    assert small.find("llmbook.room.write") == "llmbook.room.deep.write" == small.find("llmbook.room.desk.write")
    assert small.find("llmbook.room.desk") == "llmbook.room.desk" and small.find("llmbook.room.gone") is None
    assert small.places["llmbook.room.desk.Desk.stand"] == ("code/llmbook/room/desk.py", 12)


def test_what_a_page_imports(small):
    """Names of the library that it does not define itself; a line for Jupyter is passed over."""
    cells = ["%matplotlib inline", "from llmbook.room import write, FEW as few\nfrom llmbook.room import desk",
             "from llmbook.chapters.page import draw", "def few():\n    return 3"]  # fmt: skip
    assert package_names.imports_of_page(small, cells) == {"write": "llmbook.room.deep.write",
                                                           "desk": "llmbook.room.desk"}  # fmt: skip


def test_what_autodoc_is_told(small):
    """An entry for each name, members by name, and the value of what nothing is said of."""
    pages = package_pages.Pages()
    pages.package, pages.built = small, {"llmbook.room.desk": "a-label", "llmbook.room.deep": "chapters/a/b"}
    text = pages.room("llmbook.room")
    assert ".. autofunction:: llmbook.room.deep.write" in text and ":members: legs, stand" in text
    assert ".. py:data:: FEW\n   :value: 3" in text
    assert ".. autodata:: llmbook.room.desk.MANY\n   :annotation: = 9" in text
    assert "Built in {ref}`a-label`." in text and "Built in {doc}`/chapters/a/b`." in text
    assert "{py:obj}`write <llmbook.room.deep.write>`" in text and "_own" not in text


def builds(package, module, page):
    """Whether a page imports something of a module, defines one of its names by hand, or says one in code."""
    cells = [cell.source for cell in page.cells if cell.kind == "code"]
    imported = package_names.imports_of_page(package, cells).values()
    words = "\n".join(cell.source for cell in page.cells)
    return any(name == module or name.startswith(f"{module}.") for name in imported) or any(
        re.search(rf"def {name.name}\(|`{name.name}`", words) for name in package.names[module])  # fmt: skip


def test_the_lesson_that_builds_a_module_is_the_one():
    pages = read_pages(ROOT)
    places = find_targets(pages)
    by_name = {page.name: page for page in pages}
    for module, place in yaml.safe_load((API / package_pages.BUILT).read_text("utf-8")).items():
        page = by_name[place] if "/" in place else places[place].page
        assert builds(PACKAGE, module, page), f"{module}: nothing of it is on {page.name}"
    assert not builds(PACKAGE, "llmbook.metrics.rouge", by_name["chapters/gemma/04-norms"])  # the twin


def prose(*parts):
    """A section of a page."""
    return nodes.section("", *parts)


def said(name):
    """A name in code."""
    return nodes.literal("", name)


def test_names_in_prose_are_linked_once_a_section(monkeypatch):
    """Where a link may stand: not in a heading, in a link, or in a line that opens a box."""
    pages = package_pages.Pages()
    pages.imports = {"chapters/a": {"write": "llmbook.room.deep.write"}}
    monkeypatch.setattr(pages, "address", lambda app, page, whole: "there.html#" + whole)
    link = nodes.reference("", "", said("write"), refuri="x")
    page = nodes.document(None, None)
    page += [prose(nodes.title("", "", said("write")), nodes.paragraph("", "", said("write()"), said("write"))),
             prose(nodes.paragraph("", "", link, said("other"), said("write")))]  # fmt: skip
    pages.link_names(None, page, "chapters/a")
    made = [node for node in page.findall(nodes.reference) if "api-link" in node["classes"]]
    assert [node.astext() for node in made] == ["write()", "write"]
    assert all(node["refuri"] == "there.html#llmbook.room.deep.write" for node in made)


def test_imports_in_code_are_linked(small, monkeypatch):
    """The module and the names, also over several lines; a page without entries stays as it is."""
    pages = package_pages.Pages()
    pages.package, pages.rooms = small, {"llmbook.room": "book/api/room"}
    known = {"llmbook.room": SimpleNamespace(docname="book/api/room", node_id="module"),
             "llmbook.room.deep.write": SimpleNamespace(docname="book/api/room", node_id="write")}  # fmt: skip
    app = SimpleNamespace(env=SimpleNamespace(get_domain=lambda name: SimpleNamespace(objects=known)),
                          builder=SimpleNamespace(get_relative_uri=lambda here, there: f"../{there}.html"))  # fmt: skip
    code = ('<span class="kn">from</span><span class="w"> </span><span class="nn">llmbook.room</span> '
            '<span class="kn">import</span> '
            '<span class="p">(</span>\n    <span class="n">write</span><span class="p">,</span>\n'
            '    <span class="n">gone</span>\n<span class="p">)</span>\n<span class="n">write</span>')  # fmt: skip
    context = {"body": code}
    pages.link_code(app, "chapters/a", "page.html", context, nodes.document(None, None))
    links = re.findall(r'href="([^"]*)"', context["body"])
    assert links == ["../book/api/room.html#module", "../book/api/room.html#write"]
    assert not checkout_files.MODULE.search(context["body"]) and checkout_files.MODULE.search(code)
    context = {"body": code}
    pages.link_code(app, "files/x", "page.html", context, None)
    assert context["body"] == code


def test_a_signature_in_lines_is_no_list():
    """And one in a single line stays; a list behind it, too."""
    begin, end = '<span class="sig-paren">(</span>', '<span class="sig-paren">)</span>'
    made = package_links.in_lines(f"{begin}\n\n<dl>\n<dd>a,</dd>\n<dd>b,</dd>\n</dl>\n\n{end}<dl><dd>c</dd></dl>")
    assert made == (f'{begin}<span class="sig-line">a,</span>\n<span class="sig-line">b,</span>{end}'
                    "<dl><dd>c</dd></dl>")  # fmt: skip
    assert package_links.in_lines(f"{begin}a, b{end}") == f"{begin}a, b{end}"


def test_the_built_pages_hold_the_names_and_the_ways(built_book):
    """Every entry is on its page, with a link to a line of the source that is there."""
    for path in sorted(API.glob("*.md")):
        html = (built_book / f"book/api/{path.stem}.html").read_text("utf-8")
        names = [each for room in package_pages.rooms_on(path) for module in PACKAGE.room(room)
                 for each in PACKAGE.names[module]]  # fmt: skip
        assert not [each.whole for each in names if f'id="{each.whole}"' not in html], path
        for file, line in set(re.findall(r'href="\.\./\.\./files/([^"#]*)#(line-\d+)"', html)):
            assert f'id="{line}"' in (built_book / "files" / file).read_text("utf-8"), f"{path}: {file} {line}"


def test_the_way_from_a_lesson_and_back(built_book):
    lesson = (built_book / "chapters/gemma/06-gemma-assembled.html").read_text("utf-8")
    assert "book/api/layers.html#llmbook.layers.attention.Attention" in lesson and 'class="api-link' in lesson
    entry = (built_book / "book/api/layers.html").read_text("utf-8")
    assert 'href="../../chapters/gemma/04-norms.html' in entry and 'class="api-lessons' in entry
