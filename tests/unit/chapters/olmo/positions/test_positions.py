"""The figures and the explorer of rotary positions."""

import math

import numpy as np
import pytest
import torch

from llmbook.chapters.olmo.positions import plots
from llmbook.chapters.olmo.positions.explorer import HEAD_SIZE, draw_turn, explore_rope, wavelengths
from llmbook.layers.rope import rope_angles


@pytest.mark.parametrize("figure", [
    lambda: plots.plot_turning_pairs({"fast": [0.0, 1.0, 2.0], "slow": [0.0, 0.1, 0.2], "third": [0.0]}),
    lambda: plots.plot_scores(np.eye(4)),
    lambda: plots.plot_by_distance(np.ones((5, 3))),
    lambda: plots.plot_rounded_positions([255, 256], {"a": [255, 256]}, {"a": [0.0, 0.1]}, [0, 1]),
    lambda: plots.plot_clock(1.0, [6.0, 60.0], 1, 2048),
])  # fmt: skip
def test_figures_draw_and_draw_the_same_again(figure):
    first, second = (figure()._repr_mimebundle_()["image/svg+xml"] for _ in range(2))
    assert first == second
    assert first.startswith("<svg")


def test_labels_of_positions_keep_apart():
    assert plots._apart([0.0, 1.0, 2.0]) == [0, 1, 2]
    assert plots._apart([0.0, 0.1, 0.2, 0.5]) == [0, 3]
    assert plots._apart([0.0, 0.1]) == [0], "nothing fits beside the first"


def test_the_clock_points_where_the_pair_points():
    """The end of the strong hand is (cos, sin) of the angle; a second angle gives another end."""
    def end(angle):
        ax = plots.plot_clock(angle, [6.0, 60.0], 1, 2048).axes[0]
        return [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"][-1]

    assert end(2.0) == pytest.approx(math.cos(2.0))
    assert end(1.0) != pytest.approx(math.cos(2.0))


@pytest.mark.parametrize("base", [100, 10_000])
def test_after_a_wavelength_the_package_is_back_at_the_start(base):
    lengths = torch.tensor(wavelengths(base), dtype=torch.float64)
    for pair in (0, 5, HEAD_SIZE // 2 - 1):
        cos, sin = rope_angles(lengths[pair : pair + 1], HEAD_SIZE, float(base))
        assert float(cos[0, pair]) == pytest.approx(1.0, abs=1e-5)
        assert float(sin[0, pair]) == pytest.approx(0.0, abs=1e-4)
        half, _ = rope_angles(lengths[pair : pair + 1] / 2, HEAD_SIZE, float(base))
        assert float(half[0, pair]) == pytest.approx(-1.0, abs=1e-5), "the twin: half a turn is the other side"


def test_the_explorer_says_what_it_shows():
    explorer = explore_rope()
    _, sentence = explorer.draw(position=2047, pair=63, base=10_000)
    assert "takes 54,410 positions" in sentence
    assert "0.0376 turns" in sentence
    sentences = {draw_turn(position=p, pair=pair, base=b)[1] for p in (1, 50) for pair in (0, 8) for b in (100, 10_000)}
    assert len(sentences) == 8
