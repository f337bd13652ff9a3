"""The null whose random directions are kept through a training: against drawn rows, and against the stored null."""

import numpy as np
import pytest

from llmbook.chapters.dora.does_it_help.kept_direction import coupling, drawn_magnitudes
from llmbook.experiments.results import read_result, select

ROWS = {"q_proj": 576, "v_proj": 192}


def stored_arrays(method: str, seed: int, kind: str) -> dict[str, np.ndarray]:
    rows = select(read_result("real_model")["rows"], kind="layers", method=method, seed=seed, matrix=kind)
    return {key: np.array([row[key] for row in rows]) for key in ("direction", "magnitude", "random_magnitude")}


def rows_that_keep_their_direction(steps, rows, width, draws, generator):
    """Mean change of length, ``(steps, draws)``, of rows of length 5 that go on in one direction each."""
    old = generator.standard_normal((draws, rows, width))
    old *= 5 / np.linalg.norm(old, axis=2, keepdims=True)
    way = generator.standard_normal(old.shape)
    way /= np.linalg.norm(way, axis=2, keepdims=True)
    return np.array([np.abs(np.linalg.norm(old + step * way, axis=2) - 5).mean(1) for step in steps])


def test_the_scatter_is_that_of_rows_that_are_drawn():
    generator, steps = np.random.default_rng(0), (0.01, 0.02)
    whole = rows_that_keep_their_direction(steps, 12, 200, 600, generator)
    means = whole.mean(1)[:, None]
    ours = drawn_magnitudes(means, 12, 4000, generator)[:, 0]
    assert ours.std(1) == pytest.approx(whole.std(1), rel=0.1)
    assert np.corrcoef(whole)[0, 1] > 0.999 and np.corrcoef(ours)[0, 1] > 0.999
    fresh = drawn_magnitudes(means, 12, 4000, generator, kept=False)[:, 0]
    assert fresh.std(1) == pytest.approx(whole.std(1), rel=0.1) and abs(np.corrcoef(fresh)[0, 1]) < 0.1, "the twin"


@pytest.mark.parametrize("kind", ROWS)
def test_new_directions_give_the_stored_null_and_kept_ones_a_wider(kind):
    stored = read_result("real_model")["rows"]
    for method in ("full", "lora", "dora"):
        here = stored_arrays(method, 0, kind)
        found = {kept: coupling([here["direction"]], [here["magnitude"]], [drawn_magnitudes(
            here["random_magnitude"], ROWS[kind], 1000, np.random.default_rng(0), kept=kept)])
            for kept in (False, True)}  # fmt: skip
        [wanted] = select(stored, kind="coupling", method=method, seed=0, part=kind)
        for key in ("correlation", "random", "low", "high"):
            assert found[False][key] == pytest.approx(wanted[key], abs=0.02)
        width, stored_width = (each["high"] - each["low"] for each in (found[True], wanted))
        assert width > 1.4 * stored_width, "the twin: kept directions are another null"
