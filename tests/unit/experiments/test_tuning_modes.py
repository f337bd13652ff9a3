"""Whoever tunes a stored model gets it back in the mode in which it came."""

import pytest
import torch

from llmbook.experiments.meetings_t5 import fine_tune_summarizer, summarizer_config
from llmbook.meetings.generator import FACT_KINDS, generate_corpus
from llmbook.models.t5 import T5
from llmbook.models.t5_training import initialize_t5_
from llmbook.summarizers.seq2seq import encode_meeting
from llmbook.training.batches import train_tokenizer


@pytest.mark.parametrize("training", [False, True])
def test_a_tuned_summarizer_has_its_own_mode(training):
    meetings = generate_corpus(4, domain="farm", kinds=FACT_KINDS, facts=2)
    tokenizer = train_tokenizer([meeting.transcript for meeting in meetings], 300)
    model = initialize_t5_(T5(summarizer_config("small", 300)), torch.Generator().manual_seed(0)).train(training)
    pairs = [encode_meeting(tokenizer, meeting) for meeting in meetings]
    records = fine_tune_summarizer(model, pairs, tokenizer, steps=2)
    assert model.training is training  # before the first step; it was switched here once
    for _ in records:
        assert all(module.training is training for module in model.modules())
