"""Markdown is taken apart into text, code and directives; roles are found, and code is left alone."""

import pytest

from llmbook.notebooks.myst import Code, Directive, Text, blocks, replace_roles


def kept(text):
    return [block for block in blocks(text) if not (isinstance(block, Text) and not block.source.strip())]


def test_a_directive_has_argument_options_and_body():
    found = kept("before\n```{table} A caption.\n:name: tab-a\n\n| a |\n```\nafter")
    assert found == [Text("before\n"), Directive("table", "A caption.", {"name": "tab-a"}, "| a |"), Text("after\n")]


def test_fences_of_colons_hold_fences_of_backticks_and_shorter_ones():
    inner = "```{note}\nx\n```\n:::{div} a\ny\n:::"
    (found,) = kept(f"::::{{container}} opening\n{inner}\n::::")
    assert found == Directive("container", "opening", {}, inner)
    assert [block.name for block in kept(found.body)] == ["note", "div"]
    assert kept(f"~~~{{note}}\n{inner}\n~~~") == [Directive("note", "", {}, inner)]


def test_code_keeps_its_fences_and_what_looks_like_a_comment():
    assert kept("```python\n%pip list\n```") == [Code("```python\n%pip list\n```")]
    assert kept("text\n% remark\n<!-- numbers:\n{} -->\nmore") == [Text("text\nmore\n")]


def test_an_open_fence_is_refused():
    with pytest.raises(ValueError, match="``` is not closed"):
        list(blocks("```{note}\nx"))


@pytest.mark.parametrize(("text", "said"), [
    ("a {term}`b` c", "a <term||b> c"), ("{ref}`Title of it <label-1>`", "<ref|Title of it|label-1>"),
    ("{doc}`on two\nlines <x>`", "<doc|on two lines|x>"), ("`{term}` and ``{ref}`x` ``", "`{term}` and ``{ref}`x` ``"),
    ("{cite:p}`a2,b3`.", "<cite:p||a2,b3>."), ("`a` {eq}`e` `b`", "`a` <eq||e> `b`"),
])  # fmt: skip
def test_roles_are_replaced_and_code_is_not(text, said):
    assert replace_roles(text, lambda role, title, target: f"<{role}|{title}|{target}>") == said
