"""What a real model writes: the measurements by a small model in its place, and the stored file by its own contents."""

import pytest
import torch
from small_prompts import loud_decoder, random_ids
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from llmbook.checkpoint.chat import ChatTemplate
from llmbook.experiments import real_text
from llmbook.experiments.results import read_result, select
from llmbook.generation import generate
from llmbook.real_weights import CATALOG

TEMPLATE = ChatTemplate("{{ messages[0].content }}{% if add_generation_prompt %}:{% endif %}")
STOP = 210
STORED = read_result("real_text")


@pytest.fixture(scope="module")
def words():
    """A tokenizer of the small decoders' size: letters, and a special token."""
    letters = [*sorted(pre_tokenizers.ByteLevel.alphabet())][:STOP]
    made = Tokenizer(models.BPE({letter: id_ for id_, letter in enumerate(letters)}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.add_special_tokens([AddedToken("<end>", special=True)])
    return made


@pytest.fixture(scope="module")
def model():
    return loud_decoder("llama")


def rows_of(model, words, judge):
    return real_text.all_rows(model, words, TEMPLATE, STOP, judge)


def consistent(rows):
    """What holds for rows of any model."""
    (chat,), circles = select(rows, kind="chat"), select(rows, kind="circle")
    assert "".join(chat["pieces"]) == chat["text"] and all(chat["pieces"]) and chat["prompt_tokens"] > 5
    assert [row["penalty"] for row in circles] == [*real_text.PENALTIES, 1.0, 1.0, 1.0, 1.0]
    assert [row["prompt"] for row in circles] == [*2 * [real_text.CIRCLE], *real_text.PROMPTS]
    for row in [chat, *circles]:
        assert row["chosen_by_judge"] == row["new_tokens"] and row["difference"] < 1e-4
    for row in circles:
        assert row["runs"] == row["new_tokens"] - real_text.RUN + 1 >= row["different_runs"] > 0
    warm = select(rows, kind="temperature")
    assert [row["temperature"] for row in warm] == list(real_text.TEMPERATURES)
    assert len({tuple(row["tokens"]) for row in warm}) == 1, "a temperature changes no order"
    for row in warm:
        assert row["probabilities"] == sorted(row["probabilities"], reverse=True)
        assert sum(row["probabilities"]) + row["others"] == pytest.approx(1, abs=1e-3)
        # p_i is to the power of 1 / temperature, up to a factor that all share
        base = torch.tensor(select(warm, temperature=1.0)[0]["probabilities"]).double()
        ratio = (base[1] / base[0]) ** (1 / row["temperature"])
        assert row["probabilities"][1] / row["probabilities"][0] == pytest.approx(float(ratio), abs=0.02)


def test_the_rows_of_a_small_model(model, words):
    consistent(rows_of(model, words, model))
    unjudged = rows_of(model, words, None)
    assert all("chosen_by_judge" not in row and "difference" not in row for row in unjudged)


def test_a_judge_of_another_opinion_is_noticed(model, words):
    """The twin: other weights."""
    other = loud_decoder("llama-tied")
    rows = rows_of(model, words, other)
    for row in [*select(rows, kind="chat"), *select(rows, kind="circle")]:
        assert row["chosen_by_judge"] < row["new_tokens"] and row["difference"] > 0.01


def test_a_reader_of_other_ids_is_noticed(model, words):
    """The judge follows any ids; a template that lost the question would leave it content."""
    def read(wrong=""):
        return lambda chat: words.encode(wrong + TEMPLATE.render(chat, add_generation_prompt=True)).ids

    rows = [real_text.chat_row(model, words, TEMPLATE, STOP, model, each) for each in (read(), read("x"), None)]
    assert [row.get("same_ids") for row in rows] == [True, False, None]
    assert len({row["chosen_by_judge"] for row in rows}) == 1


def test_the_judge_is_asked_with_the_penalty(model):
    """The twin: without it, it would have chosen other tokens."""
    ids = random_ids(1)
    made = generate(model, ids, max_new_tokens=real_text.LENGTH, repetition_penalty=3.0)
    with_it, without = (real_text.judged(model, made, 12, model, penalty)["chosen_by_judge"] for penalty in (3.0, 1.0))
    assert with_it == real_text.LENGTH > without


def test_the_stored_rows_are_of_the_model_that_can_be_fetched():
    consistent(STORED["rows"])
    assert STORED["settings"]["sha256"] == CATALOG["smollm2"].sha256
    assert STORED["command"] == "python scripts/real_text.py" and STORED["versions"]["torch"]
    assert STORED["settings"]["transformers"]


def test_what_the_pages_say_about_the_stored_rows():
    (chat,), circles = select(STORED["rows"], kind="chat"), select(STORED["rows"], kind="circle")
    assert chat["same_ids"] is True and "Paris" in chat["text"] and len(chat["pieces"]) > 5
    shares = [row["different_runs"] / row["runs"] for row in circles]
    assert shares[0] < 0.3 and shares[0] < shares[1] and shares[2] > 0.9, "the penalty ends the circle"
    assert min(shares[3:]) > 0.8, "the other prompts run in none"
