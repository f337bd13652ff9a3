"""Figures and explorer of the page "Does it help?": what they draw is what they are given."""

import numpy as np
import pytest

from llmbook.chapters.dora.does_it_help import plots
from llmbook.chapters.dora.does_it_help.explorer import describe, explore_rates, sweep_curves
from llmbook.experiments.results import read_result
from llmbook.metrics.intervals import mean_interval
from llmbook.plots.style import to_svg
from llmbook.widgets.controls import grid

NEW = {"full": {0.001: np.array([1.0, 1.2]), 0.01: np.array([0.5, 0.6])},
       "lora": {0.01: np.array([0.9, 1.1]), 0.1: np.array([4.0, 5.0])}}  # fmt: skip
OLD = {"full": {0.001: np.array([0.4, 0.5]), 0.01: np.array([1.4, 1.6])},
       "lora": {0.01: np.array([0.6, 0.8]), 0.1: np.array([4.0, 5.0])}}  # fmt: skip


def test_methods_differ_in_more_than_color():
    styles = [plots.method_style(method) for method in plots.ORDER]
    for key in ("color", "linestyle", "marker"):
        assert len({str(style[key]) for style in styles}) == len(plots.ORDER)
    assert set(plots.LABELS) == set(plots.ORDER)


def test_a_sweep_shows_means_and_intervals():
    ax = plots.plot_sweep(NEW, xlabel="rate", highlight=("lora", 0.01)).axes[0]
    line = ax.containers[0].lines[0]
    assert line.get_ydata().tolist() == pytest.approx([1.1, 0.55]) and line.get_xdata().tolist() == [0.001, 0.01]
    low = ax.containers[0].lines[2][0].get_segments()[0][0][1]
    assert low == pytest.approx(mean_interval(NEW["full"][0.001]).low)
    circle = next(each for each in ax.lines if len(each.get_xdata()) == 1)
    assert circle.get_xdata().tolist() == [0.01] and circle.get_ydata().tolist() == pytest.approx([1.0])


def change_rows(random_magnitude):
    return [{"step": step, "name": f"layers.0.{name}", "direction": 0.1 * step, "magnitude": 1 - 0.05 * step,
             "random_direction": 0.1 * step, "random_magnitude": random_magnitude * step}
            for step in (1, 2) for name in ("q_proj", "v_proj")]  # fmt: skip


def drawn_changes(rows):
    """Points by label, and the ends of the two lines, as the figure shows them."""
    ax = plots.plot_changes({"lora": rows, "dora": rows}, titles=plots.LABELS).axes[0]
    return {each.get_label(): each.get_offsets().tolist() for each in ax.collections}, [
        line.get_ydata().tolist() for line in ax.lines]  # fmt: skip


def test_changes_have_a_panel_for_each_method_with_random_directions_beside():
    axes = plots.plot_changes({"lora": change_rows(0.3), "dora": change_rows(0.3)}, titles=plots.LABELS).axes
    assert [ax.get_title(loc="left") for ax in axes] == ["LoRA", "DoRA"]
    points, lines = drawn_changes(change_rows(0.3))
    assert points["q"] == points["v"] == [pytest.approx([0.1, 0.95]), pytest.approx([0.2, 0.9])]
    assert points["random"][::2] == [pytest.approx([0.1, 0.3]), pytest.approx([0.2, 0.6])]
    assert lines == [pytest.approx([0.3, 0.6]), pytest.approx([0.95, 0.9])]
    assert drawn_changes(change_rows(0.4))[1] != lines  # the twin: another null is another line


def test_published_scores_are_drawn_as_given():
    ax = plots.plot_published_ranks({"lora": {4: 39.5, 32: 74.7}}, {"lora": {32: 76.3}}).axes[0]
    assert ax.lines[0].get_ydata().tolist() == [39.5, 74.7]
    assert ax.lines[-1].get_ydata().tolist() == [76.3]
    figure = plots.plot_witnesses({"LoRA, rank 32": {"paper": 74.7, "README": 76.3}}, xlabel="score", xlim=(70, 80))
    assert {text.get_text() for text in figure.axes[0].texts} == {"paper\n74.7", "README\n76.3"}
    ax = plots.plot_benchmarks({4: [2.3, 46.1], 8: [31.3, 57.0]}, ["BoolQ", "PIQA"], {"BoolQ": 50}).axes[0]
    assert ax.lines[1].get_ydata().tolist() == [2.3, 46.1]


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


def test_drawing_the_stored_sweep_gives_the_same_bytes():
    rows = read_result("adapter_sweeps")["rows"]
    curves = sweep_curves(rows, "validation", seeds=range(5), steps=50)
    assert {len(values) for by_rate in curves.values() for values in by_rate.values()} == {5}
    first, second = (to_svg(plots.plot_sweep(curves, xlabel="rate")) for _ in range(2))
    assert first == second
