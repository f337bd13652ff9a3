"""The sentences with a sum: all are true, they are drawn as stated, and what a model can reach is known."""

import math

import pytest
import torch

from llmbook.experiments import number_sentences as language


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_sentence_is_true():
    ids, _ = language.every_sentence()
    for sentence in (language.to_text(row).split() for row in ids):
        _, had, first, verb, second, has, answer = sentence
        assert (had, has) == ("had", "has")
        assert int(answer) == int(first) + (int(second) if verb == "got" else -int(second))
    assert len({tuple(row) for row in ids.tolist()}) == len(ids) == 8 * (100 + 55)


def test_drawn_sentences_have_the_stated_probabilities():
    ids, probability = language.every_sentence()
    assert probability.sum().item() == pytest.approx(1.0)
    place = {tuple(row): index for index, row in enumerate(ids.tolist())}
    drawn = language.draw_sentences(200_000, generator()).tolist()
    counts = torch.bincount(torch.tensor([place[tuple(row)] for row in drawn]), minlength=len(ids))
    expected = 200_000 * probability
    chi_square = ((counts - expected).square() / expected).sum().item()
    freedom = len(ids) - 1
    assert abs(chi_square - freedom) < 5 * math.sqrt(2 * freedom)
    flat = torch.full_like(expected, 200_000 / len(ids))  # the twin: all sentences equally likely
    assert ((counts - flat).square() / flat).sum().item() > 2 * freedom


def test_the_best_loss_is_the_entropy_by_hand():
    second = 0.5 * math.log(10) + 0.5 * sum(math.log(n + 1) for n in range(10)) / 10
    assert language.best_loss() == pytest.approx((math.log(10) + math.log(2) + second) / 6, rel=1e-5)


def test_answer_loss_of_a_model_that_knows_and_one_that_guesses():
    ids, _ = language.every_sentence()
    table = {tuple(row[:-1]): row[-1] for row in ids.tolist()}

    def knows(inputs):
        logits = torch.zeros(*inputs.shape, len(language.WORDS))
        for index, row in enumerate(inputs.tolist()):
            logits[index, -1, table[tuple(row)]] = 50.0
        return logits

    guesses = lambda inputs: torch.zeros(*inputs.shape, len(language.WORDS))  # noqa: E731
    assert language.answer_loss(knows) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert language.answer_loss(guesses)[0] == pytest.approx(math.log(len(language.WORDS)), rel=1e-5)
