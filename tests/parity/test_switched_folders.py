"""transformers refuses a folder that a kill left between its old files and its new ones, and never mixes them."""

import itertools
import os

import pytest
import torch
import transformers

from llmbook.checkpoint import load_pretrained, save_pretrained

MOVES = 8  # the set is decided; config, generation config and weights go aside, and come in; the switch is over


@pytest.mark.parametrize("first", range(MOVES))
def test_transformers_loads_one_model_or_none(copy, monkeypatch, first):
    replace, calls, model = os.replace, itertools.count(), load_pretrained(copy)
    old = model.norm.weight.clone()
    with torch.no_grad():
        new = model.norm.weight.add_(1.0).clone()

    def failing(*names):
        if next(calls) >= first:
            raise OSError("as if killed")
        replace(*names)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="as if killed"):
        patch.setattr(os, "replace", failing)
        save_pretrained(model, copy)
    if 2 <= first < MOVES - 1:  # the config is aside, or waits
        with pytest.raises((OSError, ValueError), match=r"config\.json"):
            transformers.AutoModelForCausalLM.from_pretrained(copy)
    else:
        theirs = transformers.AutoModelForCausalLM.from_pretrained(copy)
        assert torch.equal(theirs.model.norm.weight, new if first == MOVES - 1 else old)
    assert torch.equal(load_pretrained(copy).norm.weight, new if first else old)
