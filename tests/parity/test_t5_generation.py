"""Greedy decoding and beam search of a T5 equal transformers' generate."""

from dataclasses import replace

import pytest
import torch
from same_text import same_text, t5_logits
from small_t5s import CASES, model_that_stops, padding, settings, texts
from t5_pairs import reference_of

from llmbook.generation import beams as beam_search
from llmbook.generation import encoder_decoder as generation_t5
from llmbook.generation.encoder_decoder import generate_t5

NEW = 16
BEAMS = [
    {"beams": 1},
    {"beams": 2},
    {"beams": 4},
    {"beams": 4, "early_stopping": True},
    {"beams": 4, "early_stopping": "never"},
    {"beams": 4, "length_penalty": 0.0},
    {"beams": 3, "length_penalty": 2.0, "early_stopping": "never"},
    {"beams": 5, "length_penalty": -1.0},
]


@pytest.fixture(scope="module", params=CASES)
def pair(request):
    """A pair with the same number of layers twice: transformers makes the decoder's cache by the encoder's number."""
    ours = model_that_stops(replace(CASES[request.param], decoder_layers=2))
    return ours, reference_of(ours)


def expected_ids(theirs, input_ids, mask, **options):
    """What transformers writes. It fills ended beams with the stop token where the padding is token 0."""
    names = {"beams": "num_beams"}
    options = {names.get(name, name): value for name, value in options.items()}
    ids = theirs.generate(
        input_ids=input_ids, attention_mask=mask.long(), max_new_tokens=NEW, do_sample=False, **options
    )
    stop_id, pad_id = theirs.config.eos_token_id, theirs.config.pad_token_id
    behind = (ids == stop_id).int().cumsum(1) - (ids == stop_id).int() > 0
    return ids.masked_fill(behind, pad_id)


@pytest.mark.parametrize("options", BEAMS, ids=str)
def test_equal_to_transformers(options, pair):
    ours, theirs = pair
    lengths = set()
    for seed in range(3):
        input_ids, _ = texts(ours.config, rows=4, seed=seed, read=20)
        mask = padding(input_ids)
        expected = expected_ids(theirs, input_ids, mask, **options)
        made = generate_t5(ours, input_ids, attention_mask=mask, max_new_tokens=NEW, **options)
        penalty = options.get("length_penalty", 1.0)
        assert same_text(made, expected, t5_logits(ours, input_ids, mask), **settings(ours), length_penalty=penalty)
        lengths |= set((made == ours.config.stop_id).int().argmax(1).tolist())
    if options.get("length_penalty", 1.0) > 0:  # otherwise the shortest text wins
        assert len(lengths) > 1, "texts of several lengths"


def test_scores_equal_transformers(pair):
    ours, theirs = pair
    input_ids, _ = texts(ours.config, read=20)
    settings = {"num_beams": 4, "num_return_sequences": 4, "return_dict_in_generate": True, "output_scores": True}
    expected = theirs.generate(input_ids=input_ids, max_new_tokens=NEW, do_sample=False, **settings)
    step = generation_t5.decoding_step(ours, input_ids, NEW, None, 4)
    found = beam_search.beam_search(step, torch.zeros(3, dtype=torch.long), beams=4, max_new_tokens=NEW, stop_id=1)
    torch.testing.assert_close(found.scores.flatten(), expected.sequences_scores, rtol=1e-5, atol=1e-5)
