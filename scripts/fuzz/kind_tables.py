"""Tables of figures (CSV) and stored results (JSON)."""

import re
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from damage import Files
from kinds import Kind, Original
from second_reading import Unsaid, read_object, same

from llmbook import data
from llmbook.experiments import results

TABLE = "figures.csv"
RESULT = "results/runs.json"
NUMBER = re.compile(r"[+-]?(\d+|(\d+\.\d*|\.\d+)([eE][+-]?\d+)?|\d+[eE][+-]?\d+)", re.ASCII)
SETS = (
    'model,parameters,rate,source,status\ntiny,4096,1.5e-4,here,VERIFIED\nsmall,"1,000",,there,COMPUTED\n',
    "step,loss\n0,3.25\n1,2.5\n2,-0.125\n3,1e-3\n",
    'name,text\na,"two\nlines"\nb,"a ""word"""\nc,\n',
)


def split_csv(text: str) -> list[list[str]]:
    """The cells of each line, by RFC 4180: quotes begin a cell and end it, and are doubled inside."""
    rows, cells, at = [], [], 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while end < len(text) and (text[end] != '"' or text[end + 1 : end + 2] == '"'):
                end += 2 if text[end] == '"' else 1
            if end >= len(text):
                raise Unsaid("a quote that never ends")
            cell, at = text[at + 1 : end].replace('""', '"'), end + 1
            if text[at : at + 1] not in ("", ",", "\n", "\r"):
                raise Unsaid("letters behind a quote")
        else:
            end = re.compile("[,\r\n]|$(?!.)", re.DOTALL).search(text, at).start()
            cell, at = text[at:end], end
        cells.append(cell)
        if text[at : at + 1] == ",":
            at += 1
            if at == len(text):
                cells.append("")
        else:
            rows.append(cells)
            cells, at = [], at + (2 if text[at : at + 2] == "\r\n" else 1)
    return [*rows, cells] if cells else rows


def said_cell(text: str) -> Any:
    """A number that a float can hold, nothing, or a text."""
    text = text.strip()
    if not NUMBER.fullmatch(text):
        return text or None
    if re.fullmatch(r"[+-]?\d+", text):
        if len(text) > 4000:
            raise Unsaid("a number of thousands of digits")
        return int(text)
    value = float(text)
    if value in (float("inf"), -float("inf")) or (value == 0 and re.search("[1-9]", re.split("[eE]", text)[0])):
        raise Unsaid(f"{text[:40]} is no float")
    return value


class ByStem(Kind):
    """Files that a caller asks for without the end of their name."""

    def names(self, files: Collection[str]) -> set[str]:
        return super().names(files) | {repr(Path(name).stem) for name in files}


class Tables(ByStem):
    """Read by :func:`read_table`: each cell of each row must be the number or the text that stands in the file."""

    def make(self) -> list[Original]:
        return [Original({TABLE: text.encode()}) for text in SETS]

    def read(self, folder: Path, original: Original) -> Any:
        before, data.FOLDERS = data.FOLDERS, (folder,)
        try:
            return data.read_table(TABLE)
        finally:
            data.FOLDERS = before

    def problem(self, found: Any, files: Files, original: Original) -> str | None:
        if files.get(TABLE) is None:
            raise Unsaid("there is no file")
        try:
            text = files[TABLE].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Unsaid("no UTF-8") from error
        header, *lines = split_csv(text) or [[]]
        if not lines or "" in map(str.strip, header) or len(set(header)) < len(header):
            raise Unsaid(f"no rows, or columns without names of their own: {header}")
        if any(len(line) != len(header) for line in lines):
            raise Unsaid("rows of another length")
        wanted = [dict(zip(header, map(said_cell, line), strict=True)) for line in lines]
        return None if same(found, wanted) else f"read as {str(found)[:200]}, and the file says {str(wanted)[:200]}"


class Results(ByStem):
    """Read by :func:`read_result`, or as rows to go on with: all that the file says, and rows that are objects."""

    def make(self) -> list[Original]:
        made = []
        for label, rows in (("read", 3), ("go on", 2), ("read", 1)):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "runs.json"
                made_rows = [{"seed": n, "loss": 1.5 * n, "kind": "lora"} for n in range(rows)]
                results.write_result(
                    path, command="python x", question="Does it?", rows=made_rows, seeds=[0, 1], rate=0.5
                )
                made.append(Original({RESULT: path.read_bytes()}, label))
        return made

    def read(self, folder: Path, original: Original) -> Any:
        if original.label == "go on":
            return list(results.StoredRuns(folder / RESULT, ["seed", "kind"]).rows.values())
        before, data.FOLDERS = data.FOLDERS, (folder,)
        try:
            return results.read_result("runs")
        finally:
            data.FOLDERS = before

    def problem(self, found: Any, files: Files, original: Original) -> str | None:
        if RESULT not in files and original.label == "go on":
            return None if found == [] else "rows without a file"
        wanted = read_object(files.get(RESULT))
        rows = wanted.get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Unsaid("no rows")
        if original.label == "go on":
            if not all({"seed", "kind"} <= row.keys() for row in rows):
                raise Unsaid("a row without its settings")
            wanted = rows
        return None if same(found, wanted) else f"read as {str(found)[:200]}, and the file says {str(wanted)[:200]}"


KINDS = [
    Tables("table", 0.06, (ValueError, FileNotFoundError)),
    Results("result", 0.06, (results.ResultError, FileNotFoundError)),
]
