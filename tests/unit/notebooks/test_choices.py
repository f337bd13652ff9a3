"""The choices of a question: read once, refused where they leave the reader alone, shown in every viewer."""

import pytest

from llmbook.notebooks.choices import folded, read_choices
from llmbook.notebooks.contents import BookError

BODY = """\
- [ ] The *rank* of `B @ A`
  That is the wrong side.

  It goes on.
- [x] 2 < 3 & more
  Both count."""


def test_choices_are_read_in_their_order():
    first, second = read_choices(BODY)
    assert (first.letter, first.is_right, first.text) == ("A", False, "The *rank* of `B @ A`")
    assert first.reveals == "**No.** That is the wrong side.\n\nIt goes on."
    assert (second.letter, second.is_right, second.reveals) == ("B", True, "**Yes.** Both count.")


def test_a_folded_choice_keeps_its_marks_without_markdown_in_its_line():
    first, second = map(folded, read_choices(BODY))
    assert first == ("<details><summary>A. The <em>rank</em> of <code>B @ A</code></summary>\n\n"
                     "**No.** That is the wrong side.\n\nIt goes on.\n\n</details>")  # fmt: skip
    assert second.startswith("<details><summary>B. 2 &lt; 3 &amp; more</summary>")


@pytest.mark.parametrize(("body", "said"), [
    (BODY.replace("[ ]", "[x]"), "exactly one"),
    (BODY.replace("[x]", "[ ]"), "exactly one"),
    (BODY.partition("- [x]")[0], "two choices"),
    ("", "two choices"),
    (BODY.replace("  Both count.", ""), "say what choosing it reveals: '2 < 3"),
    (BODY.replace("  Both", "Both"), "goes on indented"),
    (BODY.replace("- [ ]", "* [ ]"), "begins with"),
    (BODY.replace("*rank*", "{term}`rank`"), "no link and no role"),
    (BODY.replace("*rank*", "[rank](x.md)"), "no link and no role"),
])
def test_choices_that_leave_the_reader_alone_are_refused(body, said):
    with pytest.raises(BookError, match=said):
        read_choices(body)
