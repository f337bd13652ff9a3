"""The explorer of the page "OLMo 1, 2 and 3": what windows leave of the cache."""

from drawing import redrawn

from llmbook.accounting import kv_cache_bytes
from llmbook.chapters.olmo.one_to_three.explorer import PREDICTION, cache_by_layer, draw_layers, explore_windows
from llmbook.models import PUBLISHED
from llmbook.widgets.controls import grid

THREE = PUBLISHED["olmo-3-7b"]


def test_a_layer_keeps_its_window_or_everything():
    sizes = cache_by_layer(THREE, 8192)
    assert len(sizes) == 32 and sizes[3] == 2 * sizes[0] and sizes[:3] == [sizes[0]] * 3
    assert sum(cache_by_layer(THREE, 4096)) == kv_cache_bytes(THREE, 4096)


def test_a_bar_for_each_layer_and_the_full_ones_in_another_color():
    (ax,) = redrawn(draw_layers, [1.0, 2.0], 2.0).axes
    assert [bar.get_height() for bar in ax.patches] == [1, 2]
    assert len({bar.get_facecolor() for bar in ax.patches}) == 2


def test_less_than_a_third_of_the_cache_is_left():
    """The answer of the question, and the sentence of its frame."""
    share = sum(cache_by_layer(THREE, 65_536)) / kv_cache_bytes(THREE, 65_536)
    assert 1 / 4 < share < 1 / 3 and "Less than a third" in PREDICTION.answers
    explorer = explore_windows(THREE)
    assert f"{share:.1%} of the full one" in explorer.draw(**explorer.defaults)[1]
    sentences = [explorer.draw(**values)[1] for values in grid(explorer.controls)]
    assert len(set(sentences)) == len(sentences) == 20
