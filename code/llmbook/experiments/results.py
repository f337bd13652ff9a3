"""Results that took too long for a page: JSON files in ``data/results/`` that say how they were made."""

import json
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from llmbook.checkpoint.writing import replace_file
from llmbook.data import AGAIN, data_folder
from llmbook.strict_json import parse_json


def write_result(path: Path, *, command: str, question: str, rows: list[dict[str, Any]], **settings: Any) -> None:
    """Store rows together with the command, the settings (seeds among them) and the versions that made them.

    The file that was there is replaced by a whole one, in one step, so that no kill can lose the rows that it has.

    Args:
        path: where to write.
        command: what to type in the book's root folder to make the file again.
        question: what the experiment asks, with its null hypothesis.
        rows: one for each run.
        **settings: everything else that a reader needs to do it differently.
    """
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    head = {"command": command, "question": question, "versions": versions, "settings": settings}
    top = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    lines = ",\n".join("    " + json.dumps(row) for row in rows)
    replace_file(path, f'{{\n{top}  "rows": [\n{lines}\n  ]\n}}\n')


class ResultError(ValueError):
    """A stored result that cannot be used; the message names the file and says what to do."""


def stored_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file that :func:`write_result` wrote, none if there is no file yet.

    Raises:
        ResultError: there is something else under that name, or it cannot be read; it is left as it is.
    """
    try:
        return _read(path, "restore a copy of it, or move it away to make all runs again")["rows"]
    except FileNotFoundError:
        return []


def _read(path: Path, again: str) -> dict[str, Any]:
    """The content of a file that :func:`write_result` wrote; ``again`` says what to do about any other."""
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResultError(f"{str(path)[:200]!r} is no stored result that can be read ({reason}); {again}") from error
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ResultError(f"{path} is no stored result, since it has no list of rows; {again}")
    return content


class StoredRuns:
    """Runs by their settings, and the file they are in; a run that is in the file is not made again.

    Args:
        path: the file, which may exist already.
        keys: fields of a row that decide a run; their values, in this order, are its settings.
        **head: what :func:`write_result` needs besides the rows.

    Raises:
        ResultError: the file cannot be read, or its rows have not these fields, or two of them are of one run.
    """

    def __init__(self, path: Path, keys: Sequence[str], **head: Any):
        self.path, self.head = path, head
        try:
            rows = stored_rows(path)
            self.rows = {tuple(row[key] for key in keys): row for row in rows}
        except (KeyError, TypeError) as error:
            raise ResultError(f"{path} holds the rows of another experiment, which have no fields {', '.join(keys)} to "
                              "tell runs apart; name another file, or move this one away") from error  # fmt: skip
        if len(self.rows) < len(rows):
            raise ResultError(f"{path} has two rows of one run, by its {', '.join(keys)}; take one of them out")

    def add(
        self, wanted: Iterable[tuple], run: Callable[[tuple], dict[str, Any]], *, every: int = 5, title: str = ""
    ) -> None:
        """Make the runs that are missing, with a bar that shows the progress.

        Args:
            wanted: settings; twice the same counts once.
            run: from settings to the row.
            every: after how many runs the file is written; it is written at the end in any case.
            title: in front of the bar.
        """
        missing = [settings for settings in dict.fromkeys(wanted) if settings not in self.rows]
        for count, settings in enumerate(tqdm(missing, unit="run", desc=title), start=1):
            self.rows[settings] = run(settings)
            if count % every == 0 or count == len(missing):
                write_result(self.path, rows=list(self.rows.values()), **self.head)


def read_result(name: str) -> dict[str, Any]:
    """Read ``data/results/<name>.json``.

    Raises:
        FileNotFoundError: there is no such result; the message lists those that exist.
        ResultError: its file cannot be read.
    """
    folder = data_folder() / "results"
    stored = sorted(path.stem for path in folder.glob("*.json"))
    if name not in stored:
        raise FileNotFoundError(f"no stored result {name!r}; choose one of {', '.join(stored)}")
    return _read(folder / f"{name}.json", AGAIN)


def select(rows: Iterable[Mapping[str, Any]], **wanted: Any) -> list[Mapping[str, Any]]:
    """The rows of a result that have these values, in their order.

    Args:
        rows: what :func:`read_result` has under "rows".
        **wanted: the value of a field, for each field that matters; None fits a row without the field, too.

    Raises:
        ValueError: no row has such a field, or nothing fits; the message lists the fields, or their values.
    """
    rows = list(rows)
    fields = dict.fromkeys(field for row in rows for field in row)
    if unknown := [field for field in wanted if field not in fields]:
        raise ValueError(f"no stored row has a field {unknown[0]!r}; choose of {', '.join(fields)}")
    found = [row for row in rows if all(row.get(field) == value for field, value in wanted.items())]
    if not found:
        there = "; ".join(f"{field}: {_values(row.get(field) for row in rows)}" for field in wanted)
        raise ValueError(f"no stored row has {wanted}; there are {there}")
    return found


def _values(values: Iterable[Any]) -> str:
    """Each once, in their order."""
    return ", ".join(dict.fromkeys(map(repr, values)))


def frozen(value: Any) -> Any:
    """A copy of stored data that nobody can change: lists as tuples, dicts and arrays read-only."""
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
        return value
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(each) for key, each in value.items()})
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value


class Latest:
    """What a function returned last. Asked again with the same arguments, it is not made again.

    It belongs to whoever makes it, and so does what it keeps: a caller that changes a result will get it back changed.

    Args:
        make: the function; its arguments must be comparable.
    """

    def __init__(self, make: Callable[..., Any]):
        self.make, self.kept = make, None

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What ``make`` returns for these arguments."""
        if self.kept is None or self.kept[0] != (args, options):
            self.kept = None  # so that two large results are never there at once
            self.kept = ((args, options), self.make(*args, **options))
        return self.kept[1]


def rounded(scores: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """Four digits, for storing."""
    return {name: [round(float(value), 4) for value in values] for name, values in scores.items()}
