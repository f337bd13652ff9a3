"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import numpy as np
import pytest
import torch
from drawing import bars, redrawn, ticks, words

from llmbook.chapters.gemma.assembled.explorer import explore_sampling, sampling_frames
from llmbook.generation import next_token_probabilities

OWN = torch.tensor([0.05, 0.4, 0.15, 0.3, 0.06, 0.04])  # in order: b, d, c
AFTER = [
    ({"temperature": 1.0, "top_k": None, "top_p": 1.0}, [0.4, 0.3, 0.15, 0.15]),
    ({"temperature": 1.0, "top_k": 2, "top_p": 1.0}, [4 / 7, 3 / 7, 0, 0]),
    ({"temperature": 0.5, "top_k": None, "top_p": 1.0}, np.array([0.16, 0.09, 0.0225, 0.0077]) / 0.2802),
    ({"temperature": 1.0, "top_k": None, "top_p": 0.8}, [0.4 / 0.85, 0.3 / 0.85, 0.15 / 0.85, 0]),
]


@pytest.mark.parametrize(("settings", "after"), AFTER)
def test_bars_are_what_is_drawn_from_at_the_chosen_settings(settings, after):
    draw = sampling_frames(OWN.log(), "abcdef", prompt="we", shown=3)
    figure, _ = redrawn(draw, **settings)
    (ax,) = figure.axes
    drawn, outlines = bars(ax)[:4], bars(ax)[4:]
    assert [bar.width for bar in drawn] == pytest.approx(after, abs=1e-5)
    assert [bar.width for bar in outlines] == pytest.approx([0.4, 0.3, 0.15, 0.15], abs=1e-5)
    assert ticks(ax.yaxis) == {0: "b", 1: "d", 2: "c", 3: "3 others"}
    assert [word.text == "cut" for word in words(ax)] == [share == 0 for share in after]


def test_heat_lets_more_tokens_through_top_p_and_as_many_through_top_k():
    assert "Top-p 0.9" in explore_sampling(OWN.log(), "abcdef", prompt="we").predict.answers
    def kept(**filters):
        return [int((next_token_probabilities(OWN.log()[None], temperature=heat, **filters) > 0).sum())
                for heat in (0.5, 2.0)]  # fmt: skip
    assert kept(top_k=2) == [2, 2]
    cold, hot = kept(top_p=0.9)
    assert cold < hot
