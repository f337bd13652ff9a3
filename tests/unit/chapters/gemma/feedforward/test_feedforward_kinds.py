"""The eight feed-forward layers that learn sentences with a sum, and their stored runs."""

import json

import torch

from llmbook.accounting import count_parameters
from llmbook.chapters.gemma.feedforward.experiment import KINDS, run_kind, small_config
from llmbook.experiments.results import read_result
from llmbook.models import Decoder, initialize_


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_all_kinds_have_the_same_number_of_parameters():
    models = {kind: Decoder(small_config(kind)) for kind in KINDS}
    assert len({count_parameters(model) for model in models.values()}) == 1
    assert len({count_parameters(model.layers[0].mlp) for model in models.values()}) == 1


def test_a_seed_fixes_the_other_parts_for_every_kind():
    starts = [initialize_(Decoder(small_config(kind)), generator(3), std=0.1) for kind in ("GELU", "SwiGLU")]
    for name in ("embed_tokens.weight", "layers.0.self_attn.q_proj.weight", "layers.0.self_attn.o_proj.weight"):
        assert torch.equal(starts[0].get_parameter(name), starts[1].get_parameter(name))


def test_runs_repeat_with_their_seed_and_learn():
    first, again, other = (run_kind("GeGLU", seed, steps=20, learning_rate=0.01) for seed in (0, 0, 1))
    assert first == again and first.losses != other.losses
    assert first.losses[-1] < 0.7 * first.losses[0]


def test_the_stored_runs_are_complete():
    stored = read_result("feedforward_kinds")
    settings = stored["settings"]
    reported = {(row["kind"], row["seed"]) for row in stored["rows"] if row["phase"] == "reporting"}
    assert reported == {(kind, seed) for kind in KINDS for seed in settings["reporting_seeds"]}
    assert not set(settings["reporting_seeds"]) & set(settings["choosing_seeds"])
    assert stored["command"] == "python scripts/feedforward_kinds.py"
    assert json.dumps(stored)  # plain values only
