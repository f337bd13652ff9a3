"""A lookup equals one-hot times matrix; the scale is rounded as the weights are."""

import pytest
import torch
from torch.nn import functional as F

from llmbook.layers.embedding import Embedding, embed, embedding_scale

IDS = torch.tensor([[3, 0, 9], [9, 9, 1]])


def table(width: int, dtype=torch.float32) -> torch.Tensor:
    return torch.randn(10, width, generator=torch.Generator().manual_seed(0)).to(dtype)


def test_lookup_equals_one_hot_times_matrix():
    weight = table(6)
    one_hot = F.one_hot(IDS, 10).float()
    assert torch.equal(embed(IDS, weight), one_hot @ weight)
    assert not torch.equal(embed(IDS, weight), one_hot.roll(1, -1) @ weight)


def test_its_gradient_reaches_the_rows_that_were_read():
    """A row that is read twice gets both gradients; a row that is not read gets none; the scale multiplies them."""
    weight = table(4).requires_grad_()
    (gradient,) = torch.autograd.grad(embed(IDS, weight, scaled=True).sum(), weight)
    counts = torch.bincount(IDS.flatten(), minlength=10).float()
    assert torch.equal(gradient, 2.0 * counts[:, None].expand(10, 4))  # sqrt(4) = 2


def test_scaled_by_hand():
    """Width 4, ones: 2."""
    module = Embedding(10, 4, scaled=True)
    torch.nn.init.ones_(module.weight)
    assert torch.equal(module(IDS), torch.full((2, 3, 4), 2.0))
    module.scaled = False
    assert torch.equal(module(IDS), torch.ones(2, 3, 4))


@pytest.mark.parametrize(
    ("width", "rounded"), [(3072, 55.5), (2048, 45.25), (1152, 34.0), (640, 25.25), (1024, 32.0), (2304, 48.0)]
)
def test_scale_is_rounded_in_bfloat16_only(width, rounded):
    assert float(embedding_scale(width, torch.bfloat16)) == rounded
    assert float(embedding_scale(width, torch.float32)) == pytest.approx(width**0.5, rel=1e-7)


def test_rounding_comes_before_the_product():
    weight = table(3072, torch.bfloat16)
    out = embed(IDS, weight, scaled=True)
    assert out.dtype == torch.bfloat16
    assert torch.equal(out, weight[IDS] * torch.tensor(55.5, dtype=torch.bfloat16))
    unrounded = weight[IDS] * 3072**0.5  # a Python float is not rounded
    assert 0.2 < float((out != unrounded).float().mean()) < 0.5


def test_shapes():
    module = Embedding(10, 6)
    assert module(IDS).shape == (2, 3, 6) and module(IDS[:, :0]).shape == (2, 0, 6)
    assert "10, 6, scaled=False" in repr(module)
