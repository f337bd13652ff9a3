"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import numpy as np
import pytest
from drawing import curves, errorbars, redrawn, rules

from llmbook.chapters.dora.does_it_help.explorer import explore_rates

RATES = (0.001, 0.01)
NEW = {method: {rate: np.array([2.0, 2.2]) + place + 100 * rate for rate in RATES}
       for place, method in enumerate(("full", "lora", "dora", "lora+"))}  # fmt: skip
OLD = {method: {rate: 2 * values for rate, values in by_rate.items()} for method, by_rate in NEW.items()}


@pytest.mark.parametrize(("method", "rate", "mean"), [("lora", 0.01, 4.1), ("lora", 0.001, 3.2), ("full", 0.01, 3.1)])
def test_the_chosen_method_and_rate_are_circled(method, rate, mean):
    figure, _ = redrawn(explore_rates(NEW, OLD, base=(5.0, 6.5)).draw, method=method, rate=rate)
    for ax, expected in zip(figure.axes, (mean, 2 * mean), strict=True):
        (circle,) = (curve for curve in curves(ax) if curve.fill == "none" and curve.dash == "" and len(curve.x) == 1)
        assert (circle.x, circle.y) == ((rate,), pytest.approx((expected,), rel=1e-5))
        name = {"lora": "LoRA", "full": "full fine-tuning"}[method]
        assert circle.color == errorbars(ax)[name][0].color and expected in errorbars(ax)[name][0].y
    assert rules(figure.axes[0]) == [] and [rule.at for rule in rules(figure.axes[1])] == [6.5]
