"""Ids that are no rows of the table are named, wherever a model is asked, and without reading them at every step."""

import pytest
import torch
from tiny_decoders import TINY, make
from torch import nn

from llmbook.generation import generate, generate_with_beams
from llmbook.generation.encoder_decoder import generate_t5
from llmbook.models import T5, ids, t5, t5_config
from llmbook.models.ids import check_range, has_values, look_up

WRONG = torch.tensor([[1, 256], [-3, 2]])
GOOD = torch.tensor([[5, 9, 17], [1, 2, 3]])
SAID = "from 0 to 255, but run from -3 to 256"


def decoder():
    return make(TINY["gemma"])


def encoder_decoder():
    return T5(t5_config.tiny()).eval().requires_grad_(False)


STEPS = {
    "a decoder's states": lambda: decoder().hidden_states(WRONG),
    "a T5's states": lambda: (model := encoder_decoder()).hidden_states(WRONG, model.encode(GOOD)),
}
ENTRIES = {
    "a decoder": lambda: decoder()(WRONG),
    "generation": lambda: generate(decoder(), WRONG, max_new_tokens=2),
    "beams": lambda: generate_with_beams(decoder(), WRONG, beams=2, max_new_tokens=2, stop_id=1),
    "a T5 that reads": lambda: encoder_decoder()(WRONG, GOOD),
    "a T5 that writes": lambda: encoder_decoder()(GOOD, WRONG),
    "an encoder": lambda: encoder_decoder().encode(WRONG),
    "generation of a T5": lambda: generate_t5(encoder_decoder(), WRONG, max_new_tokens=2),
}


@pytest.mark.parametrize("ask", (STEPS | ENTRIES).values(), ids=STEPS | ENTRIES)
def test_wrong_ids_are_named(ask):
    with pytest.raises(ValueError, match=f"{SAID}|run from -3 to 1"):  # beams begin with all but the last
        ask()


@pytest.fixture
def careless(monkeypatch):
    """A lookup that gives back anything, as a GPU's may."""
    monkeypatch.setattr(ids, "CHECKED_BY_LOOKUP", ())
    monkeypatch.setattr(nn.functional, "embedding", lambda rows, weight: weight[rows % len(weight)])


@pytest.mark.parametrize("ask", ENTRIES.values(), ids=ENTRIES)
def test_a_lookup_that_does_not_test_is_not_trusted(ask, careless, monkeypatch):
    with pytest.raises(ValueError, match=SAID):
        ask()
    monkeypatch.setattr(ids, "CHECKED_BY_LOOKUP", ("cpu",))
    ask()  # the twin: without the look before, wrong ids are read without a word


@pytest.mark.parametrize("ask", STEPS.values(), ids=STEPS)
def test_a_step_of_generation_does_not_look(ask, careless):
    ask()


@pytest.mark.parametrize("padded", [False, True])
def test_how_often_values_are_read(padded, monkeypatch):
    """Once where generation begins, however many tokens follow; on the processor never."""
    read, mask = [], torch.tensor([[not padded, True, True], [True] * 3])
    sound = ids._outside
    monkeypatch.setattr(ids, "_outside", lambda *args: read.append(args) or sound(*args))
    monkeypatch.setattr(t5, "_refuse_empty_rows", lambda mask: read.append(mask))
    generate(decoder(), GOOD, max_new_tokens=5, attention_mask=mask)
    assert len(read) == 0
    generate_t5(encoder_decoder(), GOOD, max_new_tokens=5, attention_mask=mask)
    assert len(read) == 1, "the mask"
    monkeypatch.setattr(ids, "CHECKED_BY_LOOKUP", ())
    generate(decoder(), GOOD, max_new_tokens=5, attention_mask=mask)
    assert len(read) == 2
    generate_t5(encoder_decoder(), GOOD, max_new_tokens=5, attention_mask=mask)
    assert len(read) == 4
    decoder()(GOOD)
    assert len(read) == 5


def test_another_index_error_stays_what_it_is():
    class Broken(nn.Module):
        def forward(self, rows):
            return [][0]

    with pytest.raises(IndexError, match="list index"):
        look_up(Broken(), GOOD, 256, "ids", "")
    with pytest.raises(ValueError, match="ids must be from 0 to 3, but run from 1 to 17; why"):
        look_up(Broken(), GOOD, 4, "ids", "why")


def test_values_are_read_where_there_are_some():
    assert has_values(GOOD) and not has_values(GOOD.to("meta"))
    with torch._subclasses.fake_tensor.FakeTensorMode():
        assert not has_values(torch.zeros(2, 3))
    with torch.inference_mode():
        assert has_values(GOOD + 1)


def test_no_ids_are_no_wrong_ids(monkeypatch):
    monkeypatch.setattr(ids, "CHECKED_BY_LOOKUP", ())
    check_range(GOOD[:0], 256, "ids", "")
    check_range(GOOD, 18, "ids", "")
    check_range(GOOD - 1, 17, "ids", "")  # the first row of the table and the last
    with pytest.raises(ValueError, match="run from -1"):
        check_range(GOOD - 2, 17, "ids", "")
    with pytest.raises(ValueError, match="from 0 to 16"):
        check_range(GOOD, 17, "ids", "")
