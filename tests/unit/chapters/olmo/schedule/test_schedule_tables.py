"""The tables of how OLMo was trained: every witness, a run without gaps, and what names of checkpoints say."""

import itertools

import pytest

from llmbook.data import read_table


def test_the_table_keeps_every_witness():
    rows = read_table("olmo_adamw")
    small = [(row["witness"], row["warmup_steps"], row["lr_schedule"]) for row in rows if row["model"] == "OLMo 1B"]
    assert ("paper, first edition", 5000, "linear") in small
    assert ("paper, final edition", 2000, None) in small
    assert ("released config", 2000, "cosine") in small
    config = next(row for row in rows if row["model"] == "OLMo 1B" and row["witness"] == "released config")
    assert config["tokens_trained"] == 739_328 * 2048 * 2048
    assert config["batch_tokens"] == 2048 * 2048


def test_the_run_of_the_7b_has_no_gap():
    rows = read_table("olmo_7b_run")
    for before, after in itertools.pairwise(rows):
        assert before["last_step"] == after["first_step"]
        assert before["rate_last"] == pytest.approx(after["rate_first"], rel=0.03)
    second = rows[3]
    share = (second["last_step"] - second["first_step"]) / (700_000 - second["first_step"])
    assert second["rate_last"] == pytest.approx(second["rate_first"] * (1 - 0.9 * share), rel=1e-4)


def fitting(instances: int) -> set[str]:
    """Models whose every checkpoint is named after the tokens of that many windows of 2,048 a step."""
    rows = read_table("olmo_checkpoints")
    wrong = {row["model"] for row in rows if abs(row["step"] * instances * 2048 / 1e9 - row["tokens_billion"]) > 0.5}
    return {row["model"] for row in rows} - wrong


def test_names_of_checkpoints_decide_the_batch():
    assert fitting(2160) == {"OLMo 7B"}
    assert fitting(2048) == {"OLMo 1B"}
    for row in read_table("olmo_checkpoints"):
        assert row["checkpoint"] == f"step{row['step']}-tokens{row['tokens_billion']}B"
