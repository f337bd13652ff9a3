"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import pytest
from drawing import bars, redrawn

from llmbook.accounting import total_parameters
from llmbook.chapters.gemma.counting.explorer import AS_PUBLISHED, SHARED, SWITCHED, config_explorer, draw_config, vary
from llmbook.models import PUBLISHED

SEVEN = {"model": "Llama 2 7B", "tying": AS_PUBLISHED, "vocabulary": AS_PUBLISHED, "kv_heads": AS_PUBLISHED,
         "context": 2048}  # fmt: skip


@pytest.mark.parametrize(("changes", "parameters", "cache"), [
    ({}, 6738.1, 1.0), ({"tying": SWITCHED}, 6607.1, 1.0), ({"vocabulary": 64_000}, 7000.3, 1.0),
    ({"kv_heads": SHARED}, 5933.1, 0.25), ({"context": 8192}, 6738.1, 4.0)])  # fmt: skip
def test_a_frame_counts_the_model_of_its_controls(changes, parameters, cache):
    """By hand, for 32 layers, width 4096 and 32 heads: 2 x 4096 x 3072 fewer in each layer with 8 key-value heads."""
    upper, lower = redrawn(draw_config, **SEVEN | changes)[0].axes
    changed = [bar for bar in bars(upper) if bar.y > 0.5]
    assert 1000 * sum(bar.width for bar in changed) == pytest.approx(parameters, abs=1)
    assert [bar.width for bar in bars(lower)][3] == pytest.approx(cache)
    assert [bar.width for bar in bars(lower)][2] == pytest.approx(2e6 * parameters / 2**30, rel=1e-3)


def test_the_other_vocabulary_brings_gemma_closest_to_seven_billion_and_untying_away():
    choices = {"Llama's vocabulary": "vocabulary", "One key-value head": "kv_heads", "An untied output": "tying"}
    published = dict.fromkeys(choices.values(), AS_PUBLISHED)
    totals = {answer: total_parameters(vary(PUBLISHED["gemma-7b"], **published | {choice: SWITCHED}))
              for answer, choice in choices.items()}  # fmt: skip
    assert set(totals) == set(config_explorer().predict.answers)
    assert 7e9 < totals["Llama's vocabulary"] < totals["One key-value head"] < 8.5e9 < totals["An untied output"]
