"""The residual stream of a decoder, read while it runs."""

from dataclasses import replace

import torch
from tiny_decoders import IDS, make

from llmbook.experiments.streams import stream_states
from llmbook.models import gemma


def test_stream_states_are_what_the_blocks_make():
    model = make(replace(gemma.tiny(), layers=2))
    states = stream_states(model, IDS)
    assert len(states) == 3
    assert torch.equal(states[0], model.embed_tokens(IDS))
    assert torch.allclose(model.norm(states[-1]), model.hidden_states(IDS))
    assert not torch.allclose(model.norm(states[-2]), model.hidden_states(IDS))
    assert not any(module._forward_hooks for module in model.modules()), "a hook was left behind"
