"""A T5 that summarizes: its loss, what it writes, and how that is scored. It is trained for a few seconds only."""

import itertools

import pytest
import torch

from llmbook.experiments.meetings_t5 import fine_tune_summarizer, summarizer_config
from llmbook.generation.encoder_decoder import generate_t5
from llmbook.meetings.generator import FACT_KINDS, INSTRUCTIONS, generate_corpus
from llmbook.models.t5 import T5
from llmbook.models.t5_training import initialize_t5_
from llmbook.summarizers.positions import fact_ends, facts_stated
from llmbook.summarizers.scoring import score_summaries, score_summary
from llmbook.summarizers.seq2seq import chunks, collate, encode, encode_meeting, pad_id_of, prompt
from llmbook.summarizers.t5 import merge, summarize, summarize_in_chunks, summary_loss, token_accuracy, write
from llmbook.training.batches import train_tokenizer

MEETINGS = generate_corpus(12, domain="farm", kinds=FACT_KINDS, facts=3, chatter=1.0)
TOKENIZER = train_tokenizer([f"{meeting.transcript}\n{meeting.reference()}" for meeting in MEETINGS], 500)
PAD = pad_id_of(TOKENIZER)
PAIRS = [encode_meeting(TOKENIZER, meeting, instruction) for meeting in MEETINGS for instruction in INSTRUCTIONS]


@pytest.fixture(scope="module")
def model():
    """A model that has begun to learn, so that it writes different things about different meetings."""
    model = T5(summarizer_config("small", TOKENIZER.get_vocab_size()))
    initialize_t5_(model, torch.Generator().manual_seed(0))
    for _ in fine_tune_summarizer(model, PAIRS, TOKENIZER, steps=60, learning_rate=0.02, batch_size=8):
        pass
    return model.eval()


def test_padding_changes_no_loss(model):
    pairs = [encode_meeting(TOKENIZER, meeting) for meeting in MEETINGS[:3]]
    with torch.no_grad():
        together = summary_loss(model, collate(pairs, PAD))
        alone = [summary_loss(model, collate([pair], PAD)) * len(pair.target) for pair in pairs]
    torch.testing.assert_close(together, sum(alone) / sum(len(pair.target) for pair in pairs), rtol=1e-5, atol=0)


@pytest.mark.parametrize("batch_size", [1, 5])
def test_what_is_written_does_not_depend_on_the_neighbors(model, batch_size):
    prompts = [prompt(meeting.transcript, "short") for meeting in MEETINGS[:6]]
    alone = []
    for text in prompts:
        ids = generate_t5(model, torch.tensor([encode(TOKENIZER, text)]), max_new_tokens=24)
        alone.append(TOKENIZER.decode(ids[0].tolist(), skip_special_tokens=True))
    assert write(model, TOKENIZER, prompts, max_new_tokens=24, batch_size=batch_size) == alone
    assert len(set(alone)) > 1


def test_a_context_hides_what_comes_after_it(model):
    first = MEETINGS[0].transcript
    changed = first[: len(first) // 2] + " Something else." * 20
    cut = {"context": 30, "max_new_tokens": 24}
    prompts = [prompt(text, "long") for text in (first, changed)]
    assert len(set(write(model, TOKENIZER, prompts, **cut))) == 1
    assert len(set(write(model, TOKENIZER, prompts, max_new_tokens=24))) == 2


def test_pieces_are_joined_in_order_and_say_nothing_twice(model):
    assert merge(["The meeting was about A.\nX.", "The meeting was about B.\nY.", "X.\nZ."]) == (
        "The meeting was about A.\nX.\nY.\nZ.")
    written = summarize_in_chunks(model, TOKENIZER, MEETINGS[:3], context=80, max_new_tokens=24)
    parts = [chunks(meeting, TOKENIZER, "long", 80) for meeting in MEETINGS[:3]]
    assert [len(each) > 1 for each in parts] == [True] * 3
    assert written == [merge(write(model, TOKENIZER, each, context=80, max_new_tokens=24)) for each in parts]
    whole = summarize_in_chunks(model, TOKENIZER, MEETINGS[:3], context=5000, max_new_tokens=24)
    assert whole == [merge([each]) for each in summarize(model, TOKENIZER, MEETINGS[:3], max_new_tokens=24)]


def test_a_reference_is_perfect_and_an_empty_summary_is_nothing():
    perfect = score_summaries(MEETINGS, [meeting.reference() for meeting in MEETINGS])
    assert all((perfect[name] == 1).all() for name in perfect if name != "wrong")
    assert (perfect["wrong"] == 0).all()
    nothing = score_summary(MEETINGS[0], "")
    assert set(nothing.values()) == {0.0}


def test_a_summary_of_another_meeting_is_caught():
    others = [meeting.reference() for meeting in MEETINGS[1:] + MEETINGS[:1]]
    scores = score_summaries(MEETINGS, others)
    assert scores["facts_f1"].max() < 0.5 and scores["wrong"].min() >= 2
    with pytest.raises(ValueError, match="shorter"):
        score_summaries(MEETINGS, others[:-1])


def test_tuning_lowers_the_loss_and_a_rate_of_nothing_does_not(model):
    batch = collate([encode_meeting(TOKENIZER, meeting) for meeting in MEETINGS[:4]], PAD)
    pairs = [encode_meeting(TOKENIZER, meeting) for meeting in MEETINGS[:4]]

    def tuned(rate):
        fresh = T5(model.config)
        fresh.load_state_dict(model.state_dict())
        for _ in fine_tune_summarizer(fresh, pairs, TOKENIZER, steps=15, learning_rate=rate, batch_size=4):
            pass
        with torch.no_grad():
            return summary_loss(fresh.eval(), batch).item(), token_accuracy(fresh, batch)

    before, after = tuned(0.0), tuned(0.01)
    assert after[0] < 0.8 * before[0] and after[1] > before[1]


def test_a_fact_ends_where_its_turn_does():
    meeting = MEETINGS[0]
    ends = fact_ends(TOKENIZER, meeting)
    assert ends == sorted(ends) and len(ends) == 3
    for end, fact in zip(ends, meeting.facts, strict=True):
        read = TOKENIZER.decode(encode(TOKENIZER, prompt(meeting.transcript, "long"), end)[:-1])
        assert meeting.turns[fact.turn].text in read
        shorter = TOKENIZER.decode(encode(TOKENIZER, prompt(meeting.transcript, "long"), end - 1)[:-1])
        assert meeting.turns[fact.turn].text not in shorter


def test_stated_facts_are_told_apart():
    meeting = MEETINGS[0]
    for kept in itertools.product((True, False), repeat=3):
        summary = "\n".join(fact.text for fact, keep in zip(meeting.facts, kept, strict=True) if keep)
        assert facts_stated(meeting, summary) == list(kept)
