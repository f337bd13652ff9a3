"""The glossary says where each term is taught, and a page links a term where it first uses it."""

import re

import pytest
from book_build import ROOT
from term_checks import EVERYDAY, FORMS, ROLE, TAUGHT, entries, first_uses, markdown, mentions, section

GLOSSARY = entries((ROOT / "book" / "glossary.md").read_text(encoding="utf-8"))
TERMS = [term for term in GLOSSARY if term not in EVERYDAY]
SOURCES = sorted([*(ROOT / "book").glob("*.ipynb"), *(ROOT / "chapters").glob("*/*.ipynb")])
# This opening page says in its own words, in italics or bold, what each term of its own means.
LESSONS = [path for path in SOURCES if path.stem != "how-to-read-an-experiment"]


def taught(entry, sources):
    """The text that an entry's last line leads to: a section, or a whole page; nothing if there is no such line."""
    found = TAUGHT.search(entry)
    if not found or not entry.rstrip().endswith(found[0]):
        return ""
    kind, target = found.groups()
    if kind == "doc":
        pages = [text for name, text in sources.items() if target.lstrip("/") == name]
    else:
        pages = [section(text, target) for text in sources.values()]
    return "".join(pages)


@pytest.fixture(scope="module")
def sources():
    """{name of a page: its Markdown}."""
    names = {path: path.relative_to(ROOT).with_suffix("").as_posix() for path in SOURCES}
    return {name: "\n".join(text for _, text in markdown(path)) for path, name in names.items()}


@pytest.mark.parametrize("term", GLOSSARY)
def test_an_entry_ends_with_where_its_term_is_taught(term, sources):
    """One line, the last; and the section that it names speaks of the term."""
    assert mentions(taught(GLOSSARY[term], sources), term), TAUGHT.findall(GLOSSARY[term])


def test_an_entry_that_leads_nowhere_is_found():
    """The twin: no line, one in the middle, an unknown label, a section that says nothing; and what is right."""
    sources = {"chapters/a": "(one)=\n## One\n\nHere is a gate.\n\n## Two\n\nHere is a norm.\n"}
    line = "  Taught in {ref}`one`.\n"
    assert not taught("  A thing.\n", sources)
    assert not taught(f"  A thing.\n\n{line}\n  More.\n", sources)
    assert not taught(line.replace("one", "two"), sources)
    assert not mentions(taught(line, sources), "norm")
    assert mentions(taught(line, sources), "gate")
    assert mentions(taught("  Taught in {doc}`/chapters/a`.\n", sources), "norm")


def test_the_glossary_is_in_order():
    """By the alphabet, no term twice, one or two short paragraphs each; lists of words name terms that exist."""
    assert list(GLOSSARY) == sorted(GLOSSARY, key=str.lower)
    long = {term: len(text.split()) for term, text in GLOSSARY.items() if len(text.split()) > 75}
    assert not long
    assert set(EVERYDAY) | set(FORMS) <= set(GLOSSARY)


def unknown(text, terms):
    """What the {term} links of a text name that is no entry."""
    known = {term.lower() for term in terms}
    named = [" ".join((role[1] or role[2]).split()) for role in ROLE.finditer(text)]
    return [name for name in named if name.lower() not in known]


def test_every_link_names_an_entry(sources):
    """Long before a build would say so."""
    assert not {name: found for name, text in sources.items() if (found := unknown(text, GLOSSARY))}


def test_an_unknown_entry_is_found():
    """The twin: another word, the plural; and capitals, a line break, other words, which are all fine."""
    text = "{term}`door` {term}`gates` {term}`Gate` {term}`big\ngate` {term}`Gates <gate>`"
    assert unknown(text, ["gate", "big gate"]) == ["door", "gates"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_first_use_of_a_term_links(path):
    """Wherever the prose of a page uses a term of the glossary, the term has been linked there or before."""
    cells = markdown(path)
    problems = [f"cell {i}: {dict(cells)[i][a:b]!r} is not a {{term}}" for i, a, b, _ in first_uses(cells, TERMS)]
    assert not problems, "\n".join(problems)


USES = {
    "as a link": ("The {term}`gate` opens; a gate is shut.", []),
    "a link with other words": ("Both {term}`gates <gate>` open; a gate is shut.", []),
    "linked too late": ("A gate opens. The {term}`gate`.", ["gate"]),
    "in the plural, in capitals": ("Gates open.", ["gate"]),
    "in a longer term": ("The gate norm and a gate.", ["gate norm", "gate"]),
    "over a line break": ("The gate\nnorm.", ["gate norm"]),
    "code, formula, heading, a link": ("`gate` $gate$ [gate](x.md) {ref}`gate <y>`\n\n## A gate\n", []),
    "part of a word": ("A gated layer, a gate-like thing, navigate.", []),
    "an abbreviation": ("GLU and glu.", ["GLU"]),
}


@pytest.mark.parametrize("case", USES)
def test_a_bare_first_use_is_found(case):
    """The twin, and what must not be reported; an opening links for the whole page and is asked for nothing."""
    text, missing = USES[case]
    terms = ["gate", "gate norm", "GLU"]
    assert [use[3] for use in first_uses([(0, "# A gate\n"), (1, text)], terms)] == missing
    opening = "# One\n\n{term}`gate` {term}`gate norm` {term}`GLU`\n"
    assert not first_uses([(0, opening), (1, text)], terms)


def test_the_place_of_a_use_is_exact():
    """The numbers lead to the word in the text as it is typed."""
    text = "Some `code` and $x$, then a gate."
    ((_, start, end, _),) = first_uses([(0, ""), (1, text)], ["gate"])
    assert text[start:end] == "gate" and re.match(r"\.$", text[end:])
