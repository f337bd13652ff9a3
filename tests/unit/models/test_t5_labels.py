"""Labels of a T5 may be narrow integers, as tokenizers and arrays give them."""

import pytest
import torch
from torch.nn import functional as F

from llmbook.models.t5_training import sequence_loss, shift_right


def test_labels_of_four_bytes_give_the_same_loss():
    logits = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[6, 0, -100], [1, -100, -100]])
    assert torch.equal(sequence_loss(logits, labels.int()), sequence_loss(logits, labels))
    assert torch.equal(shift_right(labels.int()).long(), shift_right(labels))
    assert not torch.equal(sequence_loss(logits, labels.abs().int() % 7), sequence_loss(logits, labels))
    with pytest.raises((RuntimeError, IndexError)):  # the twin: torch alone
        F.cross_entropy(logits.flatten(0, 1), labels.int().flatten())
