"""The fine-tuning of a published model, on the book's small one: what is trained, in which order, and what is kept."""

import copy
import gzip
import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from llmbook.chapters.dora.does_it_help import real_model
from llmbook.chapters.dora.does_it_help.experiment import changes
from llmbook.chapters.dora.does_it_help.short_queries import Example, answer_loss, read_queries, short_examples
from llmbook.experiments.fine_tuning import TARGETS, effective_weights
from llmbook.experiments.meetings_olmo import load_base, load_base_tokenizer

STEPS = 4


def meeting(name: str, *answers: str) -> dict:
    turns = [{"speaker": "Ana", "content": "Well {disfmarker} we {vocalsound} close at six ."},
             {"speaker": "Ben", "content": "At six ."}, {"speaker": "Ana", "content": "Then lunch ."}]  # fmt: skip
    asked = [{"query": "When?", "answer": answer, "relevant_text_span": [["0", "0"], ["2", "2"]]} for answer in answers]
    return {"name": name, "meeting_transcripts": turns, "specific_query_list": asked}


@pytest.fixture(scope="module")
def examples():
    generator = torch.Generator().manual_seed(0)
    return [Example(torch.randint(2, 500, (1, 40), generator=generator), start) for start in (25, 30, 20)]


@pytest.fixture(scope="module")
def finished(examples):
    """All three ways after some steps, with the steps that were told, and the model before."""
    fresh, told = load_base(), []
    runs = [real_model.begin(method, copy.deepcopy(fresh), examples, seed=1, steps=STEPS)
            for method in real_model.METHODS]  # fmt: skip
    real_model.by_turns(runs, STEPS, told.append)
    return runs, told, fresh


@pytest.mark.parametrize("packed", [True, False])
def test_a_query_has_the_turns_that_matter_without_marks(tmp_path, packed):
    path = tmp_path / ("train.jsonl.gz" if packed else "train.jsonl")
    with (gzip.open if packed else open)(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(each) + "\n" for each in (meeting("a", "At six.", "Six."), meeting("b", "No.")))
    queries = list(read_queries(path))
    assert [(query.meeting, query.answer) for query in queries] == [("a", "At six."), ("a", "Six."), ("b", "No.")]
    assert queries[0].passage == "Ana: Well we close at six .\nAna: Then lunch ."


def test_examples_are_whole_and_the_held_out_are_of_other_meetings(tmp_path):
    path, tokenizer = tmp_path / "train.jsonl", load_base_tokenizer()
    rows = [meeting(f"m{place}", "At six.", "Six, " * 200) for place in range(11)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    queries = list(read_queries(path))
    training, held_out = short_examples(queries, tokenizer, 150)
    assert (len(training), len(held_out)) == (9, 2), "the long answers are left out, every fifth meeting is held out"
    [text] = {tokenizer.decode(example.ids[0].tolist(), skip_special_tokens=False) for example in training}
    assert "When?\n\nAna: Well we close" in text and text.endswith("At six.<|im_end|>")
    answer = tokenizer.decode(training[0].ids[0, training[0].start :].tolist(), skip_special_tokens=False)
    assert answer == "At six.<|im_end|>"
    assert len(short_examples(queries, tokenizer, 2000)[0]) == 18, "the twin: with room the long ones are there"


def test_only_the_answer_counts(examples):
    model, example = load_base(), examples[0]
    logits = model(example.ids)[0]
    wanted = F.cross_entropy(logits[example.start - 1 : -1], example.ids[0, example.start :])
    assert torch.allclose(answer_loss(model, example), wanted, atol=1e-5)
    every = F.cross_entropy(logits[:-1], example.ids[0, 1:])
    assert not torch.allclose(every, wanted, atol=1e-2), "the twin"


def test_all_take_their_steps_by_turns_on_the_same_examples(finished, examples):
    runs, told, fresh = finished
    assert told == list(range(1, STEPS + 1))
    assert all(len(run.losses) == len(run.seconds) == STEPS for run in runs)
    first = {round(run.losses[0], 4) for run in runs}
    assert len(first) == 1 and first <= {round(answer_loss(fresh, each).item(), 4) for each in examples}
    assert len({round(run.losses[-1], 4) for run in runs}) == 3, "the twin: later they differ"


def test_full_trains_every_weight_and_the_others_their_adapters(finished):
    runs, _, fresh = finished
    moved = {run.method: [name for name, tensor in run.model.named_parameters() if name in dict(
        fresh.named_parameters()) and not torch.equal(tensor, fresh.get_parameter(name))] for run in runs}  # fmt: skip
    assert len(moved["full"]) == len(list(fresh.parameters()))
    assert moved["lora"] == moved["dora"] == []


def test_what_is_measured_is_what_the_page_defines(finished):
    runs, _, fresh = finished
    base = effective_weights(fresh)
    for run in runs:
        found = real_model.measure(run.model, base, 50, np.random.default_rng(0))
        wanted = changes({0: base, STEPS: effective_weights(run.model)}, TARGETS)
        for (row, drawn), other in zip(found, wanted, strict=True):
            assert row["name"] == other["name"] and drawn.shape == (2, 50)
            assert row["magnitude"] == pytest.approx(other["magnitude"])
            assert row["direction"] == pytest.approx(other["direction"])
            assert row["random_direction"] == pytest.approx(drawn[1].mean())
            assert 0 < row["moved"] < 1


def test_the_coupling_of_random_points_is_that_of_their_null(finished):
    """Points that are themselves in random directions lie within their null; ones that fall do not."""
    runs, _, fresh = finished
    found = real_model.measure(runs[1].model, effective_weights(fresh), 200, np.random.default_rng(0))
    own = [(row | {"magnitude": drawn[0, 0], "direction": drawn[1, 0]}, drawn) for row, drawn in found]
    told = real_model.coupling(own)
    assert told["low"] - 0.02 <= told["correlation"] <= told["high"] + 0.02
    fallen = [(row | {"magnitude": -row["direction"]}, drawn) for row, drawn in found]
    assert real_model.coupling(fallen)["correlation"] == pytest.approx(-1), "the twin"


def test_measuring_the_loss_leaves_the_mode(examples):
    model = load_base().train()
    found = real_model.mean_answer_loss(model, examples)
    assert model.training
    assert found == pytest.approx(np.mean([answer_loss(model, each).item() for each in examples]), abs=1e-4)
