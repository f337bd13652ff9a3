"""The meter: products, kept bytes and the peak of memory are those that can be counted by hand."""

import pytest
import torch
from torch import nn

from llmbook.accounting.meter import Meter, kept_tensors, measure_step, storage_bytes

T, I, O = 8, 32, 16  # noqa: E741


def one_layer(*, frozen):
    layer = nn.Linear(I, O, bias=False).requires_grad_(not frozen)
    x = torch.randn(T, I, generator=torch.Generator().manual_seed(0)).requires_grad_()
    return layer, x


@pytest.mark.parametrize(("frozen", "products", "kept"), [(True, 2, 0), (False, 3, 4 * T * I)])
def test_products_and_kept_bytes_of_one_layer(frozen, products, kept):
    layer, x = one_layer(frozen=frozen)
    cost = measure_step(lambda: layer(x).sum(), layer.parameters())
    assert cost.flops == products * 2 * T * I * O and cost.large(2 * T * I * O) == products
    assert cost.kept == kept


def test_a_piece_of_memory_counts_once_and_what_is_owned_not_at_all():
    x = torch.randn(4, 4, requires_grad=True)
    assert storage_bytes(kept_tensors(lambda: (x * x.T).sum())) == x.nbytes
    assert kept_tensors(lambda: (x * x.T).sum(), [x]) == []


def test_the_peak_falls_when_tensors_die():
    with Meter() as meter:
        for _ in range(3):
            large = torch.zeros(1000)
            del large
        held = torch.zeros(10)
    assert meter.peak == 4000 and meter.held == held.nbytes
    with Meter() as meter:
        kept = [torch.zeros(1000) for _ in range(3)]
    assert meter.peak == sum(each.nbytes for each in kept)  # the twin
