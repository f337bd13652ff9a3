"""The pages of the package, `book/api/`: every public name of each room, from its docstring, with its way to the source
and to the lessons that import it; and on the lessons the way back.

On a page, ``{package-room}`` names rooms, one a line, and ``{package-rooms}`` lists all of them. Both become what
Sphinx's autodoc reads. A name in a lesson's code leads here, and from here to its source.
"""

import json
import re
from pathlib import Path

import yaml
from docutils import nodes
from package_links import IMPORT, NAME, in_lines, link_sources, may_be_linked, section_of
from package_names import imports_of_page, read_package

FOLDER, CHAPTERS = "book/api/", ("chapters/", "book/a-", "book/how-")
BUILT = "lessons.yml"
"""Which section builds what a module holds."""
ROOM = re.compile(r"^```\{package-room\}\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
ROOMS = re.compile(r"^```\{package-rooms\}\n```$", re.MULTILINE)
FOREIGN = r"(?!llmbook\.).*"
AUTODOC = {"autodoc_typehints_format": "short", "autodoc_inherit_docstrings": False, "autodoc_preserve_defaults": True,
           "autodoc_member_order": "bysource", "add_module_names": False, "python_use_unqualified_type_names": True,
           "html_domain_indices": False, "python_maximum_signature_line_length": 72,
           "toc_object_entries_show_parents": "hide", "napoleon_numpy_docstring": False}  # fmt: skip


class Pages:
    """What one build knows of the package and of the pages that import it."""

    def __init__(self):
        self.package, self.built, self.imports, self.rooms = None, {}, {}, {}

    def read(self, app, env, *changed):
        """Before Sphinx reads: read the package and what pages import; its own pages again, if that has changed."""
        root = Path(app.srcdir)
        self.package = read_package(root / "code")
        kept = root / FOLDER / BUILT
        self.built = yaml.safe_load(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        known = [name for name in app.config.external_site_map if name in env.found_docs]
        self.imports = {name: imports_of_page(self.package, code_cells(Path(env.doc2path(name)))) for name in known}
        self.rooms = {room: name for name in known if name.startswith(FOLDER) for room in rooms_on(env.doc2path(name))}
        now = json.dumps([self.imports, self.built, self.rooms])
        before, env.book_package_uses = getattr(env, "book_package_uses", ""), now
        return [] if now == before else [name for name in known if name.startswith(FOLDER)]

    def expand(self, app, docname, source):
        """Write what autodoc is to do in place of a directive."""
        if docname.startswith(FOLDER):
            source[0] = ROOM.sub(lambda found: "\n".join(map(self.room, found[1].split())), source[0])
            source[0] = ROOMS.sub(lambda found: self.listed(), source[0])

    def room(self, name):
        """A room as Markdown around autodoc's directives."""
        parts = [part for module in self.package.room(name) for part in self.module(module, module == name)]
        return "\n\n".join(parts)

    def module(self, module, is_first):
        """The parts of a module: a heading, what it is, and an entry for each of its names."""
        names = self.package.names[module]
        yield f"## `{module}`"
        yield f"{self.source_of(module)}{self.lesson_of(module)}"
        yield rst(f".. automodule:: {module}")
        offered = [name for name in self.package.exported.get(module, ()) if self.package.find(f"{module}.{name}")]
        if offered and is_first:
            links = [f"{{py:obj}}`{name} <{self.package.find(f'{module}.{name}')}>`" for name in offered]
            yield f"To be imported from here: {', '.join(links)}."
        if names:
            yield rst("\n".join(map(entry, names)))

    def source_of(self, module):
        """The way to a module's source."""
        base = "code/" + module.replace(".", "/")
        path = f"{base}/__init__.py" if module in self.package.exported else f"{base}.py"
        shown = path.replace("_", "&#95;")  # Markdown takes two of them for bold
        return f'<a class="api-source" href="../../files/{path}.html">Source: {shown}</a>'

    def lesson_of(self, module):
        """The way to the section that builds a module, if one does."""
        place = self.built.get(module)
        role = "doc" if "/" in (place or "") else "ref"
        return f" Built in {{{role}}}`{'/' * (role == 'doc')}{place}`." if place else ""

    def listed(self):
        """All rooms, each with the first line of what it is."""
        import importlib

        lines = [f"- [`{room}`]({Path(page).name}.md): {first_line(importlib.import_module(room))}"
                 for room, page in self.rooms.items()]  # fmt: skip
        return "\n".join(lines)

    def lessons(self, whole):
        """The lessons that import a name, in the order of the book."""
        return [page for page, found in self.imports.items() if page.startswith(CHAPTERS) and whole in found.values()]

    def say_lessons(self, app, what, name, obj, options, lines):
        """Below the docstring of a name: the lessons that import it."""
        pages = self.lessons(name) if self.package and what != "module" else []
        if pages:
            roles = ", ".join(f":doc:`/{page}`" for page in pages)
            lines += ["", ".. container:: api-lessons", "", f"   In the lessons: {roles}.", ""]

    def link(self, app, doctree, docname):
        """On the pages of the package, a way from each entry to its source; on lessons, from each name to its entry."""
        if app.builder.format == "html":
            if docname.startswith(FOLDER):
                link_sources(app, doctree, docname, self.package.places)
            elif docname.startswith(CHAPTERS):
                self.link_names(app, doctree, docname)

    def resolve(self, app, env, node, contnode):
        """A reference to a name where a room offers it leads to where it is defined."""
        whole = node.get("refdomain") == "py" and self.package.find(node.get("reftarget", ""))
        address = whole and self.address(app, node["refdoc"], whole)
        return nodes.reference("", "", contnode, internal=True, refuri=address) if address else None

    def link_names(self, app, doctree, docname):
        """The first time that a section uses a name in its prose, the name leads to its entry."""
        seen = set()
        for literal in list(doctree.findall(nodes.literal)):
            name = literal.astext().removesuffix("()")
            whole = self.imports.get(docname, {}).get(name)
            place = section_of(literal), name
            if not whole or place in seen or not may_be_linked(literal):
                continue
            seen.add(place)
            address = self.address(app, docname, whole)
            if address:
                link = nodes.reference("", "", internal=True, refuri=address, classes=["api-link"])
                literal.replace_self(link)
                link += literal

    def link_code(self, app, pagename, templatename, context, doctree):
        """In the code of a page, the import of a module or a name of the library leads to its entry."""
        if doctree is None or "body" not in context or not self.rooms:
            return

        def linked(found):
            begin, module, middle, names = found.groups()
            name = NAME.sub(lambda each: self.anchor(app, pagename, f"{module}.{each[1]}", each[0]), names)
            shown = self.anchor(app, pagename, module, f'<span class="nn">{module}</span>')
            if shown.startswith("<a"):
                shown = shown.replace('"nn"', '"nn of-package"')  # what leads to the source passes it by
            return begin + shown + middle + name

        context["body"] = IMPORT.sub(linked, context["body"])
        if pagename.startswith(FOLDER):
            context["body"] = in_lines(context["body"])

    def anchor(self, app, docname, dotted, shown):
        """HTML as a link to the entry of what can be imported under a name; as it is if there is no entry."""
        address = self.address(app, docname, self.package.find(dotted))
        return f'<a class="source-link" href="{address}">{shown}</a>' if address else shown

    def address(self, app, docname, whole):
        """Where the entry of a name is, seen from a page."""
        objects = app.env.get_domain("py").objects
        known = objects.get(whole)
        return known and f"{app.builder.get_relative_uri(docname, known.docname)}#{known.node_id}"


def code_cells(path):
    """The code cells of a page; none of a page in Markdown."""
    if path.suffix != ".ipynb":
        return []
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def rooms_on(path):
    """The rooms that a page of the package shows."""
    return [room for found in ROOM.findall(Path(path).read_text(encoding="utf-8")) for room in found.split()]


def rst(text):
    """Text that docutils reads within Markdown."""
    return f"```{{eval-rst}}\n{text}\n```"


def entry(name):
    """Autodoc's directive for a name; a plain one for a value of which nothing is said."""
    if name.kind == "class":
        members = f"   :members: {', '.join(name.members)}" if name.members else ""
        bases = "   :show-inheritance:\n" if name.has_base else ""
        return f".. autoclass:: {name.whole}\n{bases}{members}\n"
    if name.kind == "function":
        return f".. autofunction:: {name.whole}\n"
    if name.is_said:
        return f".. autodata:: {name.whole}\n   {f':annotation: = {name.value}' if name.value else ':no-value:'}\n"
    return f".. py:data:: {name.name}\n{f'   :value: {name.value}' if name.value else ''}\n"


def first_line(module):
    """The first paragraph of a module's docstring, in one line."""
    return " ".join((module.__doc__ or "").strip().partition("\n\n")[0].split()).replace("``", "`")


def configure(app, config):
    """Autodoc's settings, and what a nitpicky build need not find: types in signatures, what other packages hold."""
    for name, value in AUTODOC.items():
        setattr(config, name, value)
    config.nitpick_ignore_regex = [*config.nitpick_ignore_regex, ("py:(class|obj|data)", ".*"), ("py:.*", FOREIGN)]


def setup(app):
    """Register the extension with Sphinx."""
    for name in ("sphinx.ext.autodoc", "sphinx.ext.napoleon"):
        app.setup_extension(name)
    pages = Pages()
    app.connect("config-inited", configure, priority=300)
    app.connect("env-get-outdated", pages.read)
    app.connect("source-read", pages.expand)
    app.connect("autodoc-process-docstring", pages.say_lessons, priority=700)  # behind what napoleon makes of it
    app.connect("missing-reference", pages.resolve)
    app.connect("doctree-resolved", pages.link)
    app.connect("html-page-context", pages.link_code, priority=400)  # before what leads to the source
    return {"parallel_read_safe": True, "parallel_write_safe": True}
