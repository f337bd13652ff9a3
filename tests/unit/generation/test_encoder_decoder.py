"""Generation of a T5: cache and neighbors change nothing, faults in the search show, bad settings are refused."""

from dataclasses import replace

import pytest
import torch
from same_text import ended, same_text, t5_logits
from small_t5s import CASES, model_that_stops, our_model, padding, settings, texts

from llmbook.generation import beams as beam_search
from llmbook.generation import encoder_decoder as generation_t5
from llmbook.generation.encoder_decoder import T5Cache, generate_t5

NEW = 16


@pytest.fixture(scope="module", params=CASES)
def model(request):
    """A model of each kind, with two layers in the encoder and in the decoder."""
    return model_that_stops(replace(CASES[request.param], decoder_layers=2))


@pytest.mark.parametrize("options", [{"beams": 1}, {"beams": 4}], ids=str)
def test_the_cache_changes_nothing(options, model):
    input_ids, _ = texts(model.config, read=20)
    mask = padding(input_ids)
    with_cache, without = (
        generate_t5(model, input_ids, attention_mask=mask, max_new_tokens=NEW, use_cache=use_cache, **options)
        for use_cache in (True, False)
    )
    assert same_text(with_cache, without, t5_logits(model, input_ids, mask), **settings(model))


def test_rows_do_not_depend_on_their_neighbors(model):
    input_ids, _ = texts(model.config, rows=4, read=20)
    for options in ({"beams": 1}, {"beams": 4}, {"beams": 4, "early_stopping": True}):
        together = generate_t5(model, input_ids, max_new_tokens=NEW, **options)
        for row, ids in zip(together, input_ids, strict=True):
            alone = generate_t5(model, ids[None], max_new_tokens=NEW, **options)[0]
            assert same_text(row[None], alone[None], t5_logits(model, ids[None]), **settings(model))
            assert (row[len(ended(row, **settings(model))) :] == model.config.pad_id).all()


# Deliberate faults: each must change some text or score.


def forgets_to_reorder(patch):
    patch.setattr(T5Cache, "select", lambda self, rows: None)


def reorders_the_other_way(patch):
    sound = T5Cache.select
    patch.setattr(T5Cache, "select", lambda self, rows: sound(self, rows.roll(1)))


def _ended(change):
    """A fault in which texts end, or in what their scores are divided by."""

    def fault(patch):
        sound = beam_search._with_ended
        patch.setattr(beam_search, "_with_ended", lambda *args: sound(*args[:2], *change(*args[2:])))

    return fault


def _open(change):
    """A fault in the rule of when to stop."""

    def fault(patch):
        sound = beam_search._can_improve
        patch.setattr(beam_search, "_can_improve", lambda *args: change(sound, *args))

    return fault


FAULTS = {
    "cache not reordered": forgets_to_reorder,
    "cache reordered wrongly": reorders_the_other_way,
    "length without the stop token": _ended(lambda is_last, weight: (is_last, max(weight - 1, 0.5))),
    "scores not divided by the length": _ended(lambda is_last, weight: (is_last, 1)),
    "all candidates may end": _ended(lambda is_last, weight: (is_last | True, weight)),
    "stops at the first end": _open(lambda _, ended, *__: ended.scores.max(dim=1).values < beam_search.NEVER / 2),
    "stops when full": _open(lambda sound, ended, expected, _: sound(ended, expected, True)),
    "never stops early": _open(lambda _, ended, expected, __: expected == expected),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault, monkeypatch):
    """Seen in the ids of 16 inputs; where a rule rarely matters, in the number of steps."""
    ours = model_that_stops(CASES["flan"])
    sound = [search(ours, seed) for seed in range(4)]
    FAULTS[fault](monkeypatch)
    assert [search(ours, seed) for seed in range(4)] != sound


def search(ours, seed):
    """All hypotheses of a search, and how often the model was asked."""
    input_ids, _ = texts(ours.config, rows=4, seed=seed, read=20)
    step, calls = generation_t5.decoding_step(ours, input_ids, NEW, None, 4), []

    def counted(newest, rows):
        calls.append(rows)
        return step(newest, rows)

    found = beam_search.beam_search(counted, torch.zeros(4, dtype=torch.long), beams=4, max_new_tokens=NEW, stop_id=1)
    return found.ids.tolist(), len(calls)


def test_sampling_follows_the_seed(model):
    input_ids, _ = texts(model.config, read=20)

    def draw(seed):
        generator = torch.Generator().manual_seed(seed)
        return generate_t5(model, input_ids, max_new_tokens=NEW, temperature=1.0, top_k=50, generator=generator)

    assert torch.equal(draw(1), draw(1)) and not torch.equal(draw(1)[:, :4], draw(2)[:, :4])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beams": 0}, "at least 1"),
        ({"max_new_tokens": 0}, "at least 1"),
        ({"early_stopping": "sometimes"}, "True, False or 'never'"),
        ({"beams": 2, "temperature": 1.0}, "does not sample"),
        ({"temperature": -1.0}, "temperature"),
        ({"attention_mask": torch.zeros(3, 20)}, "no real token"),
        ({"attention_mask": torch.ones(3, 19)}, "shape"),
    ],
)
def test_settings_that_make_no_sense(options, said):
    ours = our_model(CASES["flan"], "quiet", 0)
    with pytest.raises(ValueError, match=said):
        generate_t5(ours, texts(ours.config, read=20)[0], **{"max_new_tokens": 3} | options)


def test_a_cache_counts_its_bytes():
    config = replace(CASES["flan"], decoder_layers=3)
    ours, cache = our_model(config, "quiet", 0), T5Cache(config, 2, 10)
    own = 2 * 3 * 2 * 6 * 10 * 8 * 4  # keys and values, layers, rows, heads, positions, head size, bytes
    assert cache.bytes == own
    input_ids, decoder_ids = texts(config, rows=2, read=20)
    ours.decode(decoder_ids[:, :1], ours.encode(input_ids), cache=cache)
    assert cache.bytes == own + own * 2


def test_sizes_come_from_the_config_of_a_t5():
    """The decoder's number of layers, and the query heads: all sizes differ, so that none can stand for another."""
    config = replace(CASES["flan"], layers=2, decoder_layers=3, heads=6, head_size=8)
    cache = T5Cache(config, 5, 10)
    assert cache.keys.shape == cache.values.shape == (3, 5, 6, 10, 8)
    made = []
    for index in (0, 2, 0):
        cache.layer(index).memory(lambda index=index: made.append(index) or (torch.ones(1), torch.ones(1)))
    assert made == [0, 2], "once for each layer"
