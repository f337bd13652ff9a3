"""The sentences with a sum, the eight layers that learn them, and the file of results."""

import json
import math

import pytest
import torch

from llmbook.accounting import count_parameters
from llmbook.chapters.gemma.feedforward.experiment import KINDS, run_kind, small_config
from llmbook.experiments import number_sentences as language
from llmbook.experiments.results import read_result, write_result
from llmbook.models import Decoder, initialize_


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_sentence_is_true():
    ids, _ = language.every_sentence()
    for sentence in (language.to_text(row).split() for row in ids):
        _, had, first, verb, second, has, answer = sentence
        assert (had, has) == ("had", "has")
        assert int(answer) == int(first) + (int(second) if verb == "got" else -int(second))
    assert len({tuple(row) for row in ids.tolist()}) == len(ids) == 8 * (100 + 55)


def test_drawn_sentences_have_the_stated_probabilities():
    ids, probability = language.every_sentence()
    assert probability.sum().item() == pytest.approx(1.0)
    place = {tuple(row): index for index, row in enumerate(ids.tolist())}
    drawn = language.draw_sentences(200_000, generator()).tolist()
    counts = torch.bincount(torch.tensor([place[tuple(row)] for row in drawn]), minlength=len(ids))
    expected = 200_000 * probability
    chi_square = ((counts - expected).square() / expected).sum().item()
    freedom = len(ids) - 1
    assert abs(chi_square - freedom) < 5 * math.sqrt(2 * freedom)
    flat = torch.full_like(expected, 200_000 / len(ids))  # the twin: all sentences equally likely
    assert ((counts - flat).square() / flat).sum().item() > 2 * freedom


def test_the_best_loss_is_the_entropy_by_hand():
    second = 0.5 * math.log(10) + 0.5 * sum(math.log(n + 1) for n in range(10)) / 10
    assert language.best_loss() == pytest.approx((math.log(10) + math.log(2) + second) / 6, rel=1e-5)


def test_answer_loss_of_a_model_that_knows_and_one_that_guesses():
    ids, _ = language.every_sentence()
    table = {tuple(row[:-1]): row[-1] for row in ids.tolist()}

    def knows(inputs):
        logits = torch.zeros(*inputs.shape, len(language.WORDS))
        for index, row in enumerate(inputs.tolist()):
            logits[index, -1, table[tuple(row)]] = 50.0
        return logits

    guesses = lambda inputs: torch.zeros(*inputs.shape, len(language.WORDS))  # noqa: E731
    assert language.answer_loss(knows) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert language.answer_loss(guesses)[0] == pytest.approx(math.log(len(language.WORDS)), rel=1e-5)


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


def test_results_come_back_as_written(tmp_path, monkeypatch):
    rows = [{"seed": 0, "loss": 0.5}, {"seed": 1, "loss": None}]
    write_result(tmp_path / "results" / "try.json", command="python try.py", question="So?", rows=rows, steps=3)
    monkeypatch.setattr("llmbook.experiments.results.data_folder", lambda: tmp_path)
    result = read_result("try")
    assert result["rows"] == rows and result["settings"] == {"steps": 3} and result["versions"]["torch"]
    with pytest.raises(FileNotFoundError, match="choose one of try"):
        read_result("other")


def test_the_stored_runs_are_complete():
    stored = read_result("feedforward_kinds")
    settings = stored["settings"]
    reported = {(row["kind"], row["seed"]) for row in stored["rows"] if row["phase"] == "reporting"}
    assert reported == {(kind, seed) for kind in KINDS for seed in settings["reporting_seeds"]}
    assert not set(settings["reporting_seeds"]) & set(settings["choosing_seeds"])
    assert stored["command"] == "python scripts/feedforward_kinds.py"
    assert json.dumps(stored)  # plain values only

