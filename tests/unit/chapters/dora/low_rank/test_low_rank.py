"""The measures of rank, the bounded fine-tunings, the stored runs and the explorer of "Low rank"."""

import numpy as np
import pytest
import torch

from llmbook.chapters.dora.low_rank import experiment as low_rank_runs
from llmbook.chapters.dora.low_rank import spectra as low_rank
from llmbook.chapters.dora.low_rank.explorer import describe, error_by_rank, explore_rank
from llmbook.experiments.fine_tuning import effective_weights, load_base
from llmbook.experiments.results import read_result

ONE_LARGE = torch.tensor([10.0, 1.0, 1.0, 1.0, 1.0])


def random_matrix(rows=12, columns=8, seed=0):
    return torch.randn(rows, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_truncation_has_the_rank_and_the_error_of_the_tail():
    matrix = random_matrix()
    values = torch.linalg.svdvals(matrix)
    for rank in range(9):
        kept = low_rank.truncate(matrix, rank)
        assert torch.linalg.matrix_rank(kept) == rank
        assert float((matrix - kept).norm()) == pytest.approx(float(values[rank:].norm()), abs=1e-12)
        assert torch.allclose(kept + low_rank.truncate(matrix, 8, skip=rank), matrix)
    other_terms = low_rank.truncate(matrix, 3, skip=1)
    assert (matrix - other_terms).norm() > values[3:].norm() + 0.1, "the twin: three terms, but not the largest"


def test_measures_of_a_spectrum_with_one_large_value():
    assert low_rank.stable_rank(ONE_LARGE) == pytest.approx(1.04)
    assert low_rank.energy(ONE_LARGE)[0] == pytest.approx(100 / 104)
    assert [low_rank.rank_for(ONE_LARGE, share) for share in (0.9, 0.98, 1.0)] == [1, 3, 5]
    equal = torch.ones(5)
    assert low_rank.stable_rank(equal) == 5
    assert low_rank.rank_for(equal, 0.9) == 5


def test_a_random_matrix_stays_within_its_band_and_one_with_structure_does_not():
    noise = random_matrix(400, 200)
    low, high = low_rank.random_edges((400, 200), float(noise.norm()))
    values = torch.linalg.svdvals(noise)
    assert float(values[0]) == pytest.approx(high, rel=0.03)
    assert float(values[-1]) == pytest.approx(low, rel=0.1)
    structured = noise + torch.ones(400, 200)
    assert torch.linalg.svdvals(structured)[0] > 2 * low_rank.random_edges((400, 200), float(structured.norm()))[1]


def test_adams_first_step_keeps_rank_one_and_no_other():
    one = torch.outer(random_matrix()[:, 0], random_matrix(seed=1)[0])
    two = one + torch.outer(random_matrix()[:, 1], random_matrix(seed=1)[1])
    assert torch.linalg.matrix_rank(one.sign()) == 1
    assert torch.linalg.matrix_rank(two.sign()) > 2


def test_updates_are_compared_as_one_vector():
    update = {"a": random_matrix(), "b": random_matrix(seed=1)}
    opposite = {name: -2 * matrix for name, matrix in update.items()}
    assert low_rank.joint_cosine(update, update) == pytest.approx(1.0)
    assert low_rank.joint_cosine(update, opposite) == pytest.approx(-1.0)
    assert low_rank.joint_norm(opposite) == pytest.approx(2 * low_rank.joint_norm(update))


def test_a_loss_with_other_matrices_leaves_the_model_alone():
    model, name = load_base(), "layers.0.mlp.up_proj"
    own = model.get_submodule(name).weight.detach().clone()
    seen = low_rank.loss_with(model, {name: 0 * own}, lambda m: m.get_submodule(name).weight.abs().max().item())
    assert seen == 0.0
    with pytest.raises(ZeroDivisionError):
        low_rank.loss_with(model, {name: 0 * own}, lambda m: 1 / 0)
    assert torch.equal(model.get_submodule(name).weight, own)


@pytest.fixture(scope="module")
def updates():
    """Two steps of each way, as differences."""
    before = effective_weights(load_base())
    options = {"learning_rate": 0.01, "steps": 2}
    ways = {"all": low_rank_runs.tune_all(**options), "sgd": low_rank_runs.tune_all(optimizer="sgd", **options),
            "rank": low_rank_runs.tune_rank(3, **options), "subspace": low_rank_runs.tune_subspace(50, **options)}
    return {name: low_rank.differences(effective_weights(model), before) for name, model in ways.items()}


def test_every_way_changes_every_target_within_its_bound(updates):
    for update in updates.values():
        assert len(update) == 15
        assert all(matrix.abs().max() > 0 for matrix in update.values())
    ranks = {way: {low_rank.rank_for(torch.linalg.svdvals(m), 1 - 1e-9) for m in updates[way].values()}
             for way in ("all", "rank")}
    assert max(ranks["rank"]) == 3
    assert min(ranks["all"]) > 3, "the twin: without the bound the rank is higher"


def test_a_random_subspace_of_fifty_has_fifty_sizes(updates):
    def sizes(update):
        return len(torch.cat([m.flatten() for m in update.values()]).abs().mul(1e5).round().unique())

    assert sizes(updates["subspace"]) <= 50 + 5 < sizes(updates["all"])  # W + update - W rounds a little


def test_only_the_targets_are_tuned():
    tuned, base = low_rank_runs.tune_all(learning_rate=0.01, steps=2), load_base()
    changed = {name.rpartition(".")[0].rpartition(".")[2] for (name, one), two in
               zip(tuned.named_parameters(), base.parameters(), strict=True) if not torch.equal(one, two)}
    assert changed == {"q_proj", "k_proj", "v_proj", "up_proj", "down_proj"}


def test_the_map_of_a_subspace_has_orthogonal_columns():
    spread = low_rank_runs.Spread(torch.nn.Parameter(torch.zeros(7)), (20, 10), torch.Generator().manual_seed(0))
    columns = torch.stack([spread.sign * (spread.index == i) for i in range(7)]).flatten(1)
    gram = columns @ columns.T
    assert torch.equal(gram, torch.diag(gram.diagonal()))
    assert torch.equal(spread(torch.ones(20, 10)), torch.ones(20, 10))


def test_the_stored_runs_are_complete_and_start_from_this_model():
    stored = read_result("low_rank")
    seen = {}
    for row in stored["rows"]:
        seen.setdefault((row["kind"], row["size"]), []).append(row["seed"])
        assert row["rate"] == min((loss or 99, rate) for rate, loss in row["tried"])[1]
    assert all(seeds == stored["settings"]["seeds"] == [0, 1, 2, 3, 4] for seeds in seen.values())
    assert {("all", None), ("sgd", None), ("rank", 1), ("rank", 32), ("subspace", 3840)} <= seen.keys()
    assert low_rank_runs.validation_loss(load_base()) == pytest.approx(stored["settings"]["base"], abs=2e-4)
    for row in stored["rows"][:10]:
        assert row["first"][0] == row["rest"][-1] == pytest.approx(stored["settings"]["base"], abs=1e-3)
        assert row["first"][-1] == row["rest"][0] == pytest.approx(row["loss"], abs=1e-3)


MATRICES = {"a": np.random.default_rng(0).normal(size=(6, 5)), "b": np.outer(np.arange(6.0), np.ones(5))}



def test_error_by_rank_is_that_of_the_truncation():
    matrix = torch.from_numpy(MATRICES["a"])
    errors = error_by_rank(torch.linalg.svdvals(matrix).numpy())
    for rank, error in errors.items():
        rest = matrix - low_rank.truncate(matrix, rank)
        assert error == pytest.approx(float(rest.norm() / matrix.norm()), abs=1e-9)
    assert errors[0] == 1.0 and errors[5] == 0.0 and errors[2] != errors[3]


def test_the_explorer_says_what_it_shows():
    explorer = explore_rank(MATRICES, frames=(0, 1, 2), default=1)
    sentences = {explorer.draw(matrix=name, rank=rank)[1] for name in "ab" for rank in (0, 1, 2, 5)}
    assert len(sentences) == 8
    assert explorer.draw(matrix="b", rank=1)[1].startswith("B, 6 x 5, rank 1: the error is 0.0%")
    assert len(explorer.frames()) == 8


def test_the_explorer_names_the_trap():
    assert "nothing is saved" in describe("w", (96, 96), 48, 0.1)
    assert "nothing is saved" not in describe("w", (96, 96), 47, 0.1)
