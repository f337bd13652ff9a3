"""From meetings to batches: what is cut, what is padded, and that nothing is lost in between."""

import itertools

import pytest
import torch
from tokenizers import Tokenizer, models

from llmbook.meetings.generator import FACT_KINDS, generate_corpus
from llmbook.models.t5_training import IGNORED_LABEL
from llmbook.summarizers import seq2seq
from llmbook.summarizers.seq2seq import Pair, batches, chunks, collate, encode, encode_meeting, pad_id_of, prompt
from llmbook.training.batches import END_OF_TEXT, train_tokenizer

MEETINGS = generate_corpus(20, domain="farm", kinds=FACT_KINDS, facts=3, chatter=1.0)
TOKENIZER = train_tokenizer([meeting.transcript for meeting in MEETINGS], 600)
STOP, PAD = TOKENIZER.token_to_id(END_OF_TEXT), pad_id_of(TOKENIZER)


def test_a_text_ends_and_comes_back():
    ids = encode(TOKENIZER, MEETINGS[0].transcript)
    assert ids[-1] == STOP and STOP not in ids[:-1]
    assert TOKENIZER.decode(ids[:-1]) == MEETINGS[0].transcript


def test_a_long_text_is_cut_at_its_end_and_still_ends():
    whole = encode(TOKENIZER, MEETINGS[0].transcript)
    cut = encode(TOKENIZER, MEETINGS[0].transcript, 20)
    assert len(cut) == 20 and cut[:-1] == whole[:19] and cut[-1] == STOP
    assert encode(TOKENIZER, MEETINGS[0].transcript, len(whole)) == whole


@pytest.mark.parametrize(("text", "limit", "hint"), [("", 9, "empty"), (" \n", 9, "empty"), ("Hello", 1, "room")])
def test_what_cannot_be_encoded_says_so(text, limit, hint):
    with pytest.raises(ValueError, match=hint):
        encode(TOKENIZER, text, limit)


def test_a_tokenizer_of_another_model_yields_no_none(monkeypatch):
    foreign = Tokenizer(models.WordLevel({"Hello": 0, "<unk>": 1}, unk_token="<unk>"))
    for call, token in ((lambda: encode(foreign, "Hello"), "endoftext"), (lambda: pad_id_of(foreign), "padding")):
        with pytest.raises(ValueError, match=rf"this tokenizer has no <\|{token}\|>: pass one of .*train_tokenizer"):
            call()
    monkeypatch.setattr(seq2seq, "_id_of", lambda tokenizer, special: tokenizer.token_to_id(special))
    assert encode(foreign, "Hello") == [0, None] and pad_id_of(foreign) is None, "the twin"


def test_the_two_sides_have_limits_of_their_own():
    pair = encode_meeting(TOKENIZER, MEETINGS[0], "short", source_limit=50, target_limit=8)
    assert (len(pair.source), len(pair.target)) == (50, 8)
    assert TOKENIZER.decode(pair.source).startswith("summarize short: " + MEETINGS[0].turns[0].speaker)


def test_padding_is_masked_and_never_learned():
    batch = collate([Pair([5, 6, STOP], [7, STOP]), Pair([5, STOP], [8, 9, 10, STOP])], PAD)
    assert batch.input_ids.tolist() == [[5, 6, STOP], [5, STOP, PAD]]
    assert batch.attention_mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.labels.tolist() == [[7, STOP, IGNORED_LABEL, IGNORED_LABEL], [8, 9, 10, STOP]]


def one_pass(pairs, size, seed):
    """The batches of one pass over the examples."""
    source = batches(pairs, size, PAD, torch.Generator().manual_seed(seed))
    return list(itertools.islice(source, -(-len(pairs) // size)))


def test_a_pass_has_every_example_once_in_batches_of_like_length():
    pairs = [Pair([number] * length, [number]) for number, length in enumerate(range(2, 102), start=10)]
    found = one_pass(pairs, 10, seed=0)
    assert sorted(row[0] for batch in found for row in batch.input_ids.tolist()) == list(range(10, 110))
    padding = sum(int((~batch.attention_mask).sum()) for batch in found)
    unsorted = sum(int((~collate(pairs[start::10], PAD).attention_mask).sum()) for start in range(10))
    assert padding < 0.2 * unsorted
    assert not torch.equal(found[0].input_ids, one_pass(pairs, 10, seed=1)[0].input_ids)
    assert torch.equal(found[0].input_ids, one_pass(pairs, 10, seed=0)[0].input_ids)


def test_too_few_examples_say_so():
    with pytest.raises(ValueError, match="from 1 to the 2 examples"):
        next(batches([Pair([1], [1])] * 2, 3, PAD, torch.Generator()))


@pytest.mark.parametrize("limit", [60, 90, 10_000])
def test_chunks_hold_every_turn_once_and_fit(limit):
    meeting = MEETINGS[1]
    found = chunks(meeting, TOKENIZER, "long", limit)
    assert "\n".join(part.removeprefix("summarize long: ") for part in found) == meeting.transcript
    assert all(len(encode(TOKENIZER, part)) <= limit for part in found)
    assert (len(found) == 1) == (found[0] == prompt(meeting.transcript, "long"))
    assert (len(found) == 1) == (limit == 10_000)


def test_a_piece_may_be_as_long_as_the_limit():
    meeting = MEETINGS[1]
    whole = len(encode(TOKENIZER, prompt(meeting.transcript, "long")))
    assert chunks(meeting, TOKENIZER, "long", whole) == [prompt(meeting.transcript, "long")]
    assert len(chunks(meeting, TOKENIZER, "long", whole - 1)) == 2
    two = "\n".join(turn.line for turn in meeting.turns[:2])
    exact = len(encode(TOKENIZER, prompt(two, "short")))
    first = chunks(meeting, TOKENIZER, "short", exact)[0]
    assert first == prompt(two, "short") and len(encode(TOKENIZER, first)) == exact
    assert chunks(meeting, TOKENIZER, "short", exact - 1)[0] == prompt(meeting.turns[0].line, "short")
    assert len(chunks(meeting, TOKENIZER, "long", 1)) == len(meeting.turns), "a turn that is too long stands alone"


@pytest.mark.parametrize(("examples", "size", "last"), [
    (6, 3, 3), (6, 6, 6), (7, 3, 1), (40, 2, 2), (41, 2, 1), (1, 1, 1),
])  # fmt: skip
def test_a_pass_ends_with_the_rest_and_full_batches_leave_none(examples, size, last):
    pairs = [Pair([number, 1], [number]) for number in range(100, 100 + examples)]
    endless = batches(pairs, size, PAD, torch.Generator().manual_seed(0))
    for _ in range(2):  # the second pass begins where the first one ends
        found = list(itertools.islice(endless, -(-examples // size)))
        sizes = [size] * (examples // size) + [last] * (last < size)
        assert sorted(len(batch.labels) for batch in found) == sorted(sizes)
        assert sorted(row[0] for batch in found for row in batch.labels.tolist()) == list(range(100, 100 + examples))
