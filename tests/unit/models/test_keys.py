"""One published tensor and ours: stacked, split, transposed."""

import pytest
import torch

from llmbook.models.keys import Stored

PARTS = {"q": torch.arange(8.0).view(4, 2), "k": torch.arange(8.0, 12).view(2, 2), "other": torch.ones(3)}
SHAPES = {name: tensor.shape for name, tensor in PARTS.items()}


@pytest.mark.parametrize(("transposed", "shape"), [(False, (6, 2)), (True, (2, 6))])
def test_shapes_there_and_back(transposed, shape):
    stored = Stored(("q", "k"), transposed)
    whole = stored.join(PARTS)
    assert whole.shape == stored.shape(SHAPES) == shape and whole.is_contiguous()
    assert torch.equal(whole.T if transposed else whole, torch.arange(12.0).view(6, 2))
    back = stored.split(whole, SHAPES)
    assert list(back) == ["q", "k"] and all(torch.equal(back[name], PARTS[name]) for name in back)


def test_a_bias_is_not_transposed():
    stored = Stored(("other",), True)
    assert stored.shape(SHAPES) == (3,)
    assert torch.equal(stored.split(stored.join(PARTS), SHAPES)["other"], torch.ones(3))


@pytest.mark.parametrize("shape", [(2, 6), (5, 2), (6, 3), (12,)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"q, k are together \(6, 2\), not \("):
        Stored(("q", "k")).split(torch.zeros(shape), SHAPES)


def test_a_missing_part_is_named():
    with pytest.raises(KeyError, match="v"):
        Stored(("q", "v")).join(PARTS)
