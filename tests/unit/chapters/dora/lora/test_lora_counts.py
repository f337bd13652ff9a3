"""What adapters count on the page "LoRA from scratch", and its explorer."""

import pytest
import torch

from llmbook.accounting import count_parameters, linear_shapes, meta_model, total_parameters
from llmbook.adapters import inject, trainable_parameters
from llmbook.chapters.dora.lora.explorer import (
    MODELS,
    TARGETS,
    adapter_parameters,
    draw_adapter,
    explore_adapters,
    training_bytes,
)
from llmbook.models import PUBLISHED, gemma
from llmbook.widgets.controls import grid

# --- counting ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("targets", TARGETS)
def test_the_formula_counts_what_a_built_model_trains(model, targets):
    config = PUBLISHED[MODELS[model]]
    names = [name for name in TARGETS[targets] if name in linear_shapes(config)]
    with torch.device("meta"):
        built = inject(meta_model(config), names, rank=3, alpha=3)
    trained = sum(parameter.numel() for parameter in trainable_parameters(built).values())
    assert trained == adapter_parameters(config, TARGETS[targets], 3)
    assert count_parameters(built) == trained + total_parameters(config)


def test_shapes_are_not_all_square():
    """The twin: a count that takes D for every side would pass on square matrices only."""
    shapes = linear_shapes(gemma.tiny())
    assert shapes["q_proj"] == (48, 64) and shapes["k_proj"] == (48, 16) and shapes["o_proj"] == (64, 48)
    assert shapes["down_proj"] == (96, 48)
    square = gemma.tiny().layers * 2 * (48 + 48)
    assert adapter_parameters(gemma.tiny(), ("q_proj",), 2) == gemma.tiny().layers * 2 * (48 + 64) != square


def test_the_published_share_comes_out():
    config = PUBLISHED["llama-2-7b"]
    trained = adapter_parameters(config, TARGETS["q, k, v, up, down"], 32)
    assert trained == 56_098_816
    assert round(100 * trained / (trained + total_parameters(config)), 4) == 0.8256


def test_frozen_numbers_need_no_gradient_and_no_moments():
    assert training_bytes(100, 0) == {"weights": 200, "gradients": 0, "optimizer": 0}
    assert training_bytes(0, 100) == {"weights": 400, "gradients": 400, "optimizer": 800}


# --- the explorer --------------------------------------------------------------------------------------------------

def test_the_sentence_counts():
    _, said = draw_adapter(model="Llama 2 7B", targets="q, k, v, up, down", rank=32)
    assert "56,098,816 trained numbers, 0.826%" in said
    assert "428.0 MiB instead of 50.2 GiB" in said and "file has 214.0 MiB" in said


def test_a_gate_that_is_not_there_costs_nothing():
    gpt2 = PUBLISHED["gpt2"]
    assert adapter_parameters(gpt2, TARGETS["all linear"], 16) == 2_654_208
    assert adapter_parameters(gpt2, ("gate_proj",), 16) == 0


def test_the_explorer_has_few_frames_and_each_says_something_else():
    explorer = explore_adapters()
    settings = grid(explorer.controls)
    assert len(settings) == 60
    assert len({explorer.draw(**values)[1] for values in settings}) == 60
