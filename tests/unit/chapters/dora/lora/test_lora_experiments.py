"""The experiments of the page "LoRA from scratch": starts, choices, first steps."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from llmbook.adapters import adapter_layers, inject
from llmbook.chapters.dora.lora import experiment as lora_choices
from llmbook.chapters.dora.lora.experiment import (
    FRESH_SEEDS,
    RATES,
    SEEDS,
    STARTS,
    TARGETS,
    restart_,
    run_choice,
    stored_choices,
)
from llmbook.chapters.dora.lora.first_steps import first_steps, layer_cost, second_step


def started(start, inputs=3000, outputs=2000, rank=8):
    model = nn.Sequential(nn.Linear(inputs, outputs))
    inject(model, ["0"], rank=rank, alpha=16)
    restart_(model, start, torch.Generator().manual_seed(0))
    (layer,) = adapter_layers(model).values()
    return layer.lora_A.detach().std().item(), layer.lora_B.detach().std().item()


def test_starts():
    of_A, of_B = 1 / math.sqrt(3 * 3000), 1 / math.sqrt(3 * 8)
    assert started("B zero") == pytest.approx((of_A, 0.0), rel=0.03)
    assert started("A zero") == pytest.approx((0.0, of_B), rel=0.03)
    assert started("both random") == pytest.approx((of_A, of_B), rel=0.03)
    assert started("both zero") == (0.0, 0.0)
    assert started("A turned") == pytest.approx((of_A * math.sqrt(3000 / 8), 0.0), rel=0.03)


def test_an_unknown_start_is_refused():
    with pytest.raises(ValueError, match="choose one of B zero"):
        restart_(nn.Sequential(), "zero", torch.Generator())


def test_a_choice_is_repeatable_and_learns_unless_both_are_zero():
    first, other = (run_choice(seed, steps=4) for seed in (0, 1))
    again = run_choice(0, start="B zero", learning_rate=0.01, steps=4, targets=TARGETS, rank=8, alpha=16, dropout=0.0)
    assert first == again and first["after"] != other["after"]
    assert first["after"] < first["before"] - 0.1
    stuck = run_choice(0, start="both zero", steps=4)
    assert stuck["after"] == stuck["before"] == first["before"]


def test_dropout_changes_the_training_and_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    dropped = run_choice(0, steps=3, dropout=0.3)
    assert torch.equal(torch.get_rng_state(), state)
    assert dropped["after"] != run_choice(0, steps=3)["after"]
    assert dropped["after"] == run_choice(0, steps=3, dropout=0.3)["after"]


def test_the_stored_runs_are_complete_and_one_comes_out_again():
    for start in ("B zero", "A zero", "A turned"):
        for rate in RATES:
            assert len(stored_choices(start=start, learning_rate=rate)) == len(SEEDS)
    assert set(STARTS) >= {"B zero", "A zero", "A turned"}
    stored = stored_choices(start="A zero", learning_rate=0.01)[0]
    again = run_choice(0, start="A zero", learning_rate=0.01)["after"]
    assert again == pytest.approx(stored, abs=0.02)


def test_starts_are_compared_on_seeds_that_did_not_choose_their_rates():
    for start in ("B zero", "A zero", "A turned"):
        best = min(RATES, key=lambda rate, start=start: stored_choices(start=start, learning_rate=rate).mean())
        assert len(stored_choices(fresh=True, start=start, learning_rate=best)) == len(FRESH_SEEDS) >= 5
    assert not set(FRESH_SEEDS) & set(SEEDS)
    with pytest.raises(ValueError, match="0 rows"):  # the twin: a rate that was not chosen was not run anew
        stored_choices(fresh=True, start="B zero", learning_rate=0.003)


def test_an_ambiguous_question_is_refused(monkeypatch):
    rows = [{"seed": seed, "rate": rate, "after": 1.0} for rate in (1, 2) for seed in (0, 1)]
    monkeypatch.setattr(lora_choices, "read_result", lambda name: {"settings": {"seeds": [0, 1]}, "rows": rows})
    assert np.array_equal(stored_choices(rate=1), [1.0, 1.0])
    with pytest.raises(ValueError, match="4 rows, not one for each seed"):
        stored_choices()


def test_the_root_keeps_the_first_gradient_and_the_quotient_does_not():
    small, large = (first_steps(rank, rank_stabilized=True, steps=1, seeds=4) for rank in (2, 32))
    assert large[0] == pytest.approx(small[0], rel=0.1)
    small, large = (first_steps(rank, rank_stabilized=False, steps=1, seeds=4) for rank in (2, 32))
    assert large[0] == pytest.approx(small[0] / 4, rel=0.1)


@pytest.mark.parametrize(("measure", "settings"), [
    (lambda **options: first_steps(4, rank_stabilized=True, **options),
     {"alpha": 16, "steps": 20, "rate": 1e-4, "width": 256, "tokens": 64, "seeds": 8}),
    (lambda **options: second_step(128, **options), {"rank": 8, "tokens": 64, "rate": 1e-3}),
    (lambda **options: layer_cost(nn.Linear(4, 4), inputs=4, **options), {"tokens": 512}),
])  # fmt: skip
def test_first_steps_left_alone_are_those_of_the_page(measure, settings):
    right = measure()
    assert measure(**settings) == right
    for name, value in settings.items():
        assert measure(**{name: 2 * value}) != right, name


def test_the_step_of_A_grows_with_the_width_and_that_of_B_does_not():
    narrow, wide = second_step(256), second_step(2048)
    assert wide[0] > 4 * narrow[0]
    assert wide[1] == pytest.approx(narrow[1], rel=0.2)


def test_freezing_takes_away_one_product_and_the_memory_of_the_input():
    trained, frozen = nn.Linear(64, 64), nn.Linear(64, 64).requires_grad_(False)
    product = 2 * 32 * 64 * 64
    assert layer_cost(trained, inputs=64, tokens=32) == (product, 2 * product, 4 * 32 * 64)
    assert layer_cost(frozen, inputs=64, tokens=32) == (product, product, 0)


def test_lora_keeps_the_input_and_what_passes_between_the_matrices():
    model = inject(nn.Sequential(nn.Linear(64, 64)), ["0"], rank=2, alpha=4)
    forward, backward, kept = layer_cost(model, inputs=64, tokens=32)
    product, thin = 2 * 32 * 64 * 64, 2 * 2 * 32 * 2 * 64
    assert (forward, backward) == (product + thin, product + 2 * thin)
    assert kept == 4 * 32 * (64 + 2)


@pytest.mark.parametrize(("steps", "equal"), [(1, True), (3, False)])
def test_alpha_is_a_learning_rate_at_the_first_step_of_adam_only(steps, equal):
    generator = torch.Generator().manual_seed(0)
    x, target = torch.randn(2, 32, 64, generator=generator, dtype=torch.float64)
    deltas = []
    for alpha, rate in ((16, 0.02), (32, 0.01)):
        model = nn.Sequential(nn.Linear(64, 64, bias=False).double().requires_grad_(False))
        nn.init.zeros_(model[0].weight)
        inject(model, ["0"], rank=4, alpha=alpha, generator=torch.Generator().manual_seed(1))
        adam = torch.optim.Adam([model[0].lora_A, model[0].lora_B], rate, eps=1e-15)
        for _ in range(steps):
            adam.zero_grad()
            (model(x) - target).square().sum().backward()
            adam.step()
        deltas.append(model[0].delta().detach())
    assert torch.allclose(*deltas, rtol=1e-9) == equal
