"""Beam search on a chain of four words, in which all texts of up to five words can be listed."""

import itertools

import pytest
import torch

from llmbook.generation.beams import beam_search


def chain(seed):
    """Log-probabilities ``(4, 4)`` of the next word; word 0 ends a text and word 1 begins it."""
    return torch.randn(4, 4, generator=torch.Generator().manual_seed(seed)).mul(2).log_softmax(-1)


def listed(log_probabilities, longest, penalty):
    """The best text of all that end with word 0 or at the full length."""
    texts = []
    for length in range(1, longest + 1):
        for words in itertools.product(range(4), repeat=length):
            if 0 not in words[:-1] and (words[-1] == 0 or length == longest):
                path = (1, *words)
                score = sum(float(log_probabilities[a, b]) for a, b in itertools.pairwise(path))
                texts.append((score / length**penalty, path))
    return max(texts)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_enough_beams_find_the_best_of_all_texts(seed, penalty):
    table = chain(seed)
    found = beam_search(
        lambda newest, rows: table[newest[:, 0]], torch.tensor([1]), beams=256, max_new_tokens=5, stop_id=0,
        length_penalty=penalty, early_stopping="never",
    )  # fmt: skip
    score, path = listed(table, 5, penalty)
    assert found.ids[0, 0].tolist()[: len(path)] == list(path)
    assert float(found.scores[0, 0]) == pytest.approx(score, rel=1e-5)


def test_few_beams_may_miss_it():
    """The twin: the search is no exact search, so the test above depends on its beams."""
    missed = 0
    for seed in range(30):
        table = chain(seed)
        greedy = beam_search(
            lambda newest, rows, table=table: table[newest[:, 0]],
            torch.tensor([1]),
            beams=1,
            max_new_tokens=5,
            stop_id=0,
        )
        missed += float(greedy.scores[0, 0]) < listed(table, 5, 1.0)[0] - 1e-4
    assert missed > 5


@pytest.mark.parametrize("pad", [0, 3])
def test_what_stands_behind_an_end_is_the_padding_that_is_asked_for(pad):
    """A chain that ends at once on one beam and goes on for five words on the other."""
    table = torch.tensor([[0.0] * 4, [0.6, 0.0, 0.4, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0] * 4]).clamp(min=1e-6).log()
    options = {} if pad == 0 else {"pad_id": pad}
    found = beam_search(lambda newest, rows: table[newest[:, 0]], torch.tensor([1]), beams=2, max_new_tokens=5,
                        stop_id=0, early_stopping="never", **options)  # fmt: skip
    texts = found.ids[0].tolist()
    assert [1, 0, pad, pad, pad, pad] in texts and [1, 2, 2, 2, 2, 2] in texts


@pytest.mark.parametrize(("option", "left_alone", "other"), [
    ("length_penalty", 1.0, 0.0), ("early_stopping", False, True), ("pad_id", 0, 3)])
def test_a_search_left_alone_is_the_one_that_says_its_settings(option, left_alone, other):
    """Over many chains, since two settings may agree on one."""

    def found(**options):
        searches = [beam_search(lambda newest, rows, table=table: table[newest[:, 0]], torch.tensor([1]), beams=3,
                                max_new_tokens=6, stop_id=0, **options) for table in map(chain, range(20))]
        return [(each.ids.tolist(), each.scores.tolist()) for each in searches]

    assert found() == found(**{option: left_alone}) != found(**{option: other})
