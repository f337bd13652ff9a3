"""The explorer of the page: the frame for a setting of the controls shows that setting."""


import numpy as np
import pytest
from drawing import curves, pictures, redrawn

from llmbook.chapters.dora.low_rank.explorer import error_by_rank, explore_rank

DIAGONAL = {"a": np.diag([4.0, 3.0, 0.0]), "b": np.diag([5.0, 2.0, 1.0])}


@pytest.mark.parametrize(("matrix", "rank", "kept", "error"), [
    ("a", 1, (4, 0, 0), 0.6), ("a", 2, (4, 3, 0), 0.0), ("b", 1, (5, 0, 0), (5 / 30) ** 0.5), ("b", 0, (0, 0, 0), 1.0)])
def test_the_best_matrix_of_the_rank_stands_beside_the_matrix(matrix, rank, kept, error):
    explorer = explore_rank(DIAGONAL, frames=(0, 1, 2), default=1)
    whole, best, below = redrawn(explorer.draw, matrix=matrix, rank=rank)[0].axes
    assert [np.diag(picture.rows) == pytest.approx(expected) for (picture,), expected in
            zip(map(pictures, (whole, best)), (np.diag(DIAGONAL[matrix]), kept), strict=True)] == [True, True]
    assert np.array(pictures(best)[0].rows) == pytest.approx(np.diag(kept), abs=1e-9)
    line, mark = curves(below)
    assert (mark.x, mark.y) == ((rank,), pytest.approx((error,), abs=1e-5)) and line.x == (0, 1, 2, 3)


@pytest.mark.parametrize("seed", range(5))
def test_a_quarter_of_the_terms_of_noise_leaves_the_error_that_was_predicted(seed):
    noise = np.random.default_rng(seed).standard_normal((96, 96))
    error = 100 * error_by_rank(np.linalg.svd(noise, compute_uv=False))[24]
    said = {answer: float(answer.split()[1]) for answer in explore_rank({"noise": noise}).predict.answers}
    assert min(said, key=lambda answer: abs(said[answer] - error)) == "about 60 %"
    assert abs(100 * (1 - 24 / 96) ** 0.5 - said["about 85 %"]) < 2  # were all terms equal
