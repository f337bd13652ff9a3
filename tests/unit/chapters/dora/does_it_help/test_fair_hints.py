"""Unfair comparisons and hasty audits fail, and the hint names what is unfair about them."""

from itertools import groupby
from statistics import mean, median

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "dora-ex-"


def losses(runs, method, rate, seeds):
    return [run["loss"] for seed in seeds for run in runs
            if (run["method"], run["rate"], run["seed"]) == (method, rate, seed)]  # fmt: skip


def rate_of(runs, method, seeds, of=mean):
    rates = sorted({run["rate"] for run in runs})
    return min(rates, key=lambda rate: of(losses(runs, method, rate, seeds) or [np.inf]))


def compare(chosen_on=0, tested_on=1, of=mean, shared=None):
    """The comparison with its seeds and its measure open."""
    def answer(runs, choosing, testing):
        groups = choosing, testing, choosing + testing
        rates = [rate_of(runs, method, groups[chosen_on], of) for method in ("LoRA", "DoRA")]
        rates = rates if shared is None else [rates[shared]] * 2
        lora, dora = (losses(runs, method, rate, groups[tested_on])
                      for method, rate in zip(("LoRA", "DoRA"), rates, strict=True))
        pairs = [d - b for d, b in zip(dora, lora, strict=True)]
        return *rates, mean(pairs), sum(pair < 0 for pair in pairs)
    return answer


def instead(gap=None, wins=None):
    """The right comparison with one of its numbers taken another way."""
    def answer(runs, choosing, testing):
        lora_rate, dora_rate, right_gap, right_wins = compare()(runs, choosing, testing)
        pair = losses(runs, "LoRA", lora_rate, testing), losses(runs, "DoRA", dora_rate, testing)
        return lora_rate, dora_rate, gap(*pair) if gap else right_gap, wins(*pair) if wins else right_wins
    return answer


def at_one_rate(runs, choosing, testing):
    """The rates are right, and then both methods are tested at LoRA's."""
    lora_rate, dora_rate, _, wins = compare()(runs, choosing, testing)
    pair = (losses(runs, method, lora_rate, testing) for method in ("LoRA", "DoRA"))
    return lora_rate, dora_rate, float(np.subtract(*reversed(list(pair))).mean()), wins


def on_seeds(which):
    """Right rates, tested on other seeds."""
    def answer(runs, choosing, testing):
        right, seeds = compare()(runs, choosing, testing), (choosing, choosing + testing)[which]
        return *right[:2], mean(losses(runs, "DoRA", right[1], seeds)) - mean(losses(runs, "LoRA", right[0], seeds)), 0
    return answer


def carrier(pick=lambda apart: max(apart, key=lambda name: abs(apart[name] - mean(apart.values()))), gap=None):
    """The benchmark that carries the gap, and the gap without it."""
    def answer(first, second):
        apart = {name: first[name] - second[name] for name in first}
        name = pick(apart)
        rest = [each for other, each in apart.items() if other != name]
        return name, gap(apart, name) if gap else sum(rest) / len(rest)
    return answer


def of_known_seeds(runs, choosing, testing):
    """As if the seeds below ten always chose."""
    seeds = sorted({run["seed"] for run in runs})
    return compare()(runs, [seed for seed in seeds if seed < 10], [seed for seed in seeds if seed >= 10])


def of_known_rates(runs, choosing, testing):
    """As if the rates were always these three."""
    return compare()([run for run in runs if run["rate"] in (0.003, 0.01, 0.03)], choosing, testing)


def of_full_tables(runs, choosing, testing):
    """As if every rate had been run on every seed."""
    table = {(run["method"], run["rate"], run["seed"]): run["loss"] for run in runs}
    for method, rate in {key[:2] for key in table}:
        assert all((method, rate, seed) in table for seed in testing), "a run is missing"
    return compare()(runs, choosing, testing)


WRONG = [
    ("choose-rate", of_known_seeds, "expected|raised"),
    ("choose-rate", of_known_rates, "raised"),
    ("choose-rate", of_full_tables, "a run is missing"),
    ("choose-rate", compare(chosen_on=1), "best on the seeds that test"),
    ("choose-rate", compare(of=min), "is luck"),
    ("choose-rate", compare(of=median), "a run that broke"),
    ("choose-rate", compare(shared=0), "best for itself"),
    ("choose-rate", compare(shared=1), "best for itself"),
    ("choose-rate", at_one_rate, "the rates are compared"),
    ("choose-rate", on_seeds(0), "seeds that chose the rates: test"),
    ("choose-rate", on_seeds(1), "have no say any more"),
    ("choose-rate", instead(gap=lambda lora, dora: mean(lora) - mean(dora)), "the sign"),
    ("choose-rate", instead(gap=lambda lora, dora: sum(dora) - sum(lora)), "sum over the seeds"),
    ("choose-rate", instead(gap=lambda lora, dora: min(dora) - min(lora)), "the best runs"),
    ("choose-rate", instead(wins=lambda lora, dora: int((np.array(dora) > lora).sum())), "LoRA's wins"),
    ("choose-rate", compare(of=lambda found: mean([loss for loss in found if np.isfinite(loss)])), "a run that broke"),
    ("choose-rate", instead(wins=lambda lora, dora: sum(d < mean(lora) for d in dora)), "below LoRA's mean"),
    ("choose-rate", instead(wins=lambda lora, dora: int((np.sort(dora) < np.sort(lora)).sum())), "are a pair"),
    ("choose-rate", instead(wins=lambda lora, dora: float((np.array(dora) < lora).mean())), "that is a share"),
    ("choose-rate", lambda *given: compare()(*given)[2:], "LoRA's rate, DoRA's rate"),
    ("audit", carrier(lambda apart: max(apart, key=apart.get)), "furthest ahead there"),
    ("audit", carrier(lambda apart: min(apart, key=apart.get)), "furthest behind there"),
    ("audit", carrier(lambda apart: min(apart, key=lambda name: abs(apart[name] - mean(apart.values())))), "least"),
    ("audit", carrier(lambda apart: max(apart, key=lambda name: abs(apart[name]))), "furthest ahead there"),
    ("audit", carrier(lambda apart: next(iter(apart))), "leave out one after the other"),
    ("audit", carrier(lambda apart: "HellaSwag" if "HellaSwag" in apart else "d"), "does not carry"),
    ("audit", carrier(gap=lambda apart, name: -(sum(apart.values()) - apart[name]) / (len(apart) - 1)), "the sign"),
    ("audit", carrier(gap=lambda apart, name: sum(apart.values()) / len(apart)), "with all of them"),
    ("audit", carrier(gap=lambda apart, name: apart[name]), "on this one benchmark"),
    ("audit", carrier(gap=lambda apart, name: (sum(apart.values()) - apart[name]) / len(apart)), "one less to divide"),
    ("audit", carrier(gap=lambda apart, name: sum(apart.values()) - apart[name]), "sum over the others"),
    ("audit", carrier(gap=lambda apart, name: abs(apart[name] - mean(apart.values())) / (len(apart) - 1)),
     "the gap that is left"),
    ("audit", lambda *rows: (carrier()(*rows)[0], round(carrier()(*rows)[1], 1)), "do not round"),
    ("audit", lambda *rows: carrier()(*rows)[::-1], "must be the name"),
    ("audit", lambda *rows: carrier()(*rows)[0], "the name of a benchmark and the gap"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def by_groups(runs, choosing, testing):
    """Sorted and grouped, in place."""
    runs.sort(key=lambda run: (run["method"] == "DoRA", run["rate"], run["seed"]))
    chosen = []
    for _, of_method in groupby(runs, key=lambda run: run["method"]):
        tried = [list(group) for _, group in groupby(of_method, key=lambda run: run["rate"])]
        chosen.append(min(tried, key=lambda group: sum(run["loss"] for run in group if run["seed"] in choosing)))
    lora, dora = (torch.tensor([run["loss"] for run in group if run["seed"] in testing]) for group in chosen)
    return chosen[0][0]["rate"], chosen[1][0]["rate"], (dora - lora).mean(), (dora < lora).sum()


def in_tables(rows, first_seeds, other_seeds):
    """A table of means, the smallest of each row."""
    names, rates = ("LoRA", "DoRA"), sorted({row["rate"] for row in rows})
    table = np.array([[np.mean(losses(rows, name, rate, first_seeds)) for rate in rates] for name in names])
    chosen = [rates[place] for place in table.argmin(1)]
    found = np.array([losses(rows, name, rate, other_seeds) for name, rate in zip(names, chosen, strict=True)])
    return [*chosen, (found[1] - found[0]).mean(), np.count_nonzero(found[1] < found[0])]


def one_after_the_other(first, second):
    """Averages taken again without each, as the task says."""
    def gap(names):
        return sum(first[name] for name in names) / len(names) - sum(second[name] for name in names) / len(names)
    found = {name: gap([other for other in first if other != name]) for name in first}
    name = max(found, key=lambda name: abs(found[name] - gap(list(first))))
    return name, found[name]


def in_an_array(scores, others):
    names = list(scores)
    apart = np.array([scores[name] - others[name] for name in names])
    place = int(np.abs(apart - apart.mean()).argmax())
    return [names[place], np.delete(apart, place).mean()]


RIGHT = [
    ("choose-rate", compare()),
    ("choose-rate", by_groups),
    ("choose-rate", in_tables),
    ("audit", carrier()),
    ("audit", one_after_the_other),
    ("audit", in_an_array),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
