"""Tuned short or long, read cut or whole: stored cells are complete and true to the code that makes them."""

import numpy as np
import pytest
import torch

from llmbook.experiments import tuned_context
from llmbook.experiments.meetings_t5 import (
    CONTEXT,
    TUNING_SEED,
    encode_all,
    load_summarizer_tokenizer,
    private_meetings,
)
from llmbook.experiments.results import read_result
from llmbook.experiments.tuned_context import (
    BATCH_SIZE,
    KEYS,
    MEASURES,
    READINGS,
    TUNINGS,
    all_cells,
    stored_cell,
    tuned_model,
)

ROWS = read_result("tuned_context")["rows"]


def incomplete(rows):
    """Cells that are missing, or have too few numbers."""
    stored = {tuple(row[key] for key in KEYS): row for row in rows}
    wanted = {(cell.tuned, cell.seed, cell.read) for cell in all_cells(range(5))}
    return [
        key
        for key in wanted
        if key not in stored
        or any(len(stored[key].get(name, [])) != (180 if name == "kept" else 60) for name in MEASURES)
    ]


def test_every_cell_has_five_seeds():
    assert len(ROWS) == 30 and not incomplete(ROWS)
    assert len(incomplete(ROWS[1:])) == 1
    assert len(incomplete([ROWS[0] | {"kept": ROWS[0]["kept"][1:]}, *ROWS[1:]])) == 1
    assert all(stored_cell(tuned, read).shape == (5, 60) for tuned in TUNINGS for read in READINGS)


def test_seeds_and_tunings_make_different_models():
    assert len({tuple(row["rouge1"]) for row in ROWS}) == 30


def test_kept_and_wrong_give_the_f1_of_the_row():
    def fits(row):
        kept = np.reshape(row["kept"], (-1, 3)).sum(1)
        return np.allclose(row["facts_f1"], 2 * kept / (kept + row["wrong"] + 3), atol=1e-4)

    assert all(map(fits, ROWS))
    assert not fits(ROWS[0] | {"kept": [1 - each for each in ROWS[0]["kept"]]})


def test_what_is_read_in_each_tuning():
    """Cut and whole are the same meetings with the same references; short meetings fit."""

    def pairs(tuned):
        settings, context = TUNINGS[tuned]
        return encode_all(load_summarizer_tokenizer(), private_meetings(4, TUNING_SEED, **settings), context)

    short, cut, whole = map(pairs, TUNINGS)
    assert [pair.target for pair in cut] == [pair.target for pair in whole] != [pair.target for pair in short]
    assert all(one.source[:-1] == other.source[: CONTEXT - 1] for one, other in zip(cut, whole, strict=True))
    assert min(len(pair.source) for pair in whole) > CONTEXT >= max(len(pair.source) for pair in short)


def test_a_tuning_is_repeatable_and_depends_on_its_seed():
    def weights(tuned, seed):
        return tuned_model(tuned, seed, steps=2, meetings=BATCH_SIZE).state_dict()

    def equal(one, other):
        return all(torch.equal(one[name], other[name]) for name in one)

    first = weights("long, cut", 0)
    assert equal(first, weights("long, cut", 0))
    assert not equal(first, weights("long, cut", 1)) and not equal(first, weights("short", 0))


@pytest.mark.parametrize(("cell", "hint"), [(("middle", "cut", "net_f1"), "no stored row has"),
                                            (("short", "half", "net_f1"), "no stored row has"),
                                            (("short", "cut", "bleu"), "choose one of net_f1")])  # fmt: skip
def test_what_does_not_exist_says_so(cell, hint):
    with pytest.raises(ValueError, match=hint):
        tuned_context.stored_cell(*cell)
