"""Beam search with a decoder equals transformers'."""

import pytest
import torch
from published_folders import write_folder
from same_text import decoder_logits, same_text
from small_prompts import random_ids

from llmbook.checkpoint import load_pretrained
from llmbook.generation import KVCache, generate, generate_with_beams

NEW, STOP = 12, 7
PADS = (0, 5, 9)
OPTIONS = [{"beams": 2}, {"beams": 4}, {"beams": 4, "early_stopping": True}, {"beams": 3, "length_penalty": 0.3},
           {"beams": 3, "early_stopping": "never", "length_penalty": 1.5}]  # fmt: skip


@pytest.fixture(scope="module", params=["gemma-2b", "llama", "olmo"])
def pair(request, tmp_path_factory):
    """Our model and transformers', with layers loud enough for beams to differ from greedy, and texts that end."""
    folder = tmp_path_factory.mktemp(request.param)
    theirs = write_folder(folder, request.param, loud=False, seed=1)
    with torch.no_grad():
        for name, tensor in theirs.named_parameters():
            if "layers" in name and tensor.ndim == 2:
                tensor.mul_(12)
        theirs.lm_head.weight[STOP] *= 4
    theirs.save_pretrained(folder)
    return load_pretrained(folder), theirs


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("padded", [False, True])
def test_equal_to_transformers(options, padded, pair):
    ours, theirs = pair
    for seed in range(2):
        ids = random_ids(len(PADS), 14, seed=seed)
        mask = torch.arange(14) >= torch.tensor(PADS)[:, None] if padded else torch.ones_like(ids, dtype=torch.bool)
        settings = {name: value for name, value in options.items() if name != "beams"} | {"num_beams": options["beams"]}
        expected = theirs.generate(
            ids, attention_mask=mask.long(), max_new_tokens=NEW, do_sample=False, eos_token_id=STOP, pad_token_id=3,
            **settings,
        )  # fmt: skip
        made = generate_with_beams(
            ours, ids, max_new_tokens=NEW, stop_id=STOP, pad_id=3, attention_mask=mask if padded else None, **options
        )
        logits = decoder_logits(ours, mask if padded else None)
        penalty = options.get("length_penalty", 1.0)
        assert same_text(made, expected, logits, start=14, stop_ids=(STOP,), length_penalty=penalty)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_several_stop_tokens_equal_transformers(options, pair):
    """Among them words of the texts that are best with one stop token, so that those are not the best any more."""
    ours, theirs = pair
    ids = random_ids(3, 14)
    one = generate_with_beams(ours, ids, max_new_tokens=NEW, stop_id=STOP, pad_id=3, **options)
    stops = sorted({STOP, *one[:, 14:17].flatten().tolist()} - {3})
    settings = {name: value for name, value in options.items() if name != "beams"} | {"num_beams": options["beams"]}
    expected = theirs.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, do_sample=False, eos_token_id=stops,
        pad_token_id=3, **settings,
    )  # fmt: skip
    made = generate_with_beams(ours, ids, max_new_tokens=NEW, stop_id=stops, pad_id=3, **options)
    penalty = options.get("length_penalty", 1.0)
    assert same_text(made, expected, decoder_logits(ours), start=14, stop_ids=stops, length_penalty=penalty)
    assert len(stops) > 3 and not torch.equal(made, one)


def test_the_pairs_say_something(pair):
    """Texts of several lengths, and not the greedy ones."""
    ids = torch.cat([random_ids(3, 14, seed=seed) for seed in range(2)])
    made = generate_with_beams(pair[0], ids, beams=4, max_new_tokens=NEW, stop_id=STOP)[:, 14:]
    greedy = generate(pair[0], ids, max_new_tokens=NEW, stop_ids=[STOP])[:, 14:]
    assert made.shape != greedy.shape or not torch.equal(made, greedy)
    assert len({row.tolist().index(STOP) if STOP in row else NEW for row in made}) > 1


def test_a_cache_that_is_not_reordered_shows(pair, monkeypatch):
    settings = {"beams": 4, "max_new_tokens": NEW, "stop_id": STOP}
    inputs = [random_ids(3, 14, seed=seed) for seed in range(4)]
    sound = [generate_with_beams(pair[0], ids, **settings).tolist() for ids in inputs]
    monkeypatch.setattr(KVCache, "select", lambda self, rows: None)
    assert [generate_with_beams(pair[0], ids, **settings).tolist() for ids in inputs] != sound


def test_one_beam_is_greedy(pair):
    ids = random_ids(3, 14)
    greedy = generate(pair[0], ids, max_new_tokens=NEW, stop_ids=[STOP])
    one = generate_with_beams(pair[0], ids, beams=1, max_new_tokens=NEW, stop_id=STOP)
    assert same_text(one, greedy, decoder_logits(pair[0]), start=14, stop_ids=(STOP,))
    assert generate_with_beams(pair[0], ids[:, :1], beams=2, max_new_tokens=3, stop_id=STOP).shape[1] <= 4
