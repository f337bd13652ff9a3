"""Explorers of the DoRA pages: the frame for a setting of the controls shows that setting."""

import math

import numpy as np
import pytest
from drawing import arrows, bars, circles, curves, errorbars, limits, pictures, redrawn, rules, ticks
from drawn import numbers

from llmbook.accounting import total_parameters
from llmbook.accounting.step_memory import step_memory
from llmbook.chapters.dora.costs.explorer import draw_step_memory
from llmbook.chapters.dora.decomposition.explorer import draw_dora
from llmbook.chapters.dora.does_it_help.explorer import explore_rates
from llmbook.chapters.dora.lora.explorer import draw_adapter
from llmbook.chapters.dora.low_rank.explorer import explore_rank
from llmbook.models import PUBLISHED

# --- a row turned and stretched ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("along", "step", "magnitude", "adapted"), [
    ("across W", 0.75, 2.5, (1.8, 1.15)), ("across W", -1.5, 2.5, (0, 2.5)), ("across W", 0.75, 1.0, (1.8, 1.15)),
    ("along the first input", 0.75, 2.5, (1.95, 1.6)), ("along W itself", 0.75, 2.5, (1.65, 2.2))])
def test_the_row_is_moved_by_the_step_and_gets_the_magnitude(along, step, magnitude, adapted):
    (ax,) = redrawn(draw_dora, along=along, step=step, magnitude=magnitude)[0].axes
    ends = [(arrow.start, arrow.end) for arrow in arrows(ax)]
    result = numbers(magnitude * part / math.hypot(*adapted) for part in adapted)
    expected = [((0, 0), result), ((0, 0), (1.2, 1.6)), ((1.2, 1.6), adapted), ((0, 0), adapted)]
    assert ends == [(start, pytest.approx(end, abs=1e-5)) for start, end in expected]
    assert [circle[2] for circle in circles(ax)] == [1, magnitude] and limits(ax) == ((-1.7, 3.2), (-1.2, 3.4))


# --- what LoRA trains ----------------------------------------------------------------------------------------------

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


# --- memory of a step ----------------------------------------------------------------------------------------------

STEP = {"model": "Gemma 2B", "targets": "query and value", "rank": 16, "precision": "bfloat16 with a float32 copy",
        "optimizer": "AdamW"}  # fmt: skip
ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.mark.parametrize("changes", [{}, {"model": "Gemma 7B"}, {"targets": "every linear map"}, {"rank": 256},
                                     {"precision": "float32"}, {"optimizer": "AdamW in 8 bits"}])  # fmt: skip
def test_every_way_to_tune_needs_what_the_accounting_says(changes):
    values = STEP | changes
    (ax,) = redrawn(draw_step_memory, **values)[0].axes
    config = PUBLISHED[values["model"].lower().replace(" ", "-")]
    targets = ("q_proj", "v_proj") if values["targets"] == "query and value" else ALL
    assert list(ticks(ax.yaxis).values()) == ["full", "LoRA", "DoRA", "QLoRA"]
    for row, (kind, quantized) in enumerate([("full", False), ("lora", False), ("dora", False), ("lora", True)]):
        parts = step_memory(config, kind, targets, rank=values["rank"], tokens=2048, precision=values["precision"],
                            optimizer=values["optimizer"], quantized=quantized)  # fmt: skip
        drawn = [bar.width for bar in bars(ax) if round(bar.y + bar.height / 2) == row]
        assert sorted(drawn) == pytest.approx(sorted(size / 1e9 for size in parts.values()), rel=1e-4)
    assert [rule.at for rule in rules(ax)] == [24]


# --- low rank ------------------------------------------------------------------------------------------------------

DIAGONAL = {"a": np.diag([4.0, 3.0, 0.0]), "b": np.diag([5.0, 2.0, 1.0])}


@pytest.mark.parametrize(("matrix", "rank", "kept", "error"), [
    ("a", 1, (4, 0, 0), 0.6), ("a", 2, (4, 3, 0), 0.0), ("b", 1, (5, 0, 0), (5 / 30) ** 0.5), ("b", 0, (0, 0, 0), 1.0)])
def test_the_best_matrix_of_the_rank_stands_beside_the_matrix(matrix, rank, kept, error):
    explorer = explore_rank(DIAGONAL, frames=(0, 1, 2), default=1)
    whole, best, below = redrawn(explorer.draw, matrix=matrix, rank=rank)[0].axes
    assert [np.diag(picture.rows) == pytest.approx(expected) for (picture,), expected in
            zip(map(pictures, (whole, best)), (np.diag(DIAGONAL[matrix]), kept), strict=True)] == [True, True]
    assert np.array(pictures(best)[0].rows) == pytest.approx(np.diag(kept), abs=1e-9)
    line, mark = curves(below)
    assert (mark.x, mark.y) == ((rank,), pytest.approx((error,), abs=1e-5)) and line.x == (0, 1, 2, 3)


# --- methods and rates ---------------------------------------------------------------------------------------------

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
