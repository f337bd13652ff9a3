"""What the page of exercises hands out holds: its planted bugs fail the checks, and do what the task says of them."""


import pytest
import torch
from exercise_cells import ExerciseCells

from llmbook.chapters import evaluate
from llmbook.exercises.report import FAIL

CELLS = ExerciseCells("dora")
PLANTED = CELLS.planted


@pytest.mark.parametrize("slug", PLANTED)
def test_the_planted_bug_is_caught(slug):
    assert evaluate(f"dora-ex-{slug}", CELLS.function(f"{slug}-bug")).status == FAIL


def gap(layer, bias, inputs=3, outputs=5, rank=2):
    """How far a layer's output is from that of the merged weight."""
    generator = torch.Generator().manual_seed(0)
    weight, A, B, x = (torch.randn(size, generator=generator)
                       for size in ((outputs, inputs), (rank, inputs), (outputs, rank), (6, inputs)))  # fmt: skip
    mixed, magnitude = weight + 0.7 * B @ A, torch.rand(outputs, generator=generator) + 0.5
    merged = magnitude[:, None] * mixed / mixed.norm(dim=1, keepdim=True)
    given = torch.full((outputs,), bias)
    return (layer(x, weight, given, A, B, magnitude, 0.7) - (x @ merged.T + given)).abs().max().item()


@pytest.mark.parametrize("sizes", [(3, 5, 2), (4, 4, 1), (3, 2, 3)])
def test_the_output_with_a_bug_agrees_without_a_bias_as_the_task_says(sizes):
    layer = CELLS.function("forward-bug")
    assert gap(layer, 0.0, *sizes) < 1e-5 < 0.1 < gap(layer, 1.0, *sizes)
