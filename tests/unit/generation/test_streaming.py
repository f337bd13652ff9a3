"""Streaming: pieces of whole characters that are together the text, for any ids; the tokens are those of generate."""

import random
from itertools import pairwise

import pytest
import torch
from small_prompts import loud_decoder, random_ids
from tiny_decoders import seeded
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from llmbook.generation import TextStream, generate, stream, up_to_stop
from llmbook.generation.streaming import UNKNOWN, shared

SIGNS = ["a", "b", " ", "é", "€", "日", "👩‍👧", "🇫🇷", "\ufffd", "\n", "ﬁ", "\u0301"]
SIZE = 211  # the vocabulary of the small decoders


def byte_level():
    """GPT-2's kind: every byte is a token, two letters make one, and the last is special."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: id_ for id_, token in enumerate(alphabet)} | {"ab": 256}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("a", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<end>", special=True)])
    return tokenizer


def sentencepiece():
    """Gemma's and Llama's kind: letters with marks for spaces, and bytes for what has no token."""
    words = ["<unk>", "a", "b", "\u2581", "\u2581a", "é", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary = {token: id_ for id_, token in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("\u2581", "a")], unk_token="<unk>", byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])  # fmt: skip
    tokenizer.add_special_tokens([AddedToken("<end>", special=True)])
    return tokenizer


KINDS = {"byte level": byte_level(), "sentencepiece": sentencepiece()}
CASES = [(kind, skip, prompt) for kind in KINDS for skip in (True, False) for prompt in (0, 3)]


def any_ids(tokenizer, number):
    """Ids of whole and of broken characters, with special tokens in between."""
    rng = random.Random(number)
    size = tokenizer.get_vocab_size(with_added_tokens=True)
    whole = [tokenizer.encode("".join(rng.choices(SIGNS, k=3))).ids for _ in range(3)]
    broken = [[rng.randrange(size) for _ in range(rng.randint(0, 3))] for _ in range(3)]
    cut = [ids[rng.randint(0, 1) : len(ids) - rng.randint(0, 2)] for ids in whole]
    parts = [*whole, *broken, *cut, [size - 1], [size + 5]]  # the last is special, and one is none
    rng.shuffle(parts)
    return [id_ for part in parts for id_ in part]


def pieces_of(text, ids):
    return [*(text.push(id_) for id_ in ids), text.finish()]


@pytest.mark.parametrize(("kind", "skip", "prompt"), CASES)
def test_all_pieces_are_the_text_for_any_ids(kind, skip, prompt):
    tokenizer = KINDS[kind]
    for number in range(300):
        ids = any_ids(tokenizer, number)
        pieces = pieces_of(TextStream(tokenizer, ids[:prompt], skip_special=skip), ids[prompt:])
        begun, text = (tokenizer.decode(each, skip_special_tokens=skip) for each in (ids[:prompt], ids))
        assert "".join(pieces) == text[len(shared(begun, text)) :], number


@pytest.mark.parametrize("kind", KINDS)
def test_whole_text_comes_in_whole_characters(kind):
    """No piece has a replacement character that is not in the text."""
    tokenizer = KINDS[kind]
    for number in range(100):
        text = "".join(random.Random(number).choices([sign for sign in SIGNS if sign != UNKNOWN], k=9))
        pieces = pieces_of(TextStream(tokenizer), tokenizer.encode(text).ids)
        assert UNKNOWN not in "".join(pieces) and "".join(pieces) == tokenizer.decode(tokenizer.encode(text).ids)


def test_nothing_is_held_back_longer_than_needed():
    """A letter comes with its token, an emoji with its last byte; of SentencePiece's with what follows it."""
    assert pieces_of(TextStream(KINDS["byte level"]), KINDS["byte level"].encode("ab😀a").ids) == [
        "ab", "", "", "", "😀", "a", ""]  # fmt: skip
    ids = KINDS["sentencepiece"].encode("b€a").ids
    assert pieces_of(TextStream(KINDS["sentencepiece"]), ids) == ["b", "", "", "", "€a", ""]
    assert pieces_of(TextStream(KINDS["sentencepiece"]), ids[:-1]) == ["b", "", "", "", "€"]


def token_by_token(tokenizer, ids):
    """The twin: what one would write first."""
    return [tokenizer.decode([id_]) for id_ in ids]


def window(tokenizer, ids):
    """A twin: the text of all ids, cut where it was before; an emoji leaves half of itself behind."""
    texts = [tokenizer.decode(ids[:length]) for length in range(len(ids) + 1)]
    return [text[len(before) :] for before, text in pairwise(texts)]


@pytest.mark.parametrize("write", [token_by_token, window])
def test_simpler_ways_are_noticed(write):
    tokenizer = KINDS["byte level"]
    ids = tokenizer.encode("a 👩‍👧 b").ids
    assert "".join(write(tokenizer, ids)) != tokenizer.decode(ids) == "".join(pieces_of(TextStream(tokenizer), ids))


def test_bytes_that_are_shown_at_once_are_noticed(monkeypatch):
    """The twin of the rule for runs of bytes: one more byte makes four unknown characters of a euro sign."""
    tokenizer = KINDS["sentencepiece"]
    ids = [*tokenizer.encode("b€").ids, tokenizer.token_to_id("<0xE2>"), tokenizer.token_to_id("a")]
    assert "".join(pieces_of(TextStream(tokenizer), ids)) == tokenizer.decode(ids) == f"b{4 * UNKNOWN}a"
    monkeypatch.setattr(TextStream, "_may_go_on", lambda self: False)
    with pytest.raises(ValueError, match="cannot be streamed; decode at the end"):
        pieces_of(TextStream(tokenizer), ids)


def test_the_space_behind_a_prompt_is_kept():
    tokenizer = KINDS["sentencepiece"]
    prompt, ids = tokenizer.encode("b").ids, [tokenizer.token_to_id("\u2581a")]
    assert "".join(pieces_of(TextStream(tokenizer, prompt), ids)) == " a"
    assert "".join(pieces_of(TextStream(tokenizer), ids)) == "a", "the twin: alone, a text begins with no space"


def test_what_two_texts_begin_with():
    assert [shared(*pair) for pair in (("abc", "abd"), ("ab", "abd"), ("", "a"), ("x", "y"))] == ["ab", "ab", "", ""]


# A model that writes


SETTINGS = [
    {}, {"temperature": 1.0}, {"temperature": 2.0, "top_k": 9}, {"temperature": 2.0, "top_p": 0.7},
    {"repetition_penalty": 1.7}, {"no_repeat_ngram_size": 2}, {"valid_vocab_size": 150, "temperature": 3.0},
]  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
@pytest.mark.parametrize("kind", KINDS)
def test_streaming_writes_what_generate_writes(kind, settings):
    model, tokenizer, ids = loud_decoder("llama"), KINDS[kind], random_ids(1)
    begun = tokenizer.decode(ids[0].tolist())
    free = generate(model, ids, max_new_tokens=30, generator=seeded(0), **settings)[0]
    for stops in ([int(free[20])], [int(free[25]), int(free[16])], {int(free[14])}, ()):
        made = generate(model, ids, max_new_tokens=30, stop_ids=stops, generator=seeded(0), **settings)
        pieces = list(stream(model, tokenizer, ids, max_new_tokens=30, stop_ids=stops, generator=seeded(0), **settings))
        whole = up_to_stop(made, stops, start=12)[0]
        text = tokenizer.decode(whole)
        assert all(pieces) and "".join(pieces) == text[len(shared(begun, text)) :]
        assert (len(whole) < 42) == bool(stops)


def test_who_stops_asking_stops_the_model(monkeypatch):
    model, ids, calls = loud_decoder("llama"), random_ids(1), []
    work = model.hidden_states
    monkeypatch.setattr(model, "hidden_states", lambda *args, **rest: (calls.append(1), work(*args, **rest))[1])
    pieces = stream(model, KINDS["byte level"], ids, max_new_tokens=30)
    assert calls == [], "nothing is computed before the first piece is asked for"
    next(pieces)
    begun = len(calls)
    pieces.close()
    assert 1 <= begun < 30 and len(calls) == begun


@pytest.mark.parametrize(("changes", "said"), [
    ({"ids": random_ids(2)}, r"one text can be streamed at a time, and there are 2 prompts; pass ids of \(1, T\)"),
    ({"ids": torch.zeros(1, 0, dtype=torch.long)}, "at least one token"),
    ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"), ({"max_new_tokens": 90}, "cut the prompt"),
    ({"temperature": -1.0}, "temperature must be 0"), ({"top_k": 0}, "top_k"),
    ({"repetition_penalty": 0.0}, "repetition_penalty must be a positive number"),
    ({"no_repeat_ngram_size": 0}, "no_repeat_ngram_size must be at least 1"),
])  # fmt: skip
def test_what_cannot_be_streamed_is_refused_before_the_first_piece(changes, said):
    given = {"ids": random_ids(1), "max_new_tokens": 5} | changes
    with pytest.raises(ValueError, match=said):
        stream(loud_decoder("llama"), KINDS["byte level"], **given)
