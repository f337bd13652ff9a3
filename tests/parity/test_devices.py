"""What the setup page promises of a GPU: every family runs there, with the processor's results.

Where PyTorch sees CUDA or a Mac's MPS, the families run on it. Everywhere they run on the second device of
``second_device.py``, which finds tensors that were made in the wrong place; the faults below are such tensors.
"""

import pairs
import pytest
import torch
from device_checks import FAMILIES, TOLERANCE, disagreement, forward_logits, largest_difference, make_model
from second_device import AWAY, SecondDevice

from llmbook.adapters import lora
from llmbook.checkpoint import load_pretrained, save_pretrained
from llmbook.debug import relative_difference
from llmbook.generation import KVCache
from llmbook.layers import attention, relative_bias
from llmbook.models import decoder, t5, t5_blocks
from llmbook.training.loop import train

HERE = torch.device("cpu")


def accelerator() -> str | None:
    """The GPU that PyTorch sees: CUDA, a Mac's MPS, or none."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


needs_gpu = pytest.mark.skipif(accelerator() is None, reason="PyTorch sees no GPU here, neither CUDA nor MPS")


@needs_gpu
@pytest.mark.parametrize("case", FAMILIES)
def test_a_gpu_agrees_with_the_processor(case):
    """Logits, padded ones too, generated text, and a training step of each kind of adapter."""
    assert disagreement(case, accelerator()) < TOLERANCE


@needs_gpu
def test_the_training_loop_has_an_optimizer_for_the_gpu():
    """Its fused kernel exists there, and one step moves the weights."""
    model = make_model("llama-grouped").requires_grad_(True).to(accelerator())
    before = model.norm.weight.detach().clone()
    ids = pairs.random_ids(model.config, 3, 24, 0).to(accelerator())
    assert len(list(train(model, [ids], steps=1, learning_rate=1e-2))) == 1
    assert relative_difference(model.norm.weight, before) > 1e-3


@needs_gpu
def test_a_checkpoint_loads_straight_to_the_gpu(tmp_path):
    """``device=`` of ``load_pretrained``."""
    assert loaded_difference(tmp_path, accelerator()) < TOLERANCE


def loaded_difference(folder, device) -> float:
    """How far a model that is loaded to a device is from the saved one; all its weights are there."""
    model = make_model("gemma-2b")
    save_pretrained(model, folder)
    away = load_pretrained(folder, device=device)
    assert {parameter.device.type for parameter in away.parameters()} == {torch.device(device).type}
    return largest_difference(forward_logits(away, device), forward_logits(model, HERE))


@pytest.mark.parametrize("case", FAMILIES)
def test_every_tensor_is_made_where_the_model_is(case):
    """On the second device no operation meets a tensor from here, and all results agree."""
    assert disagreement(case, AWAY, SecondDevice) < TOLERANCE


def test_a_checkpoint_loads_straight_to_the_second_device(tmp_path):
    """The same without a GPU."""
    with SecondDevice():
        assert loaded_difference(tmp_path, AWAY) < TOLERANCE


@pytest.mark.parametrize("case", ("llama-grouped", "flan"))
def test_the_processor_agrees_with_itself(case):
    """The comparison adds no difference of its own."""
    assert disagreement(case, HERE) == 0.0


def cache_here(patch):
    """A cache that forgets where the model is."""
    made = KVCache.__init__
    patch.setattr(KVCache, "__init__", lambda self, *args: made(self, *args[:-1], HERE))


def mask_here(patch):
    """A causal mask of the processor, in the decoders' sliding window and in T5's decoder."""
    for module in (decoder, t5_blocks):
        patch.setattr(module, "causal_mask", lambda queries, keys, *rest: attention.causal_mask(queries, keys))


def positions_here(patch):
    """Positions that are counted on the processor."""
    made = decoder.positions_and_mask
    patch.setattr(decoder, "positions_and_mask", lambda *args: made(*args[:3], HERE, *args[4:]))


def padding_here(patch):
    """T5's padding mask stays where the tokenizer made it."""
    made = t5._key_mask
    patch.setattr(t5, "_key_mask", lambda mask, shape, device: made(mask, shape, HERE))


def buckets_here(patch):
    """T5's table of distances."""
    made = relative_bias.relative_positions
    patch.setattr(relative_bias, "relative_positions", lambda queries, keys, device: made(queries, keys))


def adapter_here(patch):
    """An adapter that stays where its generator drew it."""
    made = lora.new_parameter
    patch.setattr(lora, "new_parameter", lambda like, *args: made(torch.empty(0, dtype=like.dtype), *args))


MISPLACED = {
    "a cache": ("gemma-2b", cache_here), "a causal mask": ("flan", mask_here), "a window": ("mistral", mask_here),
    "positions": ("gpt2", positions_here), "rotations": ("phi", positions_here), "buckets": ("t5-1.0", buckets_here),
    "a padding mask": ("flan", padding_here), "an adapter": ("llama-grouped", adapter_here),
}  # fmt: skip


@pytest.mark.parametrize(("case", "fault"), MISPLACED.values(), ids=MISPLACED)
def test_a_tensor_in_the_wrong_place_is_found(case, fault, monkeypatch):
    """The twin: one tensor made on the processor, and the error is that of a GPU."""
    fault(monkeypatch)
    assert disagreement(case, HERE) == 0.0
    with pytest.raises(RuntimeError, match="same device"):
        disagreement(case, AWAY, SecondDevice)


def test_a_wrong_result_is_found(monkeypatch):
    """The twin: a device whose angles are wrong by one part in a hundred."""
    made = decoder.rope_angles

    def rope_angles(positions, *rest):
        return made(positions * (1.01 if positions.device == AWAY else 1), *rest)

    monkeypatch.setattr(decoder, "rope_angles", rope_angles)
    assert disagreement("llama-grouped", HERE) == 0.0
    assert disagreement("llama-grouped", AWAY, SecondDevice) > 10 * TOLERANCE


def test_what_a_mac_cannot_do_is_found():
    """The twin: float64 on the device. Differences are measured in float64, so they come back first."""
    with SecondDevice():
        away = torch.ones(3).to(AWAY)
        assert relative_difference(away, torch.ones(3)) == 0.0
        with pytest.raises(TypeError, match="float64"):
            away.double()
