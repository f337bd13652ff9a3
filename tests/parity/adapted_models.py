"""Loud models with trained adapters, for the tests of adapter files."""

import copy

import pytest
import torch
from pairs import make_pair, random_ids, their_logits
from peft import LoraConfig, get_peft_model

from llmbook.adapters import inject, load_adapter
from llmbook.checkpoint import CheckpointError

TARGETS = {  # theirs, ours; GPT-2 and Falcon keep queries, keys and values in one matrix
    "gpt2": (["c_fc", "mlp.c_proj"], ["up_proj", "down_proj"]),
    "falcon": (["dense", "dense_4h_to_h"], ["o_proj", "down_proj"]),
    "phi": (["q_proj", "fc1"], ["q_proj", "up_proj"]),
    "mixtral": (["q_proj", "v_proj"], ["q_proj", "v_proj"]),
}
USUAL = (["q_proj", "v_proj", "down_proj"], ["q_proj", "v_proj", "down_proj"])


def train_at_random_(parameters, seed: int) -> None:
    """Move every number of an adapter, whatever its names."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in parameters:
            noise = torch.randn(tensor.shape, generator=generator)
            tensor.mul_(1 + 0.3 * noise) if tensor.ndim == 1 else tensor.add_(0.2 * noise)


def ours_adapted(case: str, kind: str, **options):
    """Our loud model with a trained adapter, the ids, and transformers' model without one."""
    ours, theirs = (copy.deepcopy(model) for model in make_pair(case, "loud", 0))
    inject(ours, TARGETS.get(case, USUAL)[1], kind=kind, **{"rank": 3, "alpha": 5, **options})
    train_at_random_((p for p in ours.parameters() if p.requires_grad), 5)
    return ours, theirs, random_ids(ours.config, 2, 12, 0)


def theirs_saved(case: str, folder, **options):
    """What PEFT saved, our plain model, the ids and PEFT's logits."""
    ours, theirs = (copy.deepcopy(model) for model in make_pair(case, "loud", 0))
    config = LoraConfig(**{"r": 3, "lora_alpha": 5, "target_modules": TARGETS.get(case, USUAL)[0], **options})
    model = get_peft_model(theirs, config).eval()
    train_at_random_((p for p in model.parameters() if p.requires_grad), 6)
    model.save_pretrained(folder)
    ids = random_ids(ours.config, 2, 12, 0)
    return ours, ids, their_logits(model, ids, "plain")


def refused(model, folder, words: str) -> None:
    """Loading says why, and leaves the model as it was, its gradients included."""
    before = {name: (tensor.clone(), tensor.requires_grad) for name, tensor in model.named_parameters()}
    with pytest.raises(CheckpointError, match=words):
        load_adapter(model, folder)
    after = dict(model.named_parameters())
    assert after.keys() == before.keys()
    for name, (tensor, requires_grad) in before.items():
        assert torch.equal(after[name], tensor) and after[name].requires_grad == requires_grad
