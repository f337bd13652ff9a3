"""A rehearsal on the meta device counts what the real step needs; many layers follow from few."""

from dataclasses import replace

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException

from llmbook.accounting import flops_by_part
from llmbook.accounting.meter import measure_step
from llmbook.accounting.rehearsal import rehearse, rehearse_deep
from llmbook.accounting.step_memory import ALL_LINEAR
from llmbook.adapters import inject
from llmbook.models import Decoder, decoder, initialize_, llama
from llmbook.training.loop import next_token_loss


@pytest.mark.parametrize("kind", [None, "lora", "dora"])
def test_a_rehearsal_counts_what_the_step_needs(kind):
    config = llama.tiny()
    prepare = kind and (lambda model: inject(model, list(ALL_LINEAR), kind=kind, rank=4))
    rehearsed = rehearse(config, prepare, tokens=32, dtype=torch.float32)
    model = initialize_(Decoder(config), torch.Generator().manual_seed(0))
    if prepare:
        prepare(model)
    ids = torch.randint(config.vocab_size, (1, 33), generator=torch.Generator().manual_seed(1))
    real = measure_step(lambda: next_token_loss(model, ids), model.parameters())
    assert (rehearsed.flops, rehearsed.kept, rehearsed.peak) == (real.flops, real.kept, real.peak)
    assert rehearsed.weights == sum(p.nbytes for p in model.parameters())
    assert rehearsed.trainable == sum(p.numel() for p in model.parameters() if p.requires_grad)
    other = rehearse(config, prepare, tokens=33, dtype=torch.float32)
    assert other.kept != real.kept and other.flops != real.flops


def test_a_batch_needs_what_its_rows_need():
    one, three = (rehearse(llama.tiny(), tokens=16, batch=batch) for batch in (1, 3))
    assert one == rehearse(llama.tiny(), tokens=16)
    assert (three.flops, three.weights, three.trainable) == (3 * one.flops, one.weights, one.trainable)
    assert 2 * one.kept < three.kept < 3 * one.kept, "the cosines are shared"


def test_full_training_is_three_forward_passes():
    """Each matrix is multiplied three times, and twice if it is frozen."""
    config = llama.tiny()
    rehearsed = rehearse(config, tokens=32)
    parts = flops_by_part(config, 32)
    forward = 32 * (sum(parts.values()) - parts["attention_scores"])  # the fused kernel is not counted
    assert rehearsed.flops == 3 * forward
    frozen = rehearse(config, lambda model: inject(model, ["q_proj"], rank=1), tokens=32)
    assert frozen.flops < 2.05 * forward  # the twin


def test_many_layers_follow_from_few():
    config = replace(llama.tiny(), layers=5)
    prepare = lambda model: inject(model, ["q_proj", "down_proj"], kind="dora", rank=4)  # noqa: E731
    assert rehearse_deep(config, prepare, tokens=16) == rehearse(config, prepare, tokens=16)
    assert rehearse_deep(config, prepare, tokens=16) != rehearse(replace(config, layers=4), prepare, tokens=16)


def test_a_model_that_reads_its_ids_cannot_be_rehearsed(monkeypatch):
    """The decoder that is rehearsed is the one that everybody uses; the twin looks at ids that have no values."""
    assert rehearse(llama.tiny(), tokens=4).flops > 0
    sound = decoder.look_up
    monkeypatch.setattr(decoder, "look_up", lambda table, ids, *rest: int(ids.min()) + sound(table, ids, *rest))
    with pytest.raises(DataDependentOutputException):
        rehearse(llama.tiny(), tokens=4)
