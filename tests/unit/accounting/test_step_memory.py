"""The formulas of a training step's memory equal what the code keeps, and the counts that a paper prints."""

from dataclasses import replace

import pytest
import torch

from llmbook.accounting import linear_shapes
from llmbook.accounting.rehearsal import rehearse, rehearse_deep
from llmbook.accounting.step_memory import ALL_LINEAR, PRECISIONS, adapter_parameters, kept_per_layer, step_memory
from llmbook.adapters import inject
from llmbook.models import PUBLISHED, Decoder, gemma, llama


def counted_per_layer(config, kind, targets, dtype):
    """What one more token leaves in one more layer."""
    prepare = None if kind == "full" else lambda model: inject(model, list(targets), kind=kind, rank=8)
    kept = {(layers, tokens): rehearse(replace(config, layers=layers), prepare, tokens=tokens, dtype=dtype).kept
            for layers in (2, 3) for tokens in (8, 16)}  # fmt: skip
    return (kept[3, 16] - kept[2, 16] - kept[3, 8] + kept[2, 8]) / 8


@pytest.mark.parametrize(("kind", "targets"), [
    ("full", ALL_LINEAR), ("lora", ALL_LINEAR), ("dora", ALL_LINEAR), ("lora", ("q_proj", "v_proj")),
    ("dora", ("k_proj", "up_proj", "down_proj")), ("lora", ("o_proj",)),
])  # fmt: skip
@pytest.mark.parametrize(("config", "value_bytes"), [(llama.tiny(kv_heads=2), 4), (gemma.tiny(), 2)])
def test_kept_bytes_by_formula_are_what_the_code_keeps(config, kind, targets, value_bytes):
    dtype = torch.float32 if value_bytes == 4 else torch.bfloat16
    counted = counted_per_layer(config, kind, targets, dtype)
    assert counted == kept_per_layer(config, kind, targets, rank=8, value_bytes=value_bytes)
    other = "dora" if kind == "lora" else "lora"
    assert counted != kept_per_layer(config, other, targets, rank=8, value_bytes=value_bytes)


def test_adapter_parameters_are_those_of_the_paper_and_of_the_code():
    """LLaMA-7B, rank 32, five matrices: the shares printed in the DoRA paper's Table 1 come from these counts."""
    targets = ("q_proj", "k_proj", "v_proj", "up_proj", "down_proj")
    counts = [adapter_parameters(PUBLISHED["llama-2-7b"], targets, rank=32, kind=kind) for kind in ("lora", "dora")]
    assert counts == [56_098_816, 56_975_360]
    config = llama.tiny(kv_heads=1)
    model = inject(Decoder(config), list(targets), kind="dora", rank=3)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert adapter_parameters(config, targets, rank=3, kind="dora") == trained
    assert adapter_parameters(config, targets, rank=3) != trained


def test_sixteen_bytes_for_each_trained_number():
    config = PUBLISHED["llama-2-7b"]
    parts = step_memory(config, "full")
    states = sum(parts[part] for part in ("weights", "gradients", "optimizer"))
    assert states == 16 * 6_738_415_616
    assert sum(step_memory(config, "full", precision="float32").values()) - parts["activations"] != states


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_whole_step_is_near_the_rehearsal(precision):
    """The formula ignores the first norm, whose input needs no gradient, and what is kept once a step."""
    config = PUBLISHED["tinyllama-1.1b"]
    dtype = torch.float32 if precision == "float32" else torch.bfloat16
    rehearsed = rehearse_deep(
        config, lambda model: inject(model, list(ALL_LINEAR), rank=16), tokens=128, dtype=dtype
    )
    parts = step_memory(config, "lora", tokens=128, precision=precision)
    assert parts["weights"] == rehearsed.weights and parts["gradients"] == rehearsed.gradients
    assert parts["activations"] == pytest.approx(rehearsed.kept, rel=0.01)


def test_models_that_the_formulas_do_not_cover_are_refused():
    with pytest.raises(ValueError, match="one gated feed-forward layer"):
        linear_shapes(PUBLISHED["mixtral-8x7b"])
