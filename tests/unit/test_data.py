"""The tables: how they are read, and what every row must carry."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from unreadable import escape, forbid

from llmbook import data
from llmbook.data import STATUSES, data_path, parse_cell, read_table, tables

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


EMPTY = "small.csv is empty: a table has a header and at least one row; take the file again"
NAMES = "small.csv: every column needs a name of its own"
DAMAGED = [
    (b"", EMPTY), (b"\n", EMPTY), (b"\n\n", EMPTY), (b"name,size\n", EMPTY),
    (b"\xef\xbb\xbf", EMPTY), (b"a,b,a\n1,2,3\n", NAMES),
    (b"a,,b\n1,2,3\n", NAMES), (b"a, \n1,2\n", NAMES), (b"\n1\n", "small.csv, row 1 .* 1 cells, but the header has 0"),
    (b"a,b\n1,2\n3,1e999\n", "small.csv, row 2 after the header: 1e999 is too large for a float"),
    (b"a\n-1e400\n", "row 1 .* -1e400 is too large"), (b"a\n1e-999\n", "row 1 .* 1e-999 is too small"),
    (b"a\n" + b"7" * 5000 + b"\n", r"row 1 after the header: 7{20}\.\.\. has 5000 digits"),
    (b"a,b\n\xff,2\n", "small.csv is no table in UTF-8 .*; take the file again"),
    (b'a,b\n"x,2\n', "small.csv is no table in UTF-8 .unexpected end of data"),
    (b"a\n" + b"x" * 200_000, "small.csv is no table in UTF-8 .field larger than field limit"),
]


@pytest.mark.parametrize(("damaged", "said"), DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_table_is_named(monkeypatch, tmp_path, damaged, said):
    (tmp_path / "small.csv").write_bytes(damaged)
    monkeypatch.setattr(data, "FOLDERS", (tmp_path,))
    with pytest.raises(ValueError, match=said):
        read_table("small")


@pytest.mark.parametrize("way", ["a folder", "no permission"])
def test_a_table_that_cannot_be_opened_is_named(monkeypatch, tmp_path, way):
    put_table(monkeypatch, tmp_path, "a\n1\n")
    if way == "a folder":
        (tmp_path / "small.csv").unlink()
        (tmp_path / "small.csv").mkdir()
    else:
        forbid(monkeypatch, tmp_path / "small.csv")
    assert escape(ValueError, "small.csv is no table in UTF-8", read_table, "small") is None
    monkeypatch.setattr(data, "_lines", lambda path: path.read_text())  # the twin
    assert escape(ValueError, "small.csv", read_table, "small") is not None


def test_numbers_at_the_edge_are_numbers():
    assert parse_cell("1.7e308") == 1.7e308 and parse_cell("5e-324") == 5e-324 and parse_cell("9" * 400) == 10**400 - 1
    assert parse_cell("0e999") == parse_cell("0.0e-999") == 0 and parse_cell("1e") == "1e"


def test_a_byte_order_mark_belongs_to_no_column(monkeypatch, tmp_path):
    put_table(monkeypatch, tmp_path, "\ufeffname,size\na,1\n")
    assert read_table("small") == [{"name": "a", "size": 1}]
    lines = lambda path: list(csv.reader(path.read_text("utf-8").splitlines()))  # noqa: E731
    monkeypatch.setattr(data, "_lines", lines)  # the twin: what it did before
    assert read_table("small") == [{"\ufeffname": "a", "size": 1}]


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


def test_stored_json_names_a_command_that_is_there_and_the_readme_names_the_text_of_a_model():
    """And what another wrote: the model, its license, and the file it came from."""
    paths = sorted((ROOT / "data" / "results").glob("*.json"))
    commands = {path.name: json.loads(path.read_text("utf-8"))["command"] for path in paths}
    scripts = {name: re.search(r"scripts/\w+\.py", command) for name, command in commands.items()}
    assert len(paths) > 10 and [name for name, found in scripts.items() if not found] == []
    assert [name for name, found in scripts.items() if not (ROOT / found.group()).is_file()] == []
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    (about,) = [part for part in readme.split("\n\n") if "`results/real_text.json`" in part]
    assert "SmolLM2-135M-Instruct" in about and "Apache-2.0" in about and "scripts/real_text.py" in about


def test_digits_of_other_scripts_are_text():
    assert parse_cell("٣") == "٣" and parse_cell("٣.٥") == "٣.٥"
    assert int("٣") == 3, "the twin: for Python they are numbers"
