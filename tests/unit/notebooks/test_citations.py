"""Citations as the site writes them."""

import pytest

from llmbook.notebooks.citations import read_references
from llmbook.notebooks.contents import BookError


def test_authors_stand_outside_or_within_the_parentheses(book):
    references = read_references(book / "book" / "references.bib")
    assert references.cited("cite:t", ["ito1999tea"]) == "Ito et al. (1999)"
    assert references.cited("cite:p", ["ito1999tea", "wu2001pots"]) == "(Ito et al., 1999; Wu and Li, 2001)"


def test_teams_prefixes_and_unnamed_others(tmp_path):
    entry = "@article{%s, author = {%s}, title = {T}, journal = {J}, year = {2020}}\n"
    texts = entry % ("team", "Gemma Team,") + entry % ("de", "de Vries, Jan") + entry % ("more", "Roe, A and others")
    (tmp_path / "some.bib").write_text(texts, encoding="utf-8")
    references = read_references(tmp_path / "some.bib")
    assert references.cited("cite:p", ["team", "de", "more"]) == "(Gemma Team, 2020; de Vries, 2020; Roe et al., 2020)"


def test_the_list_is_by_author_and_without_stray_backslashes(book):
    found = read_references(book / "book" / "references.bib").listed(["wu2001pots", "ito1999tea"]).split("\n")
    assert found == [
        "- Aki Ito, Ken Ono, and Rin Mori. Tea: a story. *Cups*, 1999.",
        "- Lan Wu and Bo Li. Pots. *Cups*, 2001.",
    ]


def test_an_unknown_work_is_refused(book):
    with pytest.raises(BookError, match="no reference is called nobody"):
        read_references(book / "book" / "references.bib").cited("cite:t", ["nobody"])
