"""The configs of the code equal the tables, and the tables' totals are those of the modules."""

import dataclasses

import pytest
import torch

from llmbook.accounting import count_by_part, count_parameters, meta_model
from llmbook.data import read_table
from llmbook.layers.yarn import Yarn
from llmbook.models import PUBLISHED, DecoderConfig
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED as T5_PUBLISHED

TABLES_OF_CONFIGS = ("llm_configs", "tiny_titans_configs", "olmo_2_3_configs")
ROWS = {row["name"]: row for name in TABLES_OF_CONFIGS for row in read_table(name) if row["name"]}
NOT_IN_TABLE = {"norm_place": "pre", "clip_qkv": None, "qk_norm": False, "full_attention_every": 0}  # of llm_configs


def expected(field: str, row: dict) -> object:
    """What the table says of a field of the config."""
    if field == "yarn":
        factor = row.get("yarn_factor")
        return factor and Yarn(factor, row["yarn_original_length"], row["yarn_beta_fast"], row["yarn_beta_slow"])
    if field in NOT_IN_TABLE and field not in row:
        return NOT_IN_TABLE[field]
    if field == "scale_embedding":
        return row["name"].startswith("gemma")
    value = row[field]
    return value == "yes" if value in ("yes", "no", "norms only") else value


def differences(config: DecoderConfig, row: dict) -> list[str]:
    """The fields in which a config differs from its row."""
    fields = [field.name for field in dataclasses.fields(config)]
    return [field for field in fields if getattr(config, field) != expected(field, row)]


def test_every_published_config_has_a_row():
    assert set(ROWS) == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_config_equals_its_row(name):
    assert differences(PUBLISHED[name], ROWS[name]) == []


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(DecoderConfig)])
def test_a_wrong_field_is_found(field):
    config = PUBLISHED["gemma-2b"]
    other = {"activation": "silu", "norm": "rms", "norm_place": "post", "clip_qkv": 8.0, "window": 8, "experts": 2}
    other |= {"positions": "learned", "rotary_fraction": 0.5, "yarn": Yarn(8.0, 64), "full_attention_every": 2}
    value = getattr(config, field)
    if field not in other:
        other[field] = not value if isinstance(value, bool) else value * 2 or 1
    change, also = {field: other[field]}, {"experts": "experts_per_token", "head_bias": "tie_embeddings"}
    also |= {"experts_per_token": "experts", "full_attention_every": "window"}
    if field in also:  # the one cannot change alone
        change[also[field]] = False if field == "head_bias" else 1
    wrong = dataclasses.replace(config, **change)
    assert set(differences(wrong, ROWS["gemma-2b"])) == set(change)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_totals_are_those_of_the_module(name):
    counts, row = count_by_part(meta_model(PUBLISHED[name])), ROWS[name]
    assert sum(counts.values()) == row["total_parameters"]
    assert counts["embedding"] == row["embedding_parameters"]
    matrices = (1 if PUBLISHED[name].tie_embeddings else 2) * counts["embedding"]  # the bias of Phi-2's is not in them
    assert sum(counts.values()) - matrices == row["other_parameters"]


def test_the_report_and_the_configs_agree():
    report = {row["property"]: row for row in read_table("gemma_architecture")}
    fields = {"d_model": "width", "layers": "layers", "num_heads": "heads", "num_kv_heads": "kv_heads",
              "head_size": "head_size", "feedforward_hidden_size_one_branch": "feedforward_width",
              "vocab_size_in_public_checkpoints": "vocab_size", "context_length": "max_length", "norm_eps": "norm_eps"}
    models = {"Gemma 2B": "gemma-2b", "Gemma 7B": "gemma-7b", "Llama 2 7B": "llama-2-7b", "OLMo 7B": "olmo-7b"}
    for printed, field in fields.items():
        for column, name in models.items():
            assert report[printed][column] == getattr(PUBLISHED[name], field), (printed, column)


def test_printed_averages_are_the_means_of_the_rows():
    rows = [row for row in read_table("gemma_benchmarks") if row["table"] == "Table 6"]
    scores = [row for row in rows if not row["benchmark"].startswith("Average")]
    printed = next(row for row in rows if row["benchmark"] == "Average (printed)")
    assert len(scores) == 18
    for model in ("Llama 2 7B", "Llama 2 13B", "Mistral 7B", "Gemma 2B", "Gemma 7B"):
        assert sum(row[model] for row in scores) / 18 == pytest.approx(printed[model], abs=0.051)


def test_sizes_are_those_of_the_configs_but_for_the_misprint():
    names = {"OLMo 1B": "olmo-1b", "OLMo 7B": "olmo-7b"}
    fields = ("layers", "width", "heads", "feedforward_width", "max_length")
    found = [
        (row["model"], row["witness"], field)
        for row in read_table("olmo_sizes")
        if row["model"] in names
        for field in fields
        if row[field] not in (None, getattr(PUBLISHED[names[row["model"]]], field))
    ]
    assert found == [("OLMo 7B", "paper, first edition", "width"), ("OLMo 7B", "paper, final edition", "width")]


# --- the models that the Tiny Titans paper compares ----------------------------------------------------------------

def miscounted(rows: list[dict]) -> list[str]:
    """Models whose count is not that of the module built from the config they name, or not what their size says."""
    wrong = []
    for row in rows:
        if row["config"]:
            t5 = row["config"] in T5_PUBLISHED
            counted = count_t5(row["config"]) if t5 else count_parameters(meta_model(PUBLISHED[row["config"]]))
            kind = "encoder-decoder" if t5 else "decoder-only"
            wrong += [row["model"]] * ((counted, kind) != (row["parameters"], row["kind"]))
        elif row["parameters"] or row["size_reported"]:
            wrong.append(row["model"])
    return wrong


def count_t5(name: str) -> int:
    """Numbers of a T5 on the meta device."""
    with torch.device("meta"):
        return count_parameters(T5(T5_PUBLISHED[name]))


def test_the_models_of_tiny_titans():
    rows = read_table("tiny_titans_models")
    assert len(rows) == 11
    assert miscounted(rows) == []
    for row in rows:
        assert (row["class"] == "compact") == (row["setting"] == "fine-tuned")
        assert row["class"] != "compact" or row["parameters"] < 2e9  # what the article calls small
        assert not set(row) & {"rouge_1", "rouge_2", "rouge_l", "bertscore"}, "the scores were not seen"
    faults = [rows[0] | {"parameters": 80_000_000}, rows[0] | {"kind": "decoder-only"}]
    assert miscounted(faults) == [rows[0]["model"]] * 2
