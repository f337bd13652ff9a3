"""The corpus and the nulls of the pretraining."""

import math

import pytest
import torch

from llmbook.experiments.pretraining import VOCABULARY, Corpus, count_loss, meeting_corpus, small_run
from llmbook.generation import generate
from llmbook.models.decoder import Decoder
from llmbook.training.batches import END_OF_TEXT, PADDING, pack, train_tokenizer


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
