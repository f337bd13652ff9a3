"""Progress: tried anew each time, a line for each exercise, a square for each check."""

from xml.etree import ElementTree

from llmbook.chapters import progress


def untouched(*args):
    raise NotImplementedError


def right(layers, heads, kv_heads, head_size, tokens, bytes_per_number):
    return 2 * layers * kv_heads * head_size * tokens * bytes_per_number


NAMES = ("gemma-ex-kv-cache", "gemma-ex-groups", "olmo-ex-spike")


def test_done_wrong_and_untouched_are_told_apart():
    found = progress(dict(zip(NAMES, (right, lambda *args: 7, untouched), strict=True)))
    assert found.done == 1
    head, *lines = repr(found).splitlines()
    assert head.startswith("1 of 3 exercises done, ")
    assert [line.split()[0] for line in lines] == list(NAMES)
    assert [line.split(maxsplit=2)[2] for line in lines] == ["done", "not right yet", "not attempted"]
    assert set(lines[0].split()[1]) == {"■"} and set(lines[2].split()[1]) == {"□"} and "▣" in lines[1]


def test_the_drawing_says_the_same_in_words():
    shown = ElementTree.fromstring(progress({NAMES[0]: right, "no <such>": right})._repr_html_())
    rows = [["".join(cell.itertext()) for cell in row] for row in shown.iter("tr")]
    assert [(name, word) for name, _, word in rows] == [(NAMES[0], "done"), ("no <such>", "not right yet")]


def test_nothing_is_remembered():
    """The twin: what was done once does not count when the function is gone."""
    assert progress({NAMES[0]: right}).done == 1 and progress({NAMES[0]: untouched}).done == 0
    assert repr(progress({})) == "0 of 0 exercises done, 0 of 0 points"
