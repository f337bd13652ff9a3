"""Labels and their numbers, counted within each chapter."""

import pytest

from llmbook.notebooks.contents import BookError, read_pages
from llmbook.notebooks.labels import find_targets


def test_everything_with_a_label_has_its_number_and_title(book):
    found = {
        label: (target.kind, target.number, target.title) for label, target in find_targets(read_pages(book)).items()
    }
    assert found == {
        "book/words": ("page", "", "Words"),
        "chapters/tea/index": ("page", "1", "Tea"),
        "chapters/tea/01-water": ("page", "1.1", "Water"),
        "tea-heat": ("section", "", "How hot"),
        "eq-tea-heat": ("equation", "1.1", ""),
        "fig-tea-curve": ("Figure", "1.1", ""),
        "tab-tea": ("Table", "1.1", ""),
        "chapters/tea/exercises": ("page", "1.2", "Exercises"),
        "tea-ex-cups": ("Exercise", "1.1", "Count the cups"),
    }


def test_numbers_go_on_through_a_chapter_and_begin_anew_in_the_next(book, change):
    change("chapters/tea/index.md", "# Tea", "# Tea\n\n```{table} One.\n:name: tab-one\n| a |\n```\n")
    change("book/words.md", "# Words", "# Words\n\n```{math}\n:label: eq-word\nx\n```\n")
    found = find_targets(read_pages(book))
    assert (found["tab-one"].number, found["tab-tea"].number) == ("1.1", "1.2")
    assert (found["eq-word"].number, found["eq-tea-heat"].number) == ("1", "1.1")


def test_a_table_without_a_name_counts(book, change):
    change("chapters/tea/index.md", "# Tea", "# Tea\n\n```{table} One.\n| a |\n```\n")
    assert find_targets(read_pages(book))["tab-tea"].number == "1.2"


@pytest.mark.parametrize(("file", "old", "new", "label"), [
    ("book/words.md", "# Words", "(tea-heat)=\n# Words", "tea-heat"),
    ("chapters/tea/01-water.ipynb", "eq-tea-heat)", "tea-heat)", "tea-heat"),
])  # fmt: skip
def test_a_label_that_stands_twice_is_refused(book, change, file, old, new, label):
    change(file, old, new)
    with pytest.raises(BookError, match=f"the label {label} stands twice"):
        find_targets(read_pages(book))
