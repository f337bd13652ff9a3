"""The front page's small model: each mistake is what it says, most show in the text or the guesses, two hide there."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from llmbook.chapters.front.one_detail.experiment import (
    BEGINNINGS,
    DETAILS,
    PIECES,
    guesses,
    unread_rows,
    write,
    written,
    wrong_model,
)
from llmbook.experiments.meetings_olmo import general_meetings, load_base, load_base_tokenizer

HIDDEN = ("bends a curve a little differently", "has a tiny number wrong")
WRONG = [detail for detail in DETAILS if detail != "nothing"]


@pytest.fixture(scope="module")
def rows():
    return unread_rows()[:4, :-1]


@torch.no_grad()
def scores(detail, rows):
    return wrong_model(detail)(rows)


def test_nothing_wrong_is_equal_to_the_last_bit(rows):
    with torch.no_grad():
        assert torch.equal(scores("nothing", rows), load_base()(rows))
    assert guesses("nothing")[1] == 0


@pytest.mark.parametrize("detail", WRONG)
def test_every_mistake_changes_the_scores(detail):
    assert guesses(detail)[1] > 1e-5


@pytest.mark.parametrize("detail", [detail for detail in WRONG if detail not in HIDDEN])
def test_most_mistakes_cost_guesses(detail):
    assert guesses("nothing")[0] - guesses(detail)[0] > 0.005


@pytest.mark.parametrize("detail", HIDDEN)
def test_some_mistakes_cost_next_to_none(detail):
    """Why the book compares numbers and does not only look at what a model writes."""
    assert abs(guesses("nothing")[0] - guesses(detail)[0]) < 0.005


def test_without_order_the_order_changes_nothing_for_the_last_piece(rows):
    """The twin: with all details right it does. The mask must not tell the order either, so one layer is enough."""
    *others, last = range(rows.shape[1])
    swapped = rows[:, [*others[:-2], others[-1], others[-2], last]]
    for detail, told in (("forgets the order of the words", False), ("nothing", True)):
        model = wrong_model(detail)
        model.layers, model.config = model.layers[:1], replace(model.config, layers=1)
        with torch.no_grad():
            same = torch.allclose(model(rows)[:, -1], model(swapped)[:, -1], atol=1e-4)
        assert same is not told


def test_what_comes_later_is_seen_by_one_model_only(rows):
    changed = rows.clone()
    changed[:, -1] = (changed[:, -1] + 1) % 500
    for detail, sees in (("looks at the words to come", True), ("nothing", False)):
        same = torch.allclose(scores(detail, rows)[:, :-1], scores(detail, changed)[:, :-1], atol=1e-5)
        assert same is not sees


def test_four_pieces_are_all_that_a_layer_sees(rows):
    """Three layers reach three pieces further each; what lies before that is forgotten."""
    model, changed = wrong_model("sees only the last four pieces"), rows.clone()
    changed[:, : -(3 * 3 + 1)] = 7
    with torch.no_grad():
        assert torch.allclose(model(rows)[:, -1], model(changed)[:, -1], atol=1e-5)
    changed[:, -(3 * 3 + 1)] = 7
    with torch.no_grad():
        assert not torch.allclose(model(rows)[:, -1], model(changed)[:, -1], atol=1e-5)


def test_mistakes_in_loading_are_what_they_say(rows):
    right = load_base()
    neighbor, early = (wrong_model(name) for name in ("takes each word for its neighbor in the list",
                                                      "stops one layer early"))  # fmt: skip
    loud, halves = (wrong_model(name) for name in ("hears every word ten times too loud",
                                                   "takes one half of a layer for the other"))  # fmt: skip
    assert torch.equal(neighbor.embed_tokens.weight[1:], right.embed_tokens.weight[:-1])
    assert len(early.layers) == len(right.layers) - 1
    assert torch.allclose(loud.embed_tokens(rows), 96**0.5 * right.embed_tokens(rows))
    ours, theirs = halves.layers[0].mlp, right.layers[0].mlp
    assert torch.equal(ours.gate_proj.weight, theirs.up_proj.weight)
    assert torch.equal(ours.up_proj.weight, theirs.gate_proj.weight)
    x = torch.ones(1, right.config.width)
    curves = (F.gelu, "bends a curve a little differently"), (F.silu, "nothing")
    for curve, name in curves:
        mlp = wrong_model(name).layers[0].mlp
        with torch.no_grad():
            made = mlp.down_proj(curve(mlp.gate_proj(x)) * mlp.up_proj(x))
            assert torch.allclose(mlp(x), made, atol=1e-6)


def test_the_text_is_the_likeliest_of_each_step():
    tokenizer, model = load_base_tokenizer(), load_base()
    ids = tokenizer.encode(BEGINNINGS[1]).ids
    text = tokenizer.encode(written("nothing", BEGINNINGS[1])).ids
    with torch.no_grad():
        chosen = model(torch.tensor([ids + text]))[0, len(ids) - 1 : -1].argmax(-1).tolist()
    assert chosen == text and len(text) == PIECES
    assert write(model, BEGINNINGS[1]) == written("nothing", BEGINNINGS[1])


def test_the_guessed_meetings_are_not_those_it_has_read():
    known = {meeting.transcript for meeting in general_meetings(60, 10)}
    shown = load_base_tokenizer().decode(unread_rows().flatten().tolist())
    assert not any(text[:200] in shown for text in known)
