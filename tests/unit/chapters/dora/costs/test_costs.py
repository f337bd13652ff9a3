"""The meter, the rehearsal, the formulas of adapter memory, and the figures and the explorer made of them."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from llmbook.accounting import flops_by_part, linear_shapes
from llmbook.accounting.meter import Meter, kept_tensors, measure_step, storage_bytes
from llmbook.accounting.rehearsal import rehearse, rehearse_deep
from llmbook.accounting.step_memory import ALL_LINEAR, PRECISIONS, adapter_parameters, kept_per_layer, step_memory
from llmbook.adapters import inject
from llmbook.chapters.dora.costs import plots
from llmbook.chapters.dora.costs.explorer import LIMITS, MODELS, TARGETS, WAYS, draw_step_memory, memory_explorer
from llmbook.chapters.dora.practice.plots import draw_block_error, draw_levels, draw_lost_updates
from llmbook.models import PUBLISHED, Decoder, gemma, initialize_, llama
from llmbook.plots.style import to_svg
from llmbook.training.loop import next_token_loss

T, I, O = 8, 32, 16  # noqa: E741


def one_layer(*, frozen):
    layer = nn.Linear(I, O, bias=False).requires_grad_(not frozen)
    x = torch.randn(T, I, generator=torch.Generator().manual_seed(0)).requires_grad_()
    return layer, x


# --- the meter ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("frozen", "products", "kept"), [(True, 2, 0), (False, 3, 4 * T * I)])
def test_products_and_kept_bytes_of_one_layer(frozen, products, kept):
    layer, x = one_layer(frozen=frozen)
    cost = measure_step(lambda: layer(x).sum(), layer.parameters())
    assert cost.flops == products * 2 * T * I * O and cost.large(2 * T * I * O) == products
    assert cost.kept == kept


def test_a_piece_of_memory_counts_once_and_what_is_owned_not_at_all():
    x = torch.randn(4, 4, requires_grad=True)
    assert storage_bytes(kept_tensors(lambda: (x * x.T).sum())) == x.nbytes
    assert kept_tensors(lambda: (x * x.T).sum(), [x]) == []


def test_the_peak_falls_when_tensors_die():
    with Meter() as meter:
        for _ in range(3):
            large = torch.zeros(1000)
            del large
        held = torch.zeros(10)
    assert meter.peak == 4000 and meter.held == held.nbytes
    with Meter() as meter:
        kept = [torch.zeros(1000) for _ in range(3)]
    assert meter.peak == sum(each.nbytes for each in kept)  # the twin


# --- the rehearsal -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", [None, "lora", "dora"])
def test_a_rehearsal_counts_what_the_step_needs(kind):
    config = llama.tiny()
    prepare = kind and (lambda model: inject(model, list(ALL_LINEAR), kind=kind, rank=4))
    rehearsed = rehearse(config, prepare, tokens=32, dtype=torch.float32)
    model = initialize_(Decoder(config), torch.Generator().manual_seed(0))
    if prepare:
        prepare(model)
    ids = torch.randint(config.vocab_size, (1, 33), generator=torch.Generator().manual_seed(1))
    real = measure_step(lambda: next_token_loss(model, ids), model.parameters())
    assert (rehearsed.flops, rehearsed.kept, rehearsed.peak) == (real.flops, real.kept, real.peak)
    assert rehearsed.weights == sum(p.nbytes for p in model.parameters())
    assert rehearsed.trainable == sum(p.numel() for p in model.parameters() if p.requires_grad)
    other = rehearse(config, prepare, tokens=33, dtype=torch.float32)
    assert other.kept != real.kept and other.flops != real.flops


def test_full_training_is_three_forward_passes():
    """Each matrix is multiplied three times, and twice if it is frozen."""
    config = llama.tiny()
    rehearsed = rehearse(config, tokens=32)
    parts = flops_by_part(config, 32)
    forward = 32 * (sum(parts.values()) - parts["attention_scores"])  # the fused kernel is not counted
    assert rehearsed.flops == 3 * forward
    frozen = rehearse(config, lambda model: inject(model, ["q_proj"], rank=1), tokens=32)
    assert frozen.flops < 2.05 * forward  # the twin


def test_many_layers_follow_from_few():
    config = replace(llama.tiny(), layers=5)
    prepare = lambda model: inject(model, ["q_proj", "down_proj"], kind="dora", rank=4)  # noqa: E731
    assert rehearse_deep(config, prepare, tokens=16) == rehearse(config, prepare, tokens=16)
    assert rehearse_deep(config, prepare, tokens=16) != rehearse(replace(config, layers=4), prepare, tokens=16)


# --- the formulas ------------------------------------------------------------------------------------------------

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


# --- figures and explorer ----------------------------------------------------------------------------------------

def test_figures_show_what_they_are_given():
    times = {"LoRA": [1.0, 1.2, 1.1], "DoRA": [2.2, 2.3, 2.1]}
    ax = plots.draw_times(times, reference="LoRA", theirs=("DoRA",)).axes[0]
    assert [text.get_text() for text in ax.texts] == ["1.00", "2.00"]
    overhead = plots.draw_overhead([8, 64], {"a": [2.0, 1.1]}, {"a": [3.0, 1.5]})
    assert list(overhead.axes[1].lines[0].get_ydata()) == [3.0, 1.5]
    rows = {"full": {"weights": 2e9, "gradients": 1e9, "optimizer": 4e9, "activations": 3e9}}
    assert plots.draw_memory(rows, line=24).axes[0].texts[0].get_text() == "10.0"
    lines = plots.draw_by_tokens([1, 2], {"full": [1e9, 2e9]}, line=80).axes[0].lines
    assert list(lines[0].get_ydata()) == [1.0, 2.0]


def test_figures_of_quantization():
    levels = torch.linspace(-1, 1, 16).numpy()
    figure = draw_levels({"even": levels, "odd": levels}, {"even": levels**2, "odd": levels**2}, levels)
    assert len(figure.axes[2].patches) == 16
    ax = draw_block_error({"a": [5.0, 4.5]}, {"a": [0.08, 0.09]}, [32, 64]).axes[0]
    assert [text.get_text() for text in ax.texts] == ["64"]
    lines = draw_lost_updates([1e-3, 1], [0.9, 0.0], [0.8, 0.01]).axes[0].lines
    assert list(lines[0].get_ydata()) == [90.0, 0.0] and list(lines[1].get_ydata()) == [80.0, 1.0]


def test_the_explorer_fits_its_axes_and_says_what_it_shows():
    frame = {"model": "Llama 2 7B", "targets": "every linear map", "rank": 16, "optimizer": "AdamW"}
    _, sentence = draw_step_memory(precision="bfloat16 with a float32 copy", **frame)
    assert "LoRA 26.0 GB" in sentence and "Into 24 GB fit: QLoRA;" in sentence
    figure, other = draw_step_memory(precision="float32", **frame)
    assert other != sentence and "<svg" in to_svg(figure)
    assert memory_explorer().defaults["rank"] == 16
    for precision, limit in LIMITS.items():
        largest = max(
            sum(step_memory(PUBLISHED[model], kind, targets, rank=256, precision=precision, quantized=four).values())
            for model in MODELS.values() for targets in TARGETS.values() for kind, four in WAYS.values()
        )  # fmt: skip
        assert largest / plots.GB < 0.93 * limit
