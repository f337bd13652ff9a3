"""The corpus, the nulls and the kinds of tokens of the pretraining, and the ablations."""

import math

import pytest
import torch

from llmbook.experiments.pretraining import (
    ABLATIONS,
    STARTS,
    VOCABULARY,
    Corpus,
    ablation_run,
    count_loss,
    label_tokens,
    loss_by_kind,
    meeting_corpus,
    run_ablation,
    small_run,
    token_losses,
)
from llmbook.experiments.results import read_result
from llmbook.generation import generate
from llmbook.meetings.generator import generate_meeting
from llmbook.models.decoder import Decoder
from llmbook.training.batches import END_OF_TEXT, PADDING, pack, train_tokenizer
from llmbook.training.run import mean_loss


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return meeting_corpus(30, 5)


def test_the_tokenizer_gives_every_text_back(corpus):
    for text in (corpus.validation_meetings[0].transcript, "Zoë paid 5 €\n\tand left  🙂", ""):
        assert corpus.tokenizer.decode(corpus.tokenizer.encode(text).ids) == text


def test_the_tokenizer_is_the_same_each_time(corpus):
    texts = [meeting.transcript for meeting in corpus.training_meetings]
    assert train_tokenizer(texts, VOCABULARY).to_str() == corpus.tokenizer.to_str()
    assert train_tokenizer(texts[1:], VOCABULARY).to_str() != corpus.tokenizer.to_str()


def test_special_tokens_and_merges(corpus):
    assert corpus.tokenizer.get_vocab_size() == VOCABULARY
    assert [corpus.tokenizer.token_to_id(token) for token in (END_OF_TEXT, PADDING)] == [0, 1]
    text = corpus.training_meetings[0].transcript
    assert len(corpus.tokenizer.encode(text)) < len(text) / 2
    with pytest.raises(ValueError, match="at least 258"):
        train_tokenizer(["a"], 257)


def test_packing_joins_ends_and_cuts(corpus):
    texts = ["One two.", "Three.", "Four, five, six."]
    rows, ids = pack(corpus.tokenizer, texts, 4), []
    for text in texts:
        ids += [*corpus.tokenizer.encode(text).ids, 0]
    assert rows.flatten().tolist() == ids[: len(ids) // 5 * 5] and rows.shape == (len(ids) // 5, 5)
    with pytest.raises(ValueError, match="smaller length"):
        pack(corpus.tokenizer, texts, 100)


def test_training_and_validation_share_no_meeting(corpus):
    both = {m.transcript for m in corpus.training_meetings} & {m.transcript for m in corpus.validation_meetings}
    assert not both and {m.seed for m in corpus.training_meetings}.isdisjoint(
        m.seed for m in corpus.validation_meetings
    )


def test_counting_pairs_knows_what_is_certain():
    """In 2, 3, 2, 3, ... the pair decides everything, the single token nothing."""
    rows = torch.tensor([[2, 3] * 50])
    assert count_loss(rows, rows, 4, context=1) < 0.05
    assert abs(count_loss(rows, rows, 4, context=0) - math.log(2)) < 0.05


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


def test_padding_rows_are_never_sampled(corpus):
    """With the bias of the loss against it taken away, the fault would show."""
    model = Decoder(small_run().model)
    with torch.no_grad():
        model.embed_tokens.weight.normal_(generator=torch.Generator().manual_seed(0))
        model.lm_head.weight.zero_()  # every row alike
    start, draw = torch.zeros(64, 1, dtype=torch.long), lambda: torch.Generator().manual_seed(0)
    settings = {"max_new_tokens": 20, "temperature": 1.0}
    safe = generate(model, start, valid_vocab_size=VOCABULARY, generator=draw(), **settings)
    unsafe = generate(model, start, generator=draw(), **settings)
    assert safe.max() < VOCABULARY <= unsafe.max()


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
