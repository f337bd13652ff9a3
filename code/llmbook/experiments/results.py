"""Results that took too long for a page: JSON files in ``data/results/`` that say how they were made."""

import json
import platform
from pathlib import Path
from typing import Any

import torch

from llmbook.data import data_folder


def write_result(path: Path, *, command: str, question: str, rows: list[dict[str, Any]], **settings: Any) -> None:
    """Store rows together with the command, the settings (seeds among them) and the versions that made them.

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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{\n{top}  "rows": [\n{lines}\n  ]\n}}\n', encoding="utf-8")


def read_result(name: str) -> dict[str, Any]:
    """Read ``data/results/<name>.json``.

    Raises:
        FileNotFoundError: there is no such result; the message lists those that exist.
    """
    folder = data_folder() / "results"
    stored = sorted(path.stem for path in folder.glob("*.json"))
    if name not in stored:
        raise FileNotFoundError(f"no stored result {name!r}; choose one of {', '.join(stored)}")
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
