"""The drawing of the DoRA layer names each deliberate mistake once, and numbers its place."""

from collections import Counter

from drawing import redrawn

from llmbook.chapters.dora.decomposition.experiment import MISTAKES
from llmbook.chapters.dora.decomposition.layer_plots import PLACES, draw_mistake_places


def test_every_mistake_has_a_place_and_a_name_in_the_list():
    (ax,) = redrawn(draw_mistake_places).axes
    written = Counter(text.get_text() for text in ax.texts)
    assert tuple(name for _, name in PLACES.values()) == MISTAKES
    for number, (_, name) in PLACES.items():
        assert written[number] == 2 and written[name] == 1, "once in the layer, once in the list"
