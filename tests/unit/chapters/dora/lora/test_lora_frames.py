"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import pytest
from drawing import bars, curves, redrawn, ticks

from llmbook.accounting import total_parameters
from llmbook.chapters.dora.lora.explorer import draw_adapter, explore_adapters
from llmbook.models import PUBLISHED

MATRICES = 32 * 2 * 4096 * 2  # rank one on q and v in the 32 layers of Llama 2 7B: both thin matrices
FEEDFORWARD = 32 * 2 * (4096 + 11_008)


@pytest.mark.parametrize(("model", "targets", "rank", "trained"), [
    ("Llama 2 7B", "q, v", 4, 4 * MATRICES), ("Llama 2 7B", "q, v", 32, 32 * MATRICES),
    ("Llama 2 7B", "q, k, v, up, down", 4, 4 * (MATRICES * 3 // 2 + FEEDFORWARD)),
    ("GPT-2 124M", "q, v", 4, 4 * 12 * 2 * 2 * 768)])  # fmt: skip
def test_memory_and_files_are_those_of_the_chosen_adapter(model, targets, rank, trained):
    upper, lower = redrawn(draw_adapter, model=model, targets=targets, rank=rank)[0].axes
    total = total_parameters(PUBLISHED[{"Llama 2 7B": "llama-2-7b", "GPT-2 124M": "gpt2"}[model]])
    sizes = [4 * total, 4 * total, 8 * total, 2 * total + 4 * trained, 4 * trained, 8 * trained]
    assert [bar.width for bar in bars(upper)] == pytest.approx([size / 2**30 for size in sizes], rel=1e-5)
    assert [bar.y + 0.31 for bar in bars(upper)] == pytest.approx([0, 0, 0, 1, 1, 1])
    assert [curve.x[0] for curve in curves(lower)] == pytest.approx([2 * total / 2**20, 4 * trained / 2**20], rel=1e-5)
    assert ticks(upper.yaxis) == {0: "full", 1: "LoRA"} and ticks(lower.yaxis) == {0: "model", 1: "adapter"}


def test_eight_times_the_rank_makes_the_bar_less_than_twice_as_long():
    assert "Less than twice" in explore_adapters().predict.answers
    lengths = {}
    for rank in (32, 256):
        upper, _ = redrawn(draw_adapter, model="Llama 2 7B", targets="q, k, v, up, down", rank=rank)[0].axes
        lengths[rank] = [bar.width for bar in bars(upper)][3:]
    weights, gradients, moments = (later / before for before, later in zip(*lengths.values(), strict=True))
    assert 1.2 < sum(lengths[256]) / sum(lengths[32]) < 2  # to be seen, and far from eight times
    assert weights < 1.2 and gradients == pytest.approx(8, rel=1e-4) and moments == pytest.approx(8, rel=1e-4)
