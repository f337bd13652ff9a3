"""The ablations of the small OLMo and its starts, and the losses of the kinds of tokens."""

import pytest
import torch

from llmbook.chapters.olmo.pretraining.experiment import (
    ABLATIONS,
    STARTS,
    ablation_run,
    label_tokens,
    loss_by_kind,
    run_ablation,
    token_losses,
)
from llmbook.experiments.pretraining import Corpus, meeting_corpus, small_run
from llmbook.experiments.results import read_result
from llmbook.meetings.generator import generate_meeting
from llmbook.models.decoder import Decoder
from llmbook.training.run import mean_loss


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return meeting_corpus(30, 5)


def test_kinds_cover_the_transcript(corpus):
    meeting = generate_meeting(5)
    ids, kinds = label_tokens(corpus.tokenizer, meeting)
    assert corpus.tokenizer.decode(ids[:-1]) == meeting.transcript and ids[-1] == 0
    said = {kind: corpus.tokenizer.decode([i for i, k in zip(ids, kinds, strict=True) if k == kind])
            for kind in ("speaker", "fact", "other")}  # fmt: skip
    assert said["speaker"].count(":") == len(meeting.turns)
    assert all(meeting.turns[fact.turn].text in said["fact"] for fact in meeting.facts)
    assert not any(meeting.turns[fact.turn].text in said["other"] for fact in meeting.facts)


def test_losses_by_kind_make_up_the_whole(corpus):
    """Their mean, weighted by the number of tokens, is the validation loss."""
    model = Decoder(small_run().model)
    torch.nn.init.normal_(model.lm_head.weight, generator=torch.Generator().manual_seed(0))
    by_kind = loss_by_kind(model, corpus.tokenizer, corpus.validation_meetings)
    kinds = [kind for meeting in corpus.validation_meetings for kind in label_tokens(corpus.tokenizer, meeting)[1]]
    kinds = [kinds[i] for i in range(len(corpus.validation) * 65) if i % 65]
    mean = sum(by_kind[kind] * kinds.count(kind) for kind in by_kind) / len(kinds)
    assert mean == pytest.approx(mean_loss(model, corpus.validation), rel=1e-5)


def test_token_losses_are_of_rows_as_in_training(corpus):
    """Each row alone gives its losses; rows that begin one token later give others."""
    model = Decoder(small_run().model)
    torch.nn.init.normal_(model.lm_head.weight, generator=torch.Generator().manual_seed(0))
    losses, kinds = token_losses(model, corpus.tokenizer, corpus.validation_meetings)
    rows = losses.view(-1, 65)
    assert len(kinds) == losses.numel() == corpus.validation.numel()
    assert rows[:, 0].isnan().all() and not rows[:, 1:].isnan().any()
    for index in (0, 3):
        mean = mean_loss(model, corpus.validation[index : index + 1])
        assert rows[index, 1:].mean().item() == pytest.approx(mean, rel=1e-5)
    shifted = corpus.validation.flatten()[1:66][None]
    assert losses[2:66].nanmean().item() != pytest.approx(mean_loss(model, shifted), rel=1e-5)


def matrices(run):
    return {name: tensor.detach().clone() for name, tensor in run.model.named_parameters() if tensor.ndim > 1}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("name", ABLATIONS)
def test_settings_that_are_compared_begin_alike(corpus, name, start):
    """The same matrices and the same batches; another seed has others."""
    base, run, other = (ablation_run(setting, seed, start=start, steps=4, corpus=corpus)
                        for setting, seed in (("OLMo", 1), (name, 1), (name, 2)))  # fmt: skip
    ours, theirs = matrices(base), matrices(run)
    assert set(ours) - set(theirs) == ({"lm_head.weight"} if name == "tied" else set())
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    first = base.batches.draw()
    assert torch.equal(first, run.batches.draw()) and not torch.equal(first, other.batches.draw())
    assert not torch.equal(ours["embed_tokens.weight"], matrices(other)["embed_tokens.weight"])


def test_starts_share_the_batches_and_differ_in_what_they_write(corpus):
    mitchell, flat = (ablation_run("OLMo", 0, start=start, steps=4, corpus=corpus) for start in STARTS)
    assert torch.equal(mitchell.batches.draw(), flat.batches.draw())
    of_width = 64**-0.5
    for layer in (0, 1):
        for name, inputs in (("self_attn.o_proj", 64), ("mlp.down_proj", 176)):
            key = f"layers.{layer}.{name}.weight"
            ours, theirs = (matrices(run)[key].std().item() for run in (mitchell, flat))
            assert ours == pytest.approx((2 * inputs * (layer + 1)) ** -0.5, rel=0.04)
            assert theirs == pytest.approx(of_width, rel=0.04)
    with pytest.raises(ValueError, match="unknown start 'plain'; choose one of mitchell, flat"):
        ablation_run("OLMo", 0, start="plain", corpus=corpus)


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_runs_and_changes_what_it_says(corpus, name):
    row, other = (run_ablation(name, 0, start=start, steps=2, corpus=corpus) for start in STARTS)
    assert len(row["validation"]) == 2 and row["setting"] == name
    assert (row["start"], other["start"]) == STARTS and row["validation"] != other["validation"]
    assert run_ablation(name, 0, steps=2, corpus=corpus) == row
    base = small_run(2).model
    config = small_run(2, **ABLATIONS[name])
    assert (config.model != base) == (name not in ("OLMo", "cosine"))
    assert config.schedule.shape == ("cosine" if name == "cosine" else "linear")


def test_the_stored_ablations_are_whole_and_paired():
    """Every setting from every start with every seed, once; a change costs the same numbers from both starts."""
    stored = read_result("pretraining_ablations")
    runs = [(row["setting"], row["start"], row["seed"]) for row in stored["rows"]]
    wanted = [(name, start, seed) for seed in stored["settings"]["seeds"] for start in STARTS for name in ABLATIONS]
    assert runs == wanted and len(stored["settings"]["seeds"]) >= 8
    assert len({(row["setting"], row["parameters"]) for row in stored["rows"]}) == len(ABLATIONS)
    assert {len(row["validation"]) for row in stored["rows"]} == {4}


def test_token_losses_of_a_bfloat16_model_are_not_rounded(corpus):
    model = Decoder(small_run().model).bfloat16()
    torch.nn.init.normal_(model.lm_head.weight, generator=torch.Generator().manual_seed(0))
    losses, _ = token_losses(model, corpus.tokenizer, corpus.validation_meetings)
    losses = losses[~losses.isnan()]
    rounded = losses.bfloat16().float()
    assert losses.unique().numel() > 2 * rounded.unique().numel()  # the twin: what the loss was once
    assert losses.mean().item() == pytest.approx(mean_loss(model, corpus.validation), rel=1e-5)
