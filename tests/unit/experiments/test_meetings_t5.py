"""The pretraining of the summarizers: what they read, in which order, and what they never read."""

from collections import Counter

import numpy as np
import pytest

from llmbook.accounting.t5 import parameters_by_part
from llmbook.experiments import meetings_t5 as summarizers
from llmbook.experiments.meetings_t5 import CONTEXT, LONG, SHORT, STAGES, Stage, encode_all
from llmbook.meetings.composed_domains import WORKPLACES
from llmbook.meetings.invented import MIXED, PUBLIC
from llmbook.summarizers.seq2seq import collate, pad_id_of
from llmbook.summarizers.t5 import token_accuracy

PRIVATE_WORDS = (*WORKPLACES["theater"].things, *WORKPLACES["theater"].events)


def said(meetings):
    """Everything that the meetings and their summaries say."""
    return "\n".join(f"{meeting.transcript}\n{meeting.reference()}" for meeting in meetings).lower()


def test_nothing_general_is_about_the_theater():
    general = said(summarizers.general_meetings(300, 1, **SHORT))
    assert not [words for words in PRIVATE_WORDS if words in general]
    assert len([words for words in PRIVATE_WORDS if words in said(summarizers.private_meetings(60, 1, **SHORT))]) > 10


def test_seven_of_ten_general_meetings_have_a_workplace_of_their_own():
    counts = Counter(meeting.domain for meeting in summarizers.general_meetings(100, 1, **SHORT))
    assert counts.pop(MIXED) == 70 and set(counts) == set(PUBLIC) and max(counts.values()) - min(counts.values()) <= 1


def test_meetings_to_measure_on_differ_and_those_to_train_on_share_their_people():
    separate = summarizers.separate_meetings(70, 5, **SHORT)
    shared = summarizers.public_meetings(70, 5, **SHORT)
    assert len({meeting.speakers for meeting in separate}) > 60
    assert len({meeting.speakers for meeting in shared}) == 10
    assert Counter(meeting.domain for meeting in separate) == dict.fromkeys(PUBLIC, 10)


def test_short_meetings_fit_into_the_context_and_long_ones_are_four_to_five_times_as_long():
    tokenizer = summarizers.load_summarizer_tokenizer()
    lengths = {name: np.array([len(pair.source) for pair in encode_all(
        tokenizer, summarizers.private_meetings(60, 3, **settings), instructions=["long"])])
        for name, settings in (("short", SHORT), ("long", LONG))}  # fmt: skip
    assert (lengths["short"] <= CONTEXT).mean() > 0.9 and (lengths["long"] > CONTEXT).all()
    assert 4 < lengths["long"].mean() / CONTEXT < 5
    cut = encode_all(tokenizer, summarizers.private_meetings(5, 3, **LONG), CONTEXT)
    assert {len(pair.source) for pair in cut} == {CONTEXT} and len(cut) == 15


def test_stages_go_from_short_to_long():
    lengths = [max(settings["facts"] * (1 + settings["chatter"]) for settings in stage.settings) for stage in STAGES]
    assert lengths == sorted(lengths) and len({stage.seed for stage in STAGES}) == len(STAGES)


def test_pretraining_learns_what_its_stages_hold(monkeypatch):
    monkeypatch.setattr(summarizers, "general_tokenizer", summarizers.load_summarizer_tokenizer)
    monkeypatch.setattr(summarizers, "stage_pairs", lambda stage: encode_all(
        summarizers.general_tokenizer(), summarizers.general_meetings(40, stage.seed, facts=1, chatter=0.0)))
    stages = (Stage((), 30, 16, seed=1), Stage((), 15, 8, seed=2))

    def losses(seed, scale=1.0):
        monkeypatch.setattr(summarizers, "peak_rate", lambda size: 0.01 * scale)
        _, records = summarizers.pretrain_summarizer("small", seed=seed, stages=stages)
        return [record.loss for record in records]

    found = losses(0)
    assert len(found) == 45 and np.mean(found[-5:]) < 0.8 * found[0]
    assert found == losses(0) and found != losses(1)
    still = losses(0, scale=1e-9)
    assert np.mean(still[-5:]) > 0.9 * still[0]


@pytest.mark.parametrize("size", summarizers.WIDTHS)
def test_stored_summarizers_know_the_public_workplaces_better_than_the_private_one(size):
    model, tokenizer = summarizers.load_summarizer(size), summarizers.load_summarizer_tokenizer()
    public, private = (
        token_accuracy(model, collate(encode_all(tokenizer, make(40, 90, **SHORT)), pad_id_of(tokenizer)))
        for make in (summarizers.separate_meetings, summarizers.private_meetings)
    )
    assert public > private + 0.05 and public > 0.9


@pytest.mark.parametrize("size", summarizers.WIDTHS)
def test_stored_models_are_what_the_config_says(size):
    model = summarizers.load_summarizer(size)
    assert model.config == summarizers.summarizer_config(size)
    assert sum(p.numel() for p in model.parameters()) == sum(parameters_by_part(model.config).values())
