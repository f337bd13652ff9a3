"""The figure of faults in a parity test: where each stands, also the one that shows nothing."""

import numpy as np

from llmbook.plots.parity import plot_faults


def test_zero_has_a_place_of_its_own_among_the_faults():
    figure = plot_faults(["one", "two"], {"loud": np.array([0.1, 1e-3]), "quiet": np.array([0.0, 1e-7])})
    quiet = next(line for line in figure.axes[0].lines if line.get_label() == "quiet").get_xdata()
    assert 0 < quiet[0] < quiet[1]
    assert "0" in [label.get_text() for label in figure.axes[0].get_xticklabels()]
