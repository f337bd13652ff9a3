"""Documents are packed whole and as the text that they are, with one end after each."""

import pytest
from tokenizers import Tokenizer, models

from llmbook.training import batches
from llmbook.training.batches import END_OF_TEXT, PADDING, as_text, pack, train_tokenizer

SPELLED = f"a model ends with {END_OF_TEXT}, and {PADDING} fills up"
TEXTS = ["One, two.", SPELLED, "", "three"]


@pytest.fixture
def tokenizer():
    return train_tokenizer(["One, two, three and a model."], 280)


def documents(tokenizer, rows):
    """The texts between the ends."""
    ids, texts = rows.flatten().tolist(), [[]]
    for token in ids:
        texts[-1].append(token) if token else texts.append([])
    return [tokenizer.decode(each, skip_special_tokens=False) for each in texts[:-1]]


def test_a_document_that_spells_a_special_token_has_one_end(tokenizer, monkeypatch):
    rows = pack(tokenizer, TEXTS, 1)
    assert rows.eq(0).sum() in (3, 4) and documents(tokenizer, rows)[:3] == TEXTS[:3] and not rows.eq(1).any()
    monkeypatch.setattr(batches, "as_text", lambda tokenizer: tokenizer)  # the twin
    assert documents(tokenizer, pack(tokenizer, TEXTS, 1))[:3] != TEXTS[:3]


def test_truncation_and_padding_of_somebodys_script_do_not_count(tokenizer, monkeypatch):
    expected = pack(tokenizer, TEXTS, 3)
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=20, pad_id=1, pad_token=PADDING)
    assert pack(tokenizer, TEXTS, 3).equal(expected)
    assert tokenizer.truncation["max_length"] == 4 and tokenizer.padding["length"] == 20  # it is as it was
    monkeypatch.setattr(batches, "as_text", lambda tokenizer: tokenizer)  # the twin
    assert not pack(tokenizer, TEXTS, 3).equal(expected)


def test_the_copy_reads_the_same_text_alike(tokenizer):
    for text in (TEXTS[0], "Zoë paid 5 €\n\tand left  🙂", ""):
        assert as_text(tokenizer).encode(text).ids == tokenizer.encode(text).ids
    assert as_text(tokenizer).encode(SPELLED).ids != tokenizer.encode(SPELLED).ids


def test_texts_that_just_fill_a_row_are_enough(tokenizer):
    tokens = len(tokenizer.encode(TEXTS[0]).ids) + 1
    assert pack(tokenizer, TEXTS[:1], tokens - 1).shape == (1, tokens)
    assert pack(tokenizer, [TEXTS[0], TEXTS[0]], tokens - 1).shape == (2, tokens)
    with pytest.raises(ValueError, match=f"{tokens} tokens do not fill one row of {tokens + 1}"):
        pack(tokenizer, TEXTS[:1], tokens)


def test_what_cannot_be_packed_is_told(tokenizer):
    with pytest.raises(TypeError, match="put it into a list"):
        pack(tokenizer, TEXTS[0], 2)
    with pytest.raises(ValueError, match="length must be at least 1, not 0"):
        pack(tokenizer, TEXTS, 0)
    with pytest.raises(ValueError, match=r"has no <\|endoftext\|> to put"):
        pack(Tokenizer(models.WordLevel({"a": 0}, "a")), ["a a a"], 1)
    assert pack(tokenizer, TEXTS, 1).shape[1] == 2
