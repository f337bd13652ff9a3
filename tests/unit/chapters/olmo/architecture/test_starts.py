"""The experiment on how OLMo's weights start: what differs, what is measured, and the stored runs."""

import math
from dataclasses import replace

import pytest
import torch
from tiny_decoders import seeded

from llmbook.chapters.olmo.architecture.experiment import LAYERS, SEEDS, STARTS, STEPS, stream_sizes
from llmbook.experiments.results import read_result
from llmbook.models import Decoder, olmo

CONFIG = replace(
    olmo.tiny(), width=96, layers=3, heads=4, kv_heads=4, head_size=24, feedforward_width=200, vocab_size=300
)
CUT = math.sqrt(1 - 6 * math.exp(-4.5) / math.sqrt(2 * math.pi) / math.erf(3 / math.sqrt(2)))
"""The standard deviation of a normal distribution cut at three of its own: 0.9866."""


def test_the_starts_of_the_experiment_differ_in_what_their_names_say():
    models = {name: start(Decoder(CONFIG), seeded()) for name, start in STARTS.items()}
    stds = {
        name: [model.get_parameter(f"layers.2.{part}.weight").std().item() for part in ("mlp.up_proj", "mlp.down_proj")]
        for name, model in models.items()
    }
    expected = {
        "mitchell": (96**-0.5 * CUT, 1200**-0.5 * CUT),
        "fan-in, no depth": (96**-0.5 * CUT, 200**-0.5 * CUT),
        "0.02, as at width 4,096": (1.28 / 96**0.5, 1.28 / 96**0.5),
        "0.02": (0.02, 0.02),
    }
    assert stds.keys() == expected.keys()
    for name, pair in stds.items():
        assert pair == pytest.approx(expected[name], rel=0.03), name


def test_the_stored_runs_are_those_that_the_experiment_describes():
    stored = read_result("initialization_runs")
    assert stored["settings"] == {"layers": LAYERS, "steps": STEPS, "seeds": list(SEEDS)}
    assert {(row["start"], row["seed"]) for row in stored["rows"]} == {(s, n) for s in STARTS for n in SEEDS}
    assert len(stored["rows"]) == len(STARTS) * len(SEEDS)


def test_the_stream_is_measured_before_and_after_each_block():
    ids = torch.randint(300, (2, 8), generator=seeded(1))
    sizes = stream_sizes("mitchell", CONFIG, ids, 0)
    model = STARTS["mitchell"](Decoder(CONFIG), seeded())
    model.norm = torch.nn.Identity()
    with torch.no_grad():
        last, first = model.hidden_states(ids), model.embed_tokens(ids)
    assert len(sizes) == 4
    assert sizes[0] == pytest.approx(float(first.square().mean().sqrt()))
    assert sizes[-1] == pytest.approx(float(last.square().mean().sqrt()), rel=1e-5)
