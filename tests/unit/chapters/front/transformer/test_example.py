"""The running example: the package's decoder gives its numbers, and every part of it does what the page says."""

from itertools import product

import pytest
import torch

from llmbook.chapters.front.transformer import example
from llmbook.chapters.front.transformer.example import (
    COLUMNS,
    CONFIG,
    NAMES,
    SENTENCE,
    VOCABULARY,
    decoder,
    encode,
    parameters,
    trace,
)
from llmbook.debug import relative_difference

WORDS = SENTENCE.split()
SINGULAR = SENTENCE.replace("keys", "key").split()
NOUNS = (1, 4, 7, 11)


def chance(found, word):
    """The probability of a word after the last one."""
    return float(found.probabilities[-1, VOCABULARY.index(word)])


def likeliest(found):
    """The word that greedy decoding takes."""
    return VOCABULARY[int(found.logits[-1].argmax())]


def without(monkeypatch, name, row=None):
    """The example with a matrix, or a row of it, set to zero."""
    changed = parameters()
    changed[name][slice(None) if row is None else row] = 0
    monkeypatch.setattr(example, "parameters", lambda: changed)


def test_the_sentence_has_twelve_words_and_the_vocabulary_thirteen():
    assert len(WORDS) == 12 and len(VOCABULARY) == len(set(VOCABULARY)) == 13
    assert set(WORDS) < set(VOCABULARY) and encode(["the", "house"]).tolist() == [0, 6]


@pytest.mark.parametrize("words", [WORDS, SINGULAR, [*WORDS, "are", "old"], ["the"]])
def test_the_packages_decoder_gives_the_logits_of_the_plain_arithmetic(words):
    with torch.no_grad():
        assert relative_difference(trace(words).logits, decoder()(encode(words)[None])[0]) < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_a_matrix_that_is_left_out_would_be_seen(name):
    model = decoder()
    with torch.no_grad():
        model.get_parameter(NAMES[name]).zero_()
        texts = [[*WORDS, "are", "old"], SINGULAR]
        gaps = [relative_difference(model(encode(words)[None])[0], trace(words).logits) for words in texts]
    assert max(gaps) > 1e-2


def test_every_parameter_of_the_decoder_is_set_by_hand():
    model = decoder()
    assert sum(each.numel() for each in model.parameters()) == 402
    gains = {name for name, tensor in model.state_dict().items() if "norm" in name and bool((tensor == 1).all())}
    assert {*NAMES.values(), *gains} == model.state_dict().keys() and len(gains) == 3
    assert CONFIG.width == len(COLUMNS) == 6 and CONFIG.vocab_size == len(VOCABULARY)


def test_the_numbers_are_halves_so_that_they_are_exact():
    assert all(torch.equal(2 * tensor, (2 * tensor).round()) for tensor in parameters().values())


def test_the_root_mean_square_of_the_page():
    squares = trace(WORDS).embedded.square().mean(-1)
    assert squares[11] == 1 and float(squares[1]) == pytest.approx(7 / 6)


def test_the_verb_agrees_with_the_subject_and_not_with_the_nearest_noun():
    plural, singular = trace(WORDS), trace(SINGULAR)
    assert likeliest(plural) == "are" and chance(plural, "are") > 5 * chance(plural, "is")
    assert likeliest(singular) == "is" and chance(singular, "is") > 5 * chance(singular, "are")


def test_the_last_word_looks_at_the_subject_as_long_as_places_are_known():
    known, unknown = trace(WORDS).weights[0, -1], trace(WORDS, placed=False)
    assert int(known.argmax()) == 1 and float(known[1]) > 0.7
    alike = unknown.weights[0, -1, list(NOUNS)]
    assert alike.tolist() == pytest.approx([float(alike[0])] * 4) and float(alike.sum()) > 0.9
    assert likeliest(unknown) == "is"


def test_the_mask_forbids_to_look_ahead():
    short, long = trace(WORDS), trace([*WORDS, "are"])
    assert not short.weights.triu(1).any() and torch.isinf(short.scores[:, 0, 1:]).all()
    assert relative_difference(long.logits[:12], short.logits) < 1e-6, "a later word changes nothing before it"


def test_words_that_ask_nothing_get_a_plain_mean():
    for row in (3, 6, 9, 10):
        assert trace(WORDS).weights[0, row, : row + 1].tolist() == pytest.approx([1 / (row + 1)] * (row + 1))


def test_the_second_head_finds_the_verb_once_there_is_one():
    assert trace(WORDS).weights[1, -1].tolist() == pytest.approx([1 / 12] * 12)
    for more in (["are"], ["are", "old"]):
        assert float(trace(WORDS + more).weights[1, -1, 12]) > 0.9


def test_the_units_fire_where_the_page_says():
    last = {"keys": trace(WORDS), "key": trace(SINGULAR), "of": trace(WORDS[:9]), "old": trace([*WORDS, "are", "old"])}
    fires = {name: [unit > 0 for unit in found.units[-1].tolist()] for name, found in last.items()}
    assert fires == {"keys": [True, False, False], "key": [False, True, False], "of": [False, False, False],
                     "old": [False, False, True]}


def sentences():
    """Sentences of one to three nouns, plural or singular, with and without *old*: all that the example tells apart."""
    phrases = (["the", "keys"], ["the", "key"], ["the", "old", "keys"], ["the", "old", "key"])
    for count in (1, 2, 3):
        for nouns in product(phrases, repeat=count):
            subject = [word for noun in nouns for word in ["of", *noun]][1:]
            yield from ([*subject, verb, "old", "."] for verb in ("is", "are"))


def firing(unit):
    """The word, its plural after attention, whether a verb was said, and whether a unit fires, at each place."""
    for text in sentences():
        found = trace(text)
        plural = (found.embedded + found.attended)[:, COLUMNS.index("plural")]
        for place, word in enumerate(text):
            said = bool({"is", "are"} & set(text[: place + 1]))
            yield word, float(plural[place]), said, float(found.units[place, unit]) > 0


@pytest.mark.parametrize(("unit", "sign"), [(0, 1), (1, -1)])
def test_a_unit_needs_a_noun_and_a_row_that_says_its_number(unit, sign):
    """For every word of every sentence; a verb, whose row may say it three times as loudly, is none."""
    found = list(firing(unit))
    assert all(fires == (word in ("keys", "key") and sign * plural > 0) for word, plural, _, fires in found)
    assert any(word in ("is", "are") and sign * plural > 2 for word, plural, _, _ in found), "without its verb it would"


def test_the_third_unit_needs_a_place_for_a_noun_and_a_verb():
    assert all(fires == (word in ("the", "old") and said) for word, _, said, fires in firing(2))


def test_the_sums_that_the_page_writes_before_norm_and_cut():
    up, rows = parameters()["up"][0], trace(["keys", "house", "are"]).embedded
    rows[:, COLUMNS.index("early")] = 0
    assert (rows @ up).tolist() == [1, -1, -3]


@pytest.mark.parametrize(("name", "row", "written"), [
    ("query", 0, {"noun": 2}), ("query", 1, {"noun": 2}), ("query", 2, {"one": 4}), ("query", 3, {}),
    ("key", 0, {"noun": 1}), ("key", 1, {"early": 2}), ("key", 2, {"verb": 1}), ("key", 3, {}),
    ("value", 0, {"plural": 1}), ("value", 1, {}), ("value", 2, {"verb": 1}), ("value", 3, {}),
    ("up", 0, {"noun": 1, "plural": 1, "verb": -1, "one": -2}),
    ("up", 1, {"noun": 1, "plural": -1, "verb": -1, "one": -2}), ("up", 2, {"opens": 2, "verb": 1, "one": -5}),
    ("output", "are", {"noun": 2, "plural": 1, "verb": -1, "early": -3}),
    ("output", "is", {"noun": 2, "plural": -1, "verb": -1, "early": -3}),
    ("output", "to", {"noun": 2, "verb": -1, "early": 3}), ("output", "in", {"noun": 2, "verb": -1, "early": 3}),
    ("output", "of", {"noun": 2, "verb": -1, "early": 3}), ("output", "the", {"noun": -1}),
    ("output", "old", {"opens": 1, "verb": 2}), ("output", ".", {"opens": -2, "verb": 1}),
    *(("output", noun, {"opens": 2, "verb": -1}) for noun in ("keys", "key", "cabinet", "hall", "house")),
])  # fmt: skip
def test_the_rows_are_the_formulas_of_the_page(name, row, written):
    found = parameters()[name][VOCABULARY.index(row) if isinstance(row, str) else row].tolist()
    assert {column: value for column, value in zip(COLUMNS, found, strict=True) if value} == written


@pytest.mark.parametrize(("name", "column", "written"), [
    ("mix", 0, {"plural": 3}), ("mix", 1, {}), ("mix", 2, {"verb": 1}), ("mix", 3, {}),
    ("down", 0, {"plural": 1}), ("down", 1, {"plural": -1}), ("down", 2, {"opens": -4})])
def test_what_heads_and_units_write_is_what_the_page_says(name, column, written):
    found = parameters()[name][:, column].tolist()
    assert {name: value for name, value in zip(COLUMNS, found, strict=True) if value} == written


def test_the_queries_of_the_page():
    """Of house; of the and old; of prepositions, which look for no noun and late, and find themselves."""
    found = trace(WORDS)
    first = found.queries[0]
    assert first[11].tolist() == [4, 4] and not first[[0, 3, 6, 9, 10]].any()
    assert torch.allclose(first[[2, 5, 8]], torch.tensor(-4.0), atol=0.5)
    assert found.weights[0].argmax(-1)[[2, 5, 8]].tolist() == [2, 5, 8] and found.weights[0, 2, 2] > 0.9


def test_the_feedforward_layer_makes_the_verb_surer_but_does_not_decide_it(monkeypatch):
    assert round(chance(trace(WORDS), "are"), 2) == 0.51
    without(monkeypatch, "down")
    assert likeliest(trace(WORDS)) == "are" and 1 / 3 < chance(trace(WORDS), "are") < 0.36


def test_the_sentence_is_finished():
    text = list(WORDS)
    for _ in range(3):
        text.append(likeliest(trace(text)))
    assert text[12:] == ["are", "old", "."]


@pytest.mark.parametrize(("name", "row", "words", "instead"), [
    ("mix", 1, [], "are"), ("query", 2, ["are", "old"], "."), ("down", 2, ["are", "old"], ".")])
def test_each_part_is_needed(monkeypatch, name, row, words, instead):
    """The first head for the plural, the second for the verb, the third unit for the end."""
    text = [*WORDS, *words]
    assert likeliest(trace(text)) == instead
    without(monkeypatch, name, row)
    assert likeliest(trace(text)) != instead


def test_the_word_that_costs_most_is_old():
    following = encode([*WORDS[1:], "are"])
    nats = -trace(WORDS).probabilities[range(12), following].log()
    assert int(nats.argmax()) == 9 and float(nats[9]) > 1.5 * float(nats.sort().values[-2])


def test_a_score_that_is_added_moves_its_row_alone():
    added = torch.zeros(2, 12, 12)
    added[0, -1, 4] = 3
    moved, still = trace(WORDS, added=added), trace(WORDS)
    assert torch.equal(moved.weights[:, :-1], still.weights[:, :-1])
    assert float(moved.weights[0, -1, 4]) > float(still.weights[0, -1, 4]) and likeliest(moved) == "is"


def test_a_stranger_is_named():
    with pytest.raises(ValueError, match="does not know cat, mat; its words are the, old"):
        encode(["the", "cat", "mat"])
    with pytest.raises(ValueError, match="does not know dog"):
        trace(["the", "dog"])
