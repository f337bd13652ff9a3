"""The tables: how they are read, what every row must carry, and that the configs of the code equal them."""

import csv
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from llmbook import data
from llmbook.accounting import count_by_part, count_parameters, meta_model
from llmbook.data import STATUSES, data_path, parse_cell, read_table, tables
from llmbook.layers.yarn import Yarn
from llmbook.models import PUBLISHED, DecoderConfig
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED as T5_PUBLISHED

ROOT = Path(__file__).resolve().parents[2]
LOCAL_PATH = re.compile(r"(^|[\s(\"'])(/[a-z]+/|[A-Z]:\\|~/|\.\./)")


def put_table(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """A folder with one table, in place of the book's."""
    (folder / "small.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(data, "FOLDERS", (folder,))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-3", -3), ("0.5", 0.5), ("1e-06", 1e-6), ("2.", 2.0), (".5", 0.5), ("1.5E3", 1500.0),
        ("", None), ("  ", None), (" 7 ", 7),
        ("4,096", "4,096"), ("3T", "3T"), ("1_000", "1_000"), ("nan", "nan"), ("inf", "inf"), ("1.2.3", "1.2.3"),
        ("12 of 18", "12 of 18"), ("-", "-"), (".", "."), ("yes", "yes"),
    ],
)  # fmt: skip
def test_a_cell_is_a_number_only_as_a_whole(text, value):
    parsed = parse_cell(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_quoted_commas_and_empty_cells(monkeypatch, tmp_path):
    put_table(monkeypatch, tmp_path, 'name,size,note\na,1,"one, two"\nb,,x\n')
    assert read_table("small") == [
        {"name": "a", "size": 1, "note": "one, two"},
        {"name": "b", "size": None, "note": "x"},
    ]
    assert read_table("small.csv") == read_table("small")


@pytest.mark.parametrize("bad", ["a,1,one, two\n", "a,1\n"])
def test_a_malformed_row_is_named(monkeypatch, tmp_path, bad):
    put_table(monkeypatch, tmp_path, "name,size,note\nfine,1,x\n" + bad)
    with pytest.raises(ValueError, match=r"small\.csv, row 2 .* header has 3; put"):
        read_table("small")


def test_an_unknown_table_lists_the_known_ones():
    with pytest.raises(FileNotFoundError, match=r"no table 'gemini'; choose one of .*gemma_architecture.*llm_configs"):
        data_path("gemini")


def test_missing_folder_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FOLDERS", (tmp_path / "nothing",))
    with pytest.raises(FileNotFoundError, match="install llmbook again"):
        tables()


def test_the_layout_of_a_wheel(tmp_path):
    """In a wheel the tables are beside the code, and no checkout is near."""
    package = tmp_path / "site" / "llmbook"
    package.mkdir(parents=True)
    for name in ("__init__.py", "data.py"):
        shutil.copy(ROOT / "code" / "llmbook" / name, package)
    shutil.copytree(ROOT / "data", package / "_data")
    code = "import json, llmbook.data as d; print(json.dumps([str(d.data_folder()), len(d.read_table('llm_configs'))]))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True)
    folder, rows = json.loads(done.stdout)
    assert Path(folder) == (package / "_data").resolve()
    assert rows == len(read_table("llm_configs"))


def test_a_wheel_takes_the_tables_along():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["data"] == "llmbook/_data"


def unsourced_rows(rows: list[dict]) -> list[dict]:
    """Rows without a source, or with a status that the book does not know."""
    return [row for row in rows if not row.get("source") or row.get("status") not in STATUSES]


@pytest.mark.parametrize("name", tables())
def test_every_row_has_a_source_and_a_status(name):
    rows = read_table(name)
    assert rows
    assert unsourced_rows(rows) == []
    assert len({tuple(row.items()) for row in rows}) == len(rows), "a row stands twice"


def test_a_row_without_source_or_status_is_found():
    good = {"x": 1, "source": "arXiv:2403.08295v4", "status": "VERIFIED"}
    bad = [good | {"source": None}, good | {"status": "RECALLED"}, {"x": 1}]
    assert unsourced_rows([good, *bad]) == bad


@pytest.mark.parametrize("name", tables())
def test_computed_columns_exist(name):
    rows = read_table(name)
    for row in rows:
        named = [column.strip() for column in str(row.get("computed_columns") or "").split(";") if column.strip()]
        assert set(named) <= set(row), f"{name}: computed_columns {named}"


@pytest.mark.parametrize("name", tables())
def test_no_path_of_a_machine(name):
    text = data_path(name).read_text(encoding="utf-8")
    assert [cell for row in csv.reader(text.splitlines()) for cell in row if LOCAL_PATH.search(cell)] == []


def test_a_path_of_a_machine_is_found():
    assert LOCAL_PATH.search("read in /home/someone/notes.md")
    assert LOCAL_PATH.search("C:\\notes")
    assert not LOCAL_PATH.search("https://github.com/google/gemma_pytorch/blob/main/gemma/config.py")


def test_the_readme_names_every_table():
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert [name for name in tables() if not name.startswith("results/") and f"`{name}.csv`" not in readme] == []


def test_stored_results_name_their_script():
    for name in tables():
        if name.startswith("results/"):
            scripts = {re.search(r"scripts/\w+\.py", str(row["source"])) for row in read_table(name)}
            assert None not in scripts, f"{name}: a row does not say which script made it"


# --- the configs of the code equal the table -----------------------------------------------------------------------

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
    also |= {"full_attention_every": "window"}
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
