"""Which tokens end a text, which exist, and what just fits: greedy, sampled and by beams, of decoders and of T5s."""

import itertools
from dataclasses import replace

import pytest
import torch
from same_text import decoder_logits, ended, same_text, t5_logits
from small_prompts import CONFIGS, loud_decoder, random_ids
from small_t5s import CASES, model_that_stops, settings, texts
from tiny_decoders import make, seeded

from llmbook.generation import beams as beam_search_module
from llmbook.generation import generate, generate_with_beams, up_to_stop
from llmbook.generation.beams import beam_search, stop_tokens
from llmbook.generation.decoder import up_to_the_longest
from llmbook.generation.encoder_decoder import generate_t5
from llmbook.models import gpt2

WORDS = 6
ONE = torch.tensor([1])


def chain(seed, words=WORDS):
    """A step of logits ``(words, words)``: what follows depends on the word before alone."""
    table = torch.randn(words, words, generator=seeded(seed)).mul(2)
    return table, lambda newest, rows: table[newest[:, 0]]


def best_of_all(table, longest, stops):
    """The best mean log-probability of all texts that end with a stop or at the full length, and the text."""
    table, found = table.log_softmax(-1), []
    for length in range(1, longest + 1):
        for words in itertools.product(range(len(table)), repeat=length):
            if not stops & set(words[:-1]) and (words[-1] in stops or length == longest):
                path = (1, *words)
                found.append((sum(float(table[a, b]) for a, b in itertools.pairwise(path)) / length, path))
    return max(found)


# Several stop tokens


@pytest.mark.parametrize("seed", range(6))
def test_a_text_ends_with_any_of_its_stop_tokens(seed):
    (table, step), options = chain(seed, 4), {"beams": 80, "max_new_tokens": 4, "early_stopping": "never"}
    score, path = best_of_all(table, 4, {0, 3})
    found = beam_search(step, ONE, stop_id=[0, 3], **options)
    assert found.ids[0, 0].tolist()[: len(path)] == list(path)
    assert float(found.scores[0, 0]) == pytest.approx(score, rel=1e-5)
    one = beam_search(step, ONE, stop_id=0, **options)
    assert not torch.equal(one.ids[:, :, : found.ids.shape[2]], found.ids), "the twin: one of them only"


def test_enough_remain_when_every_beam_may_end_in_several_ways(monkeypatch):
    """Three stop tokens that are the likeliest: of 2 N continuations too few would go on."""
    options = {"beams": 2, "max_new_tokens": 2, "stop_id": (0, 1, 2), "length_penalty": 9.0, "early_stopping": "never"}
    running, sound = [], beam_search_module._continuations

    def step(newest, rows):
        return torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0, 0.0]).expand(len(newest), -1)

    def watched(before, logits, count):
        running.append(before.ids[0, :, -1].tolist())
        return sound(before, logits, count)

    monkeypatch.setattr(beam_search_module, "_continuations", watched)
    beam_search(step, ONE, **options)
    assert running == [[1, 1], [3, 4]]
    running.clear()
    monkeypatch.setattr(beam_search_module, "_continuations", lambda before, logits, _: watched(before, logits, 4))
    beam_search(step, ONE, **options)
    assert running[1][0] == 3 and running[1][1] in options["stop_id"], "the twin: a text that has ended goes on"


@pytest.mark.parametrize("stops", [7, [7], (7,), {7}, torch.tensor(7), torch.tensor([7]), [7, 7]], ids=repr)
def test_one_stop_token_in_any_form(stops):
    assert stop_tokens(stops, ONE).tolist() == [7] and stop_tokens(stops, ONE.int()).dtype is torch.int32
    assert stop_tokens([], ONE).tolist() == [] and stop_tokens(torch.tensor([9, 3]), ONE).tolist() == [3, 9]


def test_decoders_take_one_or_several_by_either_way():
    model, ids = loud_decoder("llama"), random_ids(1)
    free = generate(model, ids, max_new_tokens=10)[0, 12:].tolist()
    late, early = free[6], next(word for word in free[2:5] if word != free[6])
    for write in (generate, lambda *args, stop_ids, **rest: generate_with_beams(
            *args, stop_id=stop_ids, beams=1, **rest)):  # fmt: skip
        made = write(model, ids, max_new_tokens=10, stop_ids=[late, early])[0, 12:].tolist()
        assert made == free[: len(made)] and made[-1] in (late, early) and len(made) < 6
        alone = write(model, ids, max_new_tokens=10, stop_ids=late)[0, 12:].tolist()
        assert alone[-1] == late and len(alone) > len(made)
    short = generate_with_beams(model, ids.int(), beams=2, max_new_tokens=4, stop_id=[late, early])
    assert torch.equal(short.long(), generate_with_beams(model, ids, beams=2, max_new_tokens=4, stop_id={late, early}))


# Behind the stop


def test_rows_are_cut_behind_their_stop():
    ids = torch.tensor([[7, 7, 3, 5, 7, 0, 0], [1, 7, 4, 2, 2, 2, 7], [1, 1, 2, 2, 2, 2, 0]])
    assert up_to_stop(ids, 7, start=3) == [[7, 7, 3, 5, 7], [1, 7, 4, 2, 2, 2, 7], [1, 1, 2, 2, 2, 2, 0]]
    assert up_to_stop(ids, [7, 5], start=2)[0] == [7, 7, 3, 5]
    assert [len(row) for row in up_to_stop(ids, 7)] == [1, 2, 7]
    assert up_to_stop(ids, ()) == ids.tolist()


def test_padding_does_not_reach_the_tokenizer():
    """It would decode it: token 0 is a visible character of GPT-2's."""
    model, ids = make(gpt2.tiny(), std=0.3), torch.tensor([[3, 4, 5], [9, 8, 7]])
    free = generate(model, ids, max_new_tokens=8)
    stop = next(word for word in free[0, 3:].tolist() if word not in free[1, 3:].tolist())
    made = generate(model, ids, max_new_tokens=8, stop_ids=stop)
    rows = up_to_stop(made, stop, start=3)
    assert rows == [ended(row, 3, (stop,)).tolist() for row in made]
    assert rows[0] == made[0, : len(rows[0])].tolist() and len(rows[1]) == 11 > len(rows[0])
    assert made.tolist()[0] != rows[0], "the twin: uncut"


def test_columns_behind_the_last_stop_go():
    made = torch.tensor([[7, 2, 7, 0], [1, 7, 0, 0]])
    assert up_to_the_longest(made, 7).tolist() == [[7, 2, 7], [1, 7, 0]]
    assert up_to_the_longest(torch.tensor([[7, 2, 2, 7], [1, 7, 0, 0]]), [7]).shape == (2, 4)
    assert up_to_the_longest(made, [7, 2]).tolist() == [[7, 2], [1, 7]]
    assert up_to_the_longest(torch.tensor([[7, 2, 2, 2], [1, 7, 0, 0]]), 7).shape == (2, 4), "one row has not ended"


# Rows of the matrix that are no token


@pytest.mark.parametrize("valid", [2, 5, WORDS])
def test_beams_over_the_tokens_that_exist(valid):
    """As with logits that have no other rows; the probabilities are those among them."""
    options = {"beams": 3, "max_new_tokens": 5, "stop_id": 0}
    for seed in range(5):
        table, step = chain(seed)
        made = beam_search(step, ONE, valid_vocab_size=valid, **options)
        expected = beam_search(lambda newest, rows, table=table: table[newest[:, 0], :valid], ONE, **options)
        free = beam_search(step, ONE, **options)
        if valid > 2:  # of two words fewer than 2 N continuations remain, and what cannot happen fills the beams
            torch.testing.assert_close(made.scores, expected.scores)
        assert torch.equal(made.ids[:, 0], expected.ids[:, 0]) and made.ids.max() < WORDS
        assert torch.equal(made.ids, free.ids) == (valid == WORDS) or free.ids.max() < valid


def cut(model, size):
    """The model with the first rows of its tables only."""
    small = type(model)(replace(model.config, vocab_size=size)).eval().requires_grad_(False)
    rows = {name: len(tensor) for name, tensor in small.state_dict().items()}
    small.load_state_dict({name: tensor[: rows[name]] for name, tensor in model.state_dict().items()})
    return small


@pytest.mark.parametrize("options", [{}, {"beams": 3}], ids=str)
def test_a_decoder_writes_what_one_without_the_rows_writes(options):
    model = loud_decoder("llama")
    ids, size, write = random_ids() % 100, 120, generate_with_beams if options else generate
    options = options | {"stop_id": 3} if options else options
    made = write(model, ids, max_new_tokens=12, valid_vocab_size=size, **options)
    small = cut(model, size)
    assert same_text(made, write(small, ids, max_new_tokens=12, **options), decoder_logits(small), start=12,
                     stop_ids=(3,) if options else ())  # fmt: skip
    assert write(model, ids, max_new_tokens=12, **options).max() >= size > made.max(), "the twin: all rows"


@pytest.mark.parametrize("options", [{}, {"beams": 3}], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_a_t5_writes_what_one_without_the_rows_writes(case, options):
    model, size = model_that_stops(replace(CASES[case], decoder_layers=2)), 40
    ids = texts(model.config, rows=4, read=20)[0] % size
    made = generate_t5(model, ids, max_new_tokens=12, valid_vocab_size=size, **options)
    small = cut(model, size)
    expected = generate_t5(small, ids, max_new_tokens=12, **options)
    assert same_text(made, expected, t5_logits(small, ids), **settings(small)) and made.max() < size


@pytest.mark.parametrize("options", [{}, {"temperature": 5.0}], ids=str)
def test_a_t5_never_draws_a_row_that_is_no_token(options):
    model = model_that_stops(CASES["flan"])
    ids = texts(model.config, rows=8, read=20)[0]
    free, made = (generate_t5(model, ids, max_new_tokens=12, valid_vocab_size=size, generator=seeded(0), **options)
                  for size in (None, 10))  # fmt: skip
    assert free.max() >= 10 > made.max()


@pytest.mark.parametrize("write", [
    lambda size: beam_search(chain(0)[1], ONE, beams=2, max_new_tokens=2, stop_id=0, valid_vocab_size=size),
    lambda size: generate_with_beams(loud_decoder("llama"), random_ids(), beams=2, max_new_tokens=2, stop_id=3,
                                     valid_vocab_size=size),
    lambda size: generate_t5(model_that_stops(CASES["flan"]), random_ids() % 97, max_new_tokens=2,
                             valid_vocab_size=size),
])  # fmt: skip
def test_more_tokens_than_rows_are_refused(write):
    for size in (0, 212):
        with pytest.raises(ValueError, match="valid_vocab_size must be from 1 to"):
            write(size)
    write(1)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_beams_refuse_logits_that_say_nothing(wrong):
    logits = torch.zeros(2, WORDS)
    logits[1, 2] = wrong
    with pytest.raises(ValueError, match="the weights are damaged"):
        beam_search(lambda newest, rows: logits, ONE, beams=2, max_new_tokens=2, stop_id=0)


# What just fits


@pytest.mark.parametrize("kind", CONFIGS)
def test_prompt_and_continuation_that_just_fit(kind):
    """96 positions: the text is that of a model with room, and one token more is refused."""
    model, ids = loud_decoder(kind), random_ids(2, 90)
    roomy = type(model)(replace(model.config, max_length=97)).eval()
    roomy.load_state_dict(model.state_dict())
    for write in (generate, lambda *args, **limits: generate(*args, use_cache=False, **limits),
                  lambda *args, **limits: generate_with_beams(*args, beams=2, stop_id=3, **limits)):  # fmt: skip
        made = write(model, ids, max_new_tokens=6)
        assert made.shape == (2, 96) or (made == 3).any()
        assert torch.equal(made, write(roomy, ids, max_new_tokens=6))
        with pytest.raises(ValueError, match="90 prompt tokens and 7 new ones are more than the 96"):
            write(model, ids, max_new_tokens=7)


def test_learned_positions_that_just_fit():
    model = make(gpt2.tiny())
    longest = model.config.max_length
    ids = torch.randint(0, 256, (1, longest - 2), generator=seeded(2))
    assert generate(model, ids, max_new_tokens=2).shape == (1, longest)
    assert generate(model, ids[:, :1], max_new_tokens=longest - 1).shape == (1, longest)
    with pytest.raises(ValueError, match="are more than"):
        generate(model, ids, max_new_tokens=3)


@pytest.mark.parametrize("pad", [0, 210])
def test_the_first_and_the_last_token_may_be_padding(pad):
    model, ids = loud_decoder("llama"), random_ids()
    free = generate(model, ids, max_new_tokens=6)[:, 12:]
    stop = int(free[0, 1])
    made = generate(model, ids, max_new_tokens=6, stop_ids=stop, pad_id=pad)[0, 12:].tolist()
    assert made[made.index(stop) + 1 :] == [pad] * (len(made) - made.index(stop) - 1)
