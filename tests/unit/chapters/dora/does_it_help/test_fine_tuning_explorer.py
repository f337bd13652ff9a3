"""The explorer of the page "Does it help?" and the curves that it shows."""

import numpy as np
import pytest

from llmbook.chapters.dora.does_it_help.explorer import describe, explore_rates, sweep_curves
from llmbook.experiments.results import read_result
from llmbook.widgets.controls import grid

NEW = {"full": {0.001: np.array([1.0, 1.2]), 0.01: np.array([0.5, 0.6])},
       "lora": {0.01: np.array([0.9, 1.1]), 0.1: np.array([4.0, 5.0])}}  # fmt: skip
OLD = {"full": {0.001: np.array([0.4, 0.5]), 0.01: np.array([1.4, 1.6])},
       "lora": {0.01: np.array([0.6, 0.8]), 0.1: np.array([4.0, 5.0])}}  # fmt: skip


def test_the_explorer_says_what_it_shows():
    assert "its best is 0.01 with 0.55" in describe(NEW, OLD, "full", 0.001, (3.4, 0.4))
    assert "(its best rate)" in describe(NEW, OLD, "lora", 0.01, (3.4, 0.4))
    assert describe(NEW, OLD, "lora", 0.001, (3.4, 0.4)).startswith("LoRA was not run at 0.001")
    worse = describe(NEW, OLD, "lora", 0.1, (3.4, 0.4))  # not "down from 3.40"
    assert "4.50 nats a token on the new workplace (its best is 0.01 with 1.00), 3.40 before" in worse
    explorer = explore_rates(NEW | {"dora": NEW["lora"], "lora+": NEW["full"]}, OLD | {"dora": OLD["lora"],
                             "lora+": OLD["full"]}, base=(3.4, 0.4))  # fmt: skip
    sentences = [explorer.draw(**values)[1] for values in grid(explorer.controls)]
    assert len(set(sentences)) == len(sentences) == 12


def test_curves_come_from_the_rows_of_the_sweep():
    usual = {"method": "lora", "rank": 8, "alpha": 16, "learning_rate": 0.01, "steps": 50, "seed": 0}
    rows = [usual | {"validation": 1.0}, usual | {"seed": 1, "validation": 2.0}]
    others = [usual | change | {"validation": 9.0} for change in
              ({"rank": 4}, {"alpha": 64}, {"steps": 40}, {"seed": 10}, {"method": "rslora"})]  # fmt: skip
    curves = sweep_curves(rows + others, "validation", seeds=range(5), steps=50)
    assert curves["lora"][0.01].tolist() == [1.0, 2.0] and curves["dora"] == {}


def test_full_fine_tuning_at_a_third_of_its_best_rate_is_ahead_of_lora_on_both():
    rows = read_result("adapter_sweeps")["rows"]
    new, old = (sweep_curves(rows, key, seeds=range(5), steps=50) for key in ("validation", "general"))
    best = {method: min(new[method], key=lambda rate: new[method][rate].mean()) for method in ("full", "lora")}
    assert "On both" in explore_rates(new, old, base=(3.4, 0.4)).predict.answers
    assert best["full"] / 0.003 == pytest.approx(3, abs=0.5)
    for curves in (new, old):
        assert curves["full"][0.003].max() < curves["lora"][best["lora"]].min()  # in every seed
    assert old["full"][best["full"]].min() > old["lora"][best["lora"]].max()  # so not at its own best rate
