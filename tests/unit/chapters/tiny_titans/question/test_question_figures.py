"""The figure of model sizes shows the numbers that it is given."""

from llmbook.chapters.tiny_titans.question.plots import draw_sizes


def test_sizes():
    ax = draw_sizes([("a", "compact", 8e7), ("b", "larger", 7e9), ("c", "larger", None)], line=2e9).axes[0]
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["0.08B ", "7B ", "size not published"]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() in "os"] == [8e7, 7e9]
