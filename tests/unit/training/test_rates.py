"""Groups of an optimizer keep the proportions of their rates under any number and any schedule."""

import math

import pytest
import torch

from llmbook.adapters import inject, lora_plus_groups
from llmbook.models import Decoder, llama
from llmbook.training import loop
from llmbook.training.adamw import AdamW
from llmbook.training.loop import train
from llmbook.training.rates import keep_proportions, rate_at
from llmbook.training.schedule import Schedule

RATES = {"A": 0.001, "B": 0.016, "magnitude": 0.005}
BATCHES = torch.randint(0, 256, (8, 2, 9), generator=torch.Generator().manual_seed(0))


def lora_plus(kind=torch.optim.AdamW, rate=1e-3):
    """A model and its optimizer with three rates."""
    model = inject(Decoder(llama.tiny()), ["q_proj"], rank=2, kind="dora")
    return model, kind(lora_plus_groups(model, learning_rate=rate, ratio=16, magnitude_learning_rate=5 * rate))


def rates_of(optimizer):
    return {group["name"]: group["lr"] for group in optimizer.param_groups}


def rates_after(learning_rate, steps=1, made=None, **options):
    """The rates with which the last step was taken."""
    model, optimizer = made or lora_plus(**options)
    list(train(model, BATCHES, steps=steps, learning_rate=learning_rate, optimizer=optimizer))
    return rates_of(optimizer)


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD, AdamW])
def test_the_rates_of_lora_plus_stay(kind):
    assert rates_after(1e-3, kind=kind) == pytest.approx(RATES)


def test_rates_far_from_the_optimizers_own_stay():
    assert rates_after(2e-4, rate=2e-4) == pytest.approx({name: rate / 5 for name, rate in RATES.items()})


def test_a_loop_that_gives_all_groups_one_rate_is_caught(monkeypatch):
    """The twin: what the loop did once."""
    monkeypatch.setattr(loop, "keep_proportions", lambda optimizer, rate: None)
    assert set(rates_after(1e-3).values()) == {1e-3}


@pytest.mark.parametrize("steps", range(1, 7))
def test_a_schedule_multiplies_each_rate(steps):
    schedule = Schedule(1e-3, 6, warmup_steps=3, anneal_steps=1)
    share = schedule(steps - 1) / 1e-3
    assert rates_after(schedule, steps) == pytest.approx({name: share * rate for name, rate in RATES.items()})


@pytest.mark.parametrize("stop", [1, 3, 6])
def test_a_run_that_goes_on_keeps_them(stop):
    """After step 6 all rates are zero, so that only what is kept tells the groups apart; the twin forgets it."""
    schedule = Schedule(1e-3, 6, warmup_steps=3, anneal_steps=1)
    model, optimizer = lora_plus()
    list(train(model, BATCHES, steps=stop, learning_rate=schedule, optimizer=optimizer))
    again = lora_plus()[1]
    again.load_state_dict(optimizer.state_dict())
    list(train(model, BATCHES, steps=7, first_step=stop, learning_rate=lambda step: 5e-4, optimizer=again))
    assert rates_of(again) == pytest.approx({name: rate / 2 for name, rate in RATES.items()})
    for group in optimizer.param_groups:
        del group["rate_factor"]
    if stop == 6:
        keep_proportions(optimizer, 1e-3)
        assert not any("rate_factor" in group for group in optimizer.param_groups)


def test_the_rate_of_the_optimizer_may_be_meant():
    first, second = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    optimizer = torch.optim.SGD([{"params": [first], "lr": 0.3}, {"params": [second], "lr": 0.1}], lr=0.2)
    keep_proportions(optimizer, 0.2)
    assert [group["rate_factor"] for group in optimizer.param_groups] == pytest.approx([1.5, 0.5])


def test_one_rate_for_all_groups_gives_way():
    model, optimizer = lora_plus()
    for group in optimizer.param_groups:
        group["lr"] = 0.5
    assert set(rates_after(1e-4, made=(model, optimizer)).values()) == {1e-4}


def test_a_factor_that_stands_there_counts():
    model, optimizer = lora_plus()
    optimizer.param_groups[0]["rate_factor"] = 3.0
    assert list(rates_after(0.2, made=(model, optimizer)).values()) == pytest.approx([0.6, 0.2, 0.2])


@pytest.mark.parametrize(("rate", "said"), [
    (3e-3, "0.003 at its highest"), (Schedule(3e-3, 9), "0.003 at its highest"), (0.0, "0.0 at its highest"),
    (lambda step: 1e-3, "a function without a peak"),
])
def test_what_contradicts_the_groups_is_refused(rate, said):
    with pytest.raises(ValueError, match=f'rates 0.001, 0.016, 0.005, and learning_rate is {said}.*"rate_factor"'):
        rates_after(rate)


def test_the_rate_of_a_step():
    assert [rate_at(0.5, 3), rate_at(lambda step: step / 2, 3), rate_at(0.0, 0), rate_at(0, 0)] == [0.5, 1.5, 0.0, 0]
    for wrong in (math.nan, math.inf, -1e-9):
        with pytest.raises(ValueError, match="at step 3"):
            rate_at(wrong, 3)
