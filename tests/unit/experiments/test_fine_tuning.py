"""The small model of the book and its fine-tuning: stored as it says, better than counting, adapted in several ways."""

import json

import pytest
import torch

from llmbook.adapters import adapter_layers
from llmbook.checkpoint import CheckpointError, load_pretrained
from llmbook.data import data_path
from llmbook.debug import randomize_
from llmbook.experiments.fine_tuning import (
    METHODS,
    NEW,
    TARGETS,
    build_optimizer,
    effective_weights,
    fine_tune,
    general_rows,
    new_corpus,
    prepare,
)
from llmbook.experiments.meetings_olmo import GENERAL, NAME, base_config, general_meetings, load_base
from llmbook.experiments.pretraining import count_loss
from llmbook.training.loop import train
from llmbook.training.run import mean_loss

MOST_BYTES = 2_000_000


def test_the_stored_model_is_the_one_of_the_script():
    model, stored = load_base(), json.loads((data_path(NAME) / "training.json").read_text(encoding="utf-8"))
    assert model.config == base_config()
    assert sum(p.numel() for p in model.parameters()) == stored["settings"]["parameters"] == 430_080
    assert stored["command"] == "python scripts/pretrain_small.py"


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in data_path(NAME).iterdir()) < MOST_BYTES


def test_it_beats_counting_on_meetings_it_has_not_read():
    corpus_rows = general_rows()
    model, stored = load_base(), json.loads((data_path(NAME) / "training.json").read_text(encoding="utf-8"))
    for null in ("single_token_loss", "pair_loss"):
        assert mean_loss(model, corpus_rows) < stored["settings"][null] / 3
    assert stored["settings"]["single_token_loss"] == pytest.approx(
        count_loss(corpus_rows, corpus_rows, 512, context=0), rel=0.1
    )
    broken = randomize_(load_base(), 0, matrix_std=0.1)  # the twin: with other weights it does not
    assert mean_loss(broken, corpus_rows) > stored["settings"]["pair_loss"]


def test_transformers_reads_the_folder():
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(data_path(NAME))
    ids = general_rows()[:2, :20]
    with torch.no_grad():
        ours, reference = load_base()(ids), theirs(ids).logits
    assert (ours - reference).abs().max() < 1e-5 * reference.abs().max()


def test_an_unknown_model_lists_the_known_ones():
    with pytest.raises(FileNotFoundError, match="choose one of models/meetings-olmo"):
        data_path("models/meetings-gemma")
    with pytest.raises(CheckpointError):
        load_pretrained(data_path(NAME).parent)


def test_the_new_workplace_is_new():
    assert NEW not in GENERAL and {meeting.domain for meeting in general_meetings(6, 0)} == set(GENERAL)
    assert {meeting.domain for meeting in new_corpus().training_meetings} == {NEW}
    train, held_out = new_corpus().training_meetings, new_corpus().validation_meetings
    assert not {m.transcript for m in train} & {m.transcript for m in held_out}


def test_full_fine_tuning_learns_and_forgets():
    before = mean_loss(load_base(), new_corpus().validation), mean_loss(load_base(), general_rows())
    tuned = fine_tune("full", steps=12, learning_rate=0.003)
    assert tuned.trained_parameters == 430_080 and len(tuned.losses) == 12
    assert tuned.validation_loss < before[0] - 1
    assert tuned.general_loss > before[1]


def test_a_seed_decides_everything():
    first, again, other = (fine_tune("full", steps=3, seed=seed).losses for seed in (1, 1, 2))
    assert first == again != other


def test_an_unknown_method_lists_the_known_ones():
    with pytest.raises(ValueError, match="choose one of full, lora"):
        fine_tune("adapter")
    assert METHODS["lora+"].ratio > 1


@pytest.mark.parametrize(("method", "parameters"), [("lora", 30_720), ("dora", 32_640), ("lora+", 30_720)])
def test_an_adapter_trains_only_itself(method, parameters):
    run = fine_tune(method, steps=15, learning_rate=0.002 if method == "lora+" else 0.01, snapshots=(0, 15))
    assert run.trained_parameters == parameters
    frozen = {name: p for name, p in run.model.named_parameters() if not p.requires_grad}
    start = dict(prepare(method).named_parameters())
    assert all(torch.equal(p, start[name]) for name, p in frozen.items()) and len(frozen) == 23
    assert all(not torch.equal(run.snapshots[0][name], weight) for name, weight in run.snapshots[15].items())
    assert run.losses[-1] < run.losses[0] - 0.3


def test_methods_share_their_start_and_their_batches():
    first = {method: fine_tune(method, steps=1).losses[0] for method in METHODS}
    assert max(first.values()) - min(first.values()) < 1e-4
    assert abs(fine_tune("lora", steps=1, seed=1).losses[0] - first["lora"]) > 1e-3


def test_snapshots_are_the_weights_of_all_targets():
    model = prepare("dora")
    weights = effective_weights(model)
    assert len(weights) == 3 * len(TARGETS) and weights["layers.0.mlp.down_proj"].shape == (96, 256)
    plain = effective_weights(prepare("full"))
    assert all((weights[name] - plain[name]).abs().max() < 1e-6 for name in plain)


def test_other_adapters_are_those_that_are_asked_for():
    layers = adapter_layers(prepare("dora", rank=3, alpha=5, targets=["q_proj"]))
    assert len(layers) == 3 and {(layer.settings.rank, layer.settings.alpha) for layer in layers.values()} == {(3, 5)}
    assert {layer.settings.alpha for layer in adapter_layers(prepare("lora", rank=3)).values()} == {6}
    first, again, other = (next(iter(adapter_layers(prepare("lora", seed=seed)).values())) for seed in (0, 0, 1))
    assert torch.equal(first.lora_A, again.lora_A) and not torch.equal(first.lora_A, other.lora_A)
    model = prepare("lora", targets=["q_proj"])
    assert set(effective_weights(model, ["q_proj"])) == {f"layers.{layer}.self_attn.q_proj" for layer in range(3)}
    run = fine_tune("lora", steps=1, rank=3, targets=["q_proj"], snapshots=[1])
    assert set(run.snapshots[1]) == set(effective_weights(model, ["q_proj"]))
    assert run.trained_parameters == sum(p.numel() for p in prepare("lora", rank=3, targets=["q_proj"]).parameters()
                                         if p.requires_grad)  # fmt: skip


def test_lora_plus_lets_b_learn_faster():
    model = prepare("lora+")
    optimizer = build_optimizer(model, METHODS["lora+"], 0.01)
    batch = torch.randint(500, (2, 9), generator=torch.Generator().manual_seed(0))
    list(train(model, [batch], steps=1, learning_rate=0.01, optimizer=optimizer))
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert rates[id(parameter)] == pytest.approx(0.16 if name.endswith("lora_B") else 0.01)
    plain = build_optimizer(prepare("lora"), METHODS["lora"], 0.01)
    assert {group["lr"] for group in plain.param_groups} == {0.01}
