"""The figure of a published model's layers, and the stored run behind it."""

import numpy as np
import pytest
from drawing import curves, dots, legend, limits, redrawn, scales, ticks, titles

from llmbook.chapters.dora.does_it_help.real_model import METHODS, PAPER, STEPS
from llmbook.chapters.dora.does_it_help.real_plots import plot_moved, plot_small_changes
from llmbook.experiments.fine_tuning import TARGETS
from llmbook.experiments.results import read_result, select

LAYERS = 30
CHANGES = ("moved", "magnitude", "direction", "random_magnitude", "random_direction")


def test_each_kind_of_matrix_is_a_line_over_the_layers_in_percent():
    moved = {"full": {"q_proj": [0.01, 0.02], "up_proj": [0.5, 0.25]}, "dora": {"q_proj": [0, 0.03], "up_proj": [1, 0]}}
    figure = redrawn(plot_moved, moved, titles={"full": "F", "dora": "D"})
    first, second = figure.axes
    assert [(line.x, line.y, line.color) for line in curves(first)] == [
        ((0, 1), (1, 2), "blue"), ((0, 1), (50, 25), "vermillion")]  # fmt: skip
    assert [line.y for line in curves(second)] == [(0, 3), (100, 0)], "the twin: another method, other lines"
    assert len({(line.dash, line.marker) for line in curves(first)}) == 2
    assert (titles(first), titles(second)) == (("F", "layer", "% of the matrix's size"), ("D", "layer", ""))
    assert list(legend(figure)) == ["q", "up"] and limits(first)[1][0] == limits(second)[1][0] == 0


def test_small_changes_are_points_in_thousandths_and_millionths_beside_random_ones():
    changes = {"direction": [1e-6, 4e-6], "magnitude": [5e-4, 2e-3], "random_direction": [2e-6, 5e-6],
               "random_magnitude": [4e-4, 4e-4]}  # fmt: skip
    other = changes | {"magnitude": [8e-3, 8e-3]}
    panels = {"lora": {"q_proj": changes, "v_proj": other}, "dora": {"q_proj": other, "v_proj": other}}
    figure = redrawn(plot_small_changes, panels, titles={"lora": "L", "dora": "D"})
    first, second = figure.axes
    random, queries, _, values = dots(first)
    assert (queries.x, queries.y, queries.marker, queries.edges) == ((1, 4), (0.5, 2), "o", ("blue",))
    assert (random.x, random.y, random.marker, random.edges) == ((2, 5), (0.4, 0.4), "x", ("gray",))
    assert values.marker == "^" and values.y == (8, 8) == dots(second)[1].y, "the twin: other changes, other points"
    assert list(legend(figure)) == ["random", "q", "v"] and scales(first) == ("log", "log")
    assert limits(first) == limits(second) and list(ticks(first.yaxis)) == [1, 3]
    assert (titles(first)[0], titles(second)[0]) == ("L", "D")


@pytest.fixture(scope="module")
def stored():
    return read_result("real_model")


def test_every_layer_of_every_run_is_stored(stored):
    seeds = stored["settings"]["seeds"]
    assert stored["settings"]["steps"] == STEPS and len(seeds) >= 2
    for method in METHODS:
        for seed in seeds:
            rows = select(stored["rows"], kind="layers", method=method, seed=seed)
            assert {row["matrix"] for row in rows if row["step"] == STEPS} == set(TARGETS)
            assert {row["matrix"] for row in rows if row["step"] < STEPS} == set(PAPER)
            assert {len(row[key]) for row in rows for key in CHANGES} == {LAYERS}
            [run] = select(stored["rows"], kind="run", method=method, seed=seed)
            assert len(run["losses"]) == len(run["seconds"]) == STEPS


def test_a_direction_follows_from_how_far_a_matrix_moved(stored):
    """A row that moves by a small share x turns by about half its square at most; the stored numbers keep to it."""
    for row in select(stored["rows"], kind="layers"):
        moved, turned = np.array(row["moved"]), np.array(row["direction"])
        assert (turned < 3 * moved**2).all() and (turned > 0).all()
        assert (np.array(row["magnitude"]) > 0).all()
    assert not (turned < 3 * (moved / 10) ** 2).all(), "the twin"


def test_stored_correlations_are_those_of_the_stored_layers(stored):
    for row in select(stored["rows"], kind="coupling", part="last step"):
        here = [select(stored["rows"], kind="layers", method=row["method"], seed=row["seed"], step=STEPS, matrix=each)
                for each in PAPER]  # fmt: skip
        pairs = [np.concatenate([each[0][key] for each in here]) for key in ("direction", "magnitude")]
        assert row["correlation"] == pytest.approx(np.corrcoef(*pairs)[0, 1], abs=1e-3)
        assert row["low"] <= row["random"] <= row["high"]
        shuffled = np.corrcoef(pairs[0], pairs[1][::-1])[0, 1]
        assert row["correlation"] != pytest.approx(shuffled, abs=1e-3), "the twin"
