"""Batches: every row once in each order, on from a state, and data that is told apart."""

import pytest
import torch
from pretraining_runs import random_rows

from llmbook.training.batches import Batches, fingerprint, padded_size


def batches(seed=0, rows=10, size=4):
    return Batches(torch.arange(rows)[:, None], size, torch.Generator().manual_seed(seed))


def test_padded_size_is_that_of_olmo():
    assert [padded_size(50_280), padded_size(500), padded_size(512), padded_size(513)] == [50_304, 512, 512, 640]
    assert [padded_size(500, 64), padded_size(513, 64), padded_size(7, 1)] == [512, 576, 7]


def test_batches_take_every_row_once_in_each_order():
    source = iter(batches())
    first = [next(source).flatten().tolist() for _ in range(2)]
    assert len({row for batch in first for row in batch}) == 8
    later = [next(source).flatten().tolist() for _ in range(2)]
    assert len({row for batch in later for row in batch}) == 8 and first != later


@pytest.mark.parametrize("drawn", [0, 1, 2, 3])
def test_batches_go_on_from_their_state(drawn):
    source, other = batches(), batches(seed=9)
    for _ in range(drawn):
        source.draw()
    state = source.state()
    expected = [source.draw().flatten().tolist() for _ in range(6)]
    assert [other.draw().flatten().tolist() for _ in range(6)] != expected
    other.restore(state)
    assert [other.draw().flatten().tolist() for _ in range(6)] == expected


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="from 1 to the 10 rows"):
        batches(size=11)


def test_a_fingerprint_changes_with_any_token():
    rows = random_rows(6, 0)
    other = rows.clone()
    other[3, 3] += 1
    assert fingerprint([rows]) == fingerprint([rows.clone()]) != fingerprint([other])
    assert fingerprint([rows]) != fingerprint([rows.T.contiguous()])


@pytest.mark.parametrize(("rows", "size"), [(8, 4), (4, 4), (10, 5), (3, 1), (10, 4)])
def test_the_last_full_batch_of_an_order_is_drawn(rows, size):
    """What is skipped at the end fills no batch; an order that batches fill to the end has every row."""
    source, per_order = batches(rows=rows, size=size), rows // size
    for _ in range(3):
        drawn = [row for _ in range(per_order) for row in source.draw().flatten().tolist()]
        assert len(set(drawn)) == len(drawn) == per_order * size


def test_a_source_that_skips_the_last_full_batch_is_caught():
    """The twin."""

    class Hasty(Batches):
        def draw(self):
            if self.position + self.batch_size >= len(self.order):  # one sign
                self.order, self.position = torch.randperm(len(self.rows), generator=self.generator), 0
            self.position += self.batch_size
            return self.rows[self.order[self.position - self.batch_size : self.position]]

    source = Hasty(torch.arange(8)[:, None], 4, torch.Generator().manual_seed(0))
    assert len({row for _ in range(2) for row in source.draw().flatten().tolist()}) < 8


@pytest.mark.parametrize(("size", "fits"), [(0, False), (-1, False), (1, True), (10, True)])
def test_batches_from_one_row_to_all(size, fits):
    if fits:
        assert batches(size=size).draw().shape == (size, 1)
        return
    with pytest.raises(ValueError, match="from 1 to the 10 rows"):
        batches(size=size)
