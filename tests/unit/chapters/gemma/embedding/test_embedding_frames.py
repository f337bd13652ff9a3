"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import pytest
from drawing import curves, redrawn, titles

from llmbook.chapters.gemma.embedding.explorer import SCHEMES, draw_budget, explore_embedding_scale, sizes, verdict


@pytest.mark.parametrize(("settings", "sizes"), [
    ((1024, "fan_in", "none", "float32"), (1 / 32, 1 / 32, 1)), ((1024, "fan_in", "sqrt", "float32"), (1 / 32, 1, 1)),
    ((1024, "gpt2", "sqrt", "float32"), (0.02, 0.64, 0.64)), ((4096, "gpt2", "none", "float32"), (0.02, 0.02, 1.28)),
    ((3072, "normal", "sqrt", "bfloat16"), (1, 55.5, 55.4256)),
    ((3072, "normal", "sqrt", "float32"), (1, 55.4256, 55.4256)),
])  # fmt: skip
def test_three_sizes_stand_where_the_settings_put_them(settings, sizes):
    figure, _ = redrawn(draw_budget, *settings)
    points = [curve.x[0] for curve in curves(figure.axes[0]) if len(curve.x) == 1]
    assert points == pytest.approx(sizes, rel=1e-4)
    assert titles(figure.axes[0])[0].startswith(f"width {settings[0]}, {settings[3]}, factor ")


def test_without_the_factor_no_start_puts_both_ends_into_the_band_and_with_it_some_do():
    assert "None of them" in explore_embedding_scale().predict.answers
    def fitting(factor):
        ends = {scheme: tuple(sizes(scheme, 3072, factor, "bfloat16").values())[1:] for scheme in SCHEMES}
        return [scheme for scheme, each in ends.items() if verdict(*each) == "Both ends are of order one."]
    assert fitting("none") == [] and {"gpt2", "fan_in"} <= set(fitting("sqrt"))
