"""The comparison of texts forgives a tie, and nothing else."""

import pytest
import torch
from same_text import TIE, ended, same_text, score
from tiny_decoders import seeded

WORDS = 9
TABLE = torch.randn(WORDS, WORDS, generator=seeded(3)) * 3  # what follows a word depends on that word alone


def chain(table):
    """Scores from the table, for any row."""
    return lambda row, text: table[text[0]]


def greedy(table, first, length):
    """The likeliest text from a first word on."""
    text = [first]
    while len(text) < length:
        text.append(int(table[text[-1]].argmax()))
    return torch.tensor([text])


def test_equal_texts_are_the_same():
    text = greedy(TABLE, 0, 6)
    assert same_text(text, text.clone(), chain(TABLE), start=1)


@pytest.mark.parametrize("place", [1, 3, 5])
def test_another_word_is_another_text(place):
    """Twin: one word that the model likes less, and after it anything."""
    text, other = greedy(TABLE, 0, 6), greedy(TABLE, 0, 6)
    other[0, place] = TABLE[text[0, place - 1]].argmin()
    assert not same_text(other, text, chain(TABLE), start=1)


@pytest.mark.parametrize(("gap", "same"), [(TIE / 10, True), (TIE * 20, False)])
def test_a_tie_is_forgiven_and_a_gap_is_not(gap, same):
    """The runner-up's score is put just under the winner's; behind the tie the texts go their own ways."""
    table = TABLE.clone()
    best, second = table[0].topk(2).indices
    table[0, second] = table[0, best] - gap
    first = torch.cat((torch.tensor([[0]]), greedy(table, int(best), 5)), 1)
    other = torch.cat((torch.tensor([[0]]), greedy(table, int(second), 5)), 1)
    assert same_text(other, first, chain(table), start=1) is same


def test_a_text_that_breaks_off_is_another_text():
    """Though a model that is sure of each word gives both the same score; twin: the whole text."""
    sure = 50 * torch.eye(WORDS).roll(1, dims=1)
    text = greedy(sure, 0, 6)
    scores = [score(row, lambda text: sure[text[0]], 1, 1.0) for row in (text[0], text[0, :-1])]
    assert abs(scores[0] - scores[1]) <= TIE
    assert not same_text(text[:, :-1], text, chain(sure), start=1)
    assert not same_text(text, text[:, :-1], chain(sure), start=1)
    assert same_text(text, text.clone(), chain(sure), start=1)


def test_what_stands_behind_the_end_is_not_compared():
    text = torch.tensor([[1, 2, 7, 0, 0]])
    assert ended(text[0], 1, (7,)).tolist() == [1, 2, 7] and ended(text[0], 1, ()).tolist() == text[0].tolist()
    assert same_text(text, torch.tensor([[1, 2, 7, 5]]), chain(TABLE), start=1, stop_ids=(7,))
    assert not same_text(text, torch.tensor([[1, 2, 7, 5]]), chain(TABLE), start=1)


def test_beams_that_found_equally_good_texts_agree():
    """Two texts of one score, though their first words differ widely; and, as the twin, two of unlike scores."""
    table = torch.zeros(4, 4)
    table[0, 1], table[0, 2] = 2.0, 0.0
    table[2, 3] = 2.0
    table[1, 3] = table[0].log_softmax(-1)[2] + table[2].log_softmax(-1)[3] - table[0].log_softmax(-1)[1]
    table[1] = with_log_probability(table[1], 3, table[1, 3])
    one, two = torch.tensor([[0, 1, 3]]), torch.tensor([[0, 2, 3]])
    assert score(one[0], lambda text: table[text[0]], 1, 1.0) == pytest.approx(-1.6, abs=1.0)
    assert same_text(one, two, chain(table), start=1)
    assert not same_text(one, two, chain(table + torch.eye(4)[[1, 0, 2, 3]]), start=1)


def with_log_probability(scores, word, wanted):
    """Scores of four words that give one of them a chosen log-probability, and the others the rest."""
    chance = wanted.exp()
    return torch.full((4,), float(((1 - chance) / 3).log())).index_fill(0, torch.tensor(word), float(wanted))
